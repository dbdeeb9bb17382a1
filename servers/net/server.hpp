// The net server: one thread, in which everything happens in turns. A turn moves each interface on,
// then lwIP's timers, then says so to whoever sleeps; when a turn has left nothing to do, the
// server waits for a signal.
#pragma once

#include "protocol/netconf.hpp"
#include "servers/net/alarm.hpp"
#include "servers/net/kept.hpp"
#include "servers/net/sockets.hpp"

namespace net_server {

class Server {
public:
    static constexpr u32 turns_per_beat = 16;

    explicit Server(program::Program const& self);

    void on_signal(u64);
    void on_call(u64 protocol, u64 client, rpc::Message& message);

    template <class C> Result<typename C::Reply> on(C, typename C::Args const& args, rpc::Client)
    {
        return answer(C{}, args);
    }

private:
    bool begin();
    /// True when nothing is left to do.
    bool turn();
    bool sleep();
    void tick();
    void look_at_clients();
    void tell_configured();

    // configuration.cpp
    Interface* find(u64 number);
    Result<netconf::GetInterface::Reply> answer(netconf::GetInterface,
                                                netconf::GetInterface::Args const&);
    Result<netconf::GetSettings::Reply> answer(netconf::GetSettings,
                                               netconf::GetSettings::Args const&);
    Result<netconf::SetUp::Reply> answer(netconf::SetUp, netconf::SetUp::Args const&);
    Result<netconf::SetAddress::Reply> answer(netconf::SetAddress,
                                              netconf::SetAddress::Args const&);
    Result<netconf::Scan::Reply> answer(netconf::Scan, netconf::Scan::Args const&);
    Result<netconf::GetNetwork::Reply> answer(netconf::GetNetwork,
                                              netconf::GetNetwork::Args const&);
    Result<netconf::Connect::Reply> answer(netconf::Connect, netconf::Connect::Args const&);
    Result<netconf::Disconnect::Reply> answer(netconf::Disconnect,
                                              netconf::Disconnect::Args const&);
    Result<netconf::SetOffload::Reply> answer(netconf::SetOffload,
                                              netconf::SetOffload::Args const&);
    void change(Interface& interface, Settings const& settings);

    program::Program const& self_;
    logging::Logger log_{self_};
    Alarm alarm_{self_};
    Kept kept_;
    Configuration configuration_;
    Interface interface_[Interface::max];
    u32 interfaces_ = 0, names_ = 0;
    Sockets sockets_;
    u32 clients_ = 0; ///< of protocol net
    u32 client_program_[Sockets::max_clients] = {}, client_epoch_[Sockets::max_clients] = {};
    u64 next_tick_ = 0;
    u64 told_refused_ = 0; ///< clients of netconf that were refused a change, bit = number
    bool begun_ = false;
};

} // namespace net_server

// One network card: its edge to a driver on one side, lwIP's netif on the other. interface.cpp: the
// driver and the link; input.cpp and output.cpp: frames.
#pragma once

#include "log/logger.hpp"
#include "lwip/netif.h"
#include "protocol/netconf.hpp"
#include "servers/net/merge.hpp"
#include "servers/net/multicast_filter.hpp"
#include "servers/net/receive.hpp"
#include "servers/net/transmit.hpp"

namespace net_server {

/// How an interface gets its addresses, as set by hand or by default: kept over restarts.
struct Settings {
    u32 up = 1;
    u32 method = static_cast<u32>(netconf::Method::dhcp);
    u32 address = 0, mask = 0, gateway = 0; ///< of `fixed`, in the order of the wire
    u32 plain = 0;                          ///< 1: no offloads
    net::Address name_server{};             ///< of `fixed`; all zero: none
};

class Interface {
public:
    static constexpr u32 max = 6;

    Interface() = default;
    Interface(Interface const&) = delete;
    Interface& operator=(Interface const&) = delete;

    /// @param use  an edge of protocol `nic`
    /// @param host_name  lives as long as this
    /// @param names  how many interfaces have a name; raised when a driver has come for this one
    void begin(program::Program const& self, program::Use const& use, u32 edge, u32& names,
               Settings const& settings, char const* host_name, logging::Logger& log);
    /// Takes it apart: lwIP does not know it any more, and everything it held is free.
    void end();
    /// Number in its name; none: it never had a driver.
    static constexpr u32 none = ~u32{0};
    u32 number() const { return number_; }
    u32 edge() const { return edge_; }

    /// Looks at the driver's state, takes frames and reports, posts buffers. True: nothing is left.
    bool run();
    /// Signals the driver where it sleeps.
    void tell();
    /// Shows the driver what was sent since run().
    void flush()
    {
        if (epoch_ != 0) transmit_.run(epoch_);
    }
    bool sleep();
    /// Once a second: the driver is to look at frames whose report is missing.
    void tick();

    void set(Settings const& settings);
    /// Whether sums and cutting are left to the device; connections go on.
    void set_offload(bool on);
    Settings const& settings() const { return settings_; }
    netconf::State state() const;
    void describe(netconf::GetInterface::Reply& out) const;
    u64 lease_left() const; ///< of DHCP, seconds
    /// Whether the state that describe() tells has changed since the last call.
    bool take_changed() { return std::exchange(changed_, false); }

    /// lwIP's interface if it has come since the last call, with the first driver; else null.
    netif* take_added() { return std::exchange(added_, false) ? &netif_ : nullptr; }

    /// Whether the device cuts large TCP segments.
    bool cuts(bool six) const
    {
        return features_ & (six ? nic::feature::segment6 : nic::feature::segment4);
    }
    static Interface& of(netif const& it) { return *static_cast<Interface*>(it.state); }

    u64 wrong() const { return receive_.wrong() + transmit_.wrong(); }

private:
    void look();
    void take_over(u32 epoch);
    void no_driver();
    bool read_description();
    void choose_offloads();
    void show_wanted();
    void add_netif();
    void look_at_link();
    void apply();
    void apply_fixed();
    void log_address();
    net::Address router() const;

    // input.cpp
    bool take_frames();
    void merge(ReceivedFrame const& frame);
    void input_merged();
    void input(ReceivedFrame const& frame);

    // output.cpp
    err_t output(pbuf* frame);
    err_t send(pbuf* frame, pbuf* owned);
    err_t cut(pbuf* frame, u16 segment);
    void offload(pbuf* frame, Offload& out) const;

    static err_t on_begin(netif* it);
    static err_t on_output(netif* it, pbuf* frame) { return of(*it).output(frame); }
    static void on_status(netif* it);
    static err_t on_group(netif* it, ip4_addr_t const* group, netif_mac_filter_action action);
    static err_t on_group6(netif* it, ip6_addr_t const* group, netif_mac_filter_action action);
    err_t filter(u8 const (&group)[6], netif_mac_filter_action action);

    program::Program const* self_ = nullptr;
    program::Use use_;
    logging::Logger* log_ = nullptr;
    nic::Shared* shared_ = nullptr;
    netif netif_{};
    Receive receive_;
    Merger merger_;
    Transmit transmit_;
    MulticastFilter filter_;
    Settings settings_;
    char const* host_name_ = "";
    char name_[8] = {};
    u32 edge_ = 0, number_ = none;
    u32* names_ = nullptr;
    u32 before_ = 0; // the epoch of a driver that served a predecessor of ours
    u32 epoch_ = 0, link_changes_ = 0, mtu_ = 1500, buffer_bytes_ = 0;
    u32 offered_ = 0, features_ = 0; // by the device; of them used
    u32 link_up_ = 0, speed_ = 0, full_duplex_ = 0;
    u32 told_address_ = 0; // the IPv4 address that was logged
    net::Address told_router_{};
    u32 under_way_ = 0; // at the last tick
    u64 driver_changes_ = 0;
    u8 mac_[6] = {};
    char model_[24] = {};
    bool has_netif_ = false, added_ = false, changed_ = true;
};

} // namespace net_server

#include "servers/net/server.hpp"

#include "lwip/apps/mdns.h"
#include "lwip/apps/sntp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "servers/net/environment.hpp"
#include "servers/net/name_servers.hpp"
#include "servers/net/packet_memory.hpp"

namespace net_server {

namespace {
constexpr char const* host_name = "hypercore";
constexpr u64 second = 1'000'000'000, seed_wait = second / 10;

Hooks const hooks{
    [] { return environment.microseconds(); },
    [](netif const& it, bool six) {
        // The loop interface has no card, and takes what it gets.
        return it.name[0] == 'e' && Interface::of(it).cuts(six);
    },
    [](std::string_view line) { environment.log().warning("{}", line); },
};
} // namespace

Server::Server(program::Program const& self)
    : self_{self}, kept_{reinterpret_cast<void*>(self.value("keep")), self.value("keep.size")},
      configuration_{kept_.read()}, sockets_{hooks}
{
    begun_ = begin();
    on_signal(0);
}

/// False while there is no entropy: nothing may go out before there is.
bool Server::begin()
{
    if (!environment.begin(self_, log_)) return false;
    lwip_init();
    if (netif* const loop = netif_get_by_index(1)) // made first; nothing can be damaged on its way
        NETIF_SET_CHECKSUM_CTRL(loop, NETIF_CHECKSUM_DISABLE_ALL);
    mdns_resp_init();
    sntp_setoperatingmode(SNTP_OPMODE_POLL);
    sntp_servermode_dhcp(1);
    char name[] = "nic0";
    for (u32 edge = 0; edge < Interface::max; ++edge, ++name[3]) {
        program::Use const use = self_.use(name);
        if (!use) continue;
        if (interfaces_ == 0) packet_memory.begin(use.pool, use.pool_bytes);
        interface_[interfaces_++].begin(self_, use, edge, names_, configuration_.interface[edge],
                                        host_name, log_);
    }
    sockets_.begin(self_);
    for (; clients_ < self_.clients("net") && clients_ < Sockets::max_clients; ++clients_)
        client_program_[clients_] = self_.client("net", clients_).peer;
    look_at_clients();
    next_tick_ = environment.nanoseconds() + second;
    return true;
}

void Server::on_signal(u64)
{
    if (!begun_ && !(begun_ = begin())) {
        program::Clock const clock{self_};
        return alarm_.set(clock.now(), clock.now() + seed_wait);
    }
    for (u32 turns = 1; !turn() || !sleep(); ++turns)
        if (turns % turns_per_beat == 0) self_.beat(self_.wake().poll());
    u64 const now = environment.nanoseconds();
    u32 const lwip = sys_timeouts_sleeptime(), sockets = sockets_.deadline();
    u64 const next = now + u64{lwip < sockets ? lwip : sockets} * 1'000'000;
    alarm_.set(now, next < next_tick_ ? next : next_tick_);
    tell_configured();
}

bool Server::turn()
{
    bool done = true;
    for (u32 i = 0; i < interfaces_; ++i) {
        done &= interface_[i].run();
        if (netif* const added = interface_[i].take_added()) sockets_.join_groups(*added);
    }
    look_at_clients();
    done &= sockets_.run();
    netif_poll_all();
    sys_check_timeouts();
    tick();
    // Answers and timers have made frames since the interfaces ran: they show what there is.
    for (u32 i = 0; i < interfaces_; ++i) {
        interface_[i].flush();
        interface_[i].tell();
    }
    return done;
}

bool Server::sleep()
{
    bool idle = sockets_.sleep();
    for (u32 i = 0; i < interfaces_; ++i) idle &= interface_[i].sleep();
    return idle;
}

void Server::tick()
{
    u64 const now = environment.nanoseconds();
    if (now < next_tick_) return;
    next_tick_ = now + second;
    name_servers.second();
    // Before a lease names somebody there is nobody to ask, and lwIP would wait for long to try
    // anew.
    if (!sntp_enabled() && !ip_addr_isany(sntp_getserver(0))) sntp_init();
    for (u32 i = 0; i < interfaces_; ++i) interface_[i].tick();
    sockets_.on_second();
}

/// The sockets of a client that died go with it: nobody reads or writes them.
void Server::look_at_clients()
{
    for (u32 i = 0; i < clients_; ++i) {
        u32 const epoch = self_.epoch_of(client_program_[i]);
        if (epoch != client_epoch_[i] && client_epoch_[i] != 0) sockets_.drop_client(i);
        client_epoch_[i] = epoch;
    }
}

/// Tells clients of netconf that they may ask again.
void Server::tell_configured()
{
    bool changed = name_servers.take_changed();
    for (u32 i = 0; i < interfaces_; ++i) changed |= interface_[i].take_changed();
    if (!changed) return;
    u64 const clients = self_.clients("netconf");
    for (u64 i = 0; i < clients; ++i)
        if (auto const signal = self_.client("netconf", i).signal) signal.signal();
}

} // namespace net_server

#include "servers/net/name_servers.hpp"

#include "port.h"

namespace net_server {

constinit NameServers name_servers;

bool NameServers::is_usable(ip_addr_t const& server)
{
    return !ip_addr_isany_val(server) && !ip_addr_ismulticast(&server) &&
           !ip_addr_isloopback(&server) &&
           !(IP_IS_V4_VAL(server) && ip_addr_get_ip4_u32(&server) == IPADDR_BROADCAST);
}

void NameServers::set(Source source, netif const& of, ip_addr_t const& server, u32 seconds)
{
    Entry* const known = find(source, of, server);
    if (known != nullptr) {
        known->seconds = seconds;
        if (seconds == 0) {
            remove(static_cast<u32>(known - entry_));
            publish();
        }
        return;
    }
    if (seconds == 0 || !is_usable(server) || count(source) == max_of_source) return;
    insert({server, &of, seconds, source});
    publish();
}

void NameServers::forget(Source source, netif const& of)
{
    remove_if([&](Entry const& it) { return it.source == source && it.of == &of; });
}

void NameServers::forget(netif const& of)
{
    remove_if([&](Entry const& it) { return it.of == &of; });
}

void NameServers::second()
{
    remove_if([](Entry& it) { return it.seconds != forever && --it.seconds == 0; });
}

NameServers::Entry* NameServers::find(Source source, netif const& of, ip_addr_t const& server)
{
    for (u32 i = 0; i < count_; ++i) {
        Entry& it = entry_[i];
        if (it.source == source && it.of == &of && ip_addr_cmp(&it.server, &server)) return &it;
    }
    return nullptr;
}

u32 NameServers::count(Source source) const
{
    u32 found = 0;
    for (u32 i = 0; i < count_; ++i) found += entry_[i].source == source;
    return found;
}

/// Behind those of its source and of better ones; where there is no place, the last one goes.
void NameServers::insert(Entry const& entry)
{
    u32 place = count_;
    while (place > 0 && entry_[place - 1].source > entry.source) --place;
    if (place == max) return;
    if (count_ < max) ++count_;
    for (u32 i = count_ - 1; i > place; --i) entry_[i] = entry_[i - 1];
    entry_[place] = entry;
}

void NameServers::remove(u32 index)
{
    --count_;
    for (u32 i = index; i < count_; ++i) entry_[i] = entry_[i + 1];
}

template <class Wanted> void NameServers::remove_if(Wanted wanted)
{
    u32 const before = count_;
    for (u32 i = count_; i > 0; --i)
        if (wanted(entry_[i - 1])) remove(i - 1);
    if (count_ != before) publish();
}

/// Gives lwIP the list, each server once.
void NameServers::publish()
{
    changed_ = true;
    u8 place = 0;
    for (u32 i = 0; i < count_; ++i) {
        bool told = false;
        for (u8 j = 0; j < place; ++j)
            told |= ip_addr_cmp(dns_getserver(j), &entry_[i].server) != 0;
        if (!told) dns_setserver(place++, &entry_[i].server);
    }
    while (place < max) dns_setserver(place++, nullptr);
}

} // namespace net_server

using net_server::name_servers;
using net_server::NameServers;

extern "C" {

void lwip_port_leased_name_server(struct netif* it, u8_t number, ip_addr_t const* server)
{
    if (number == 0) name_servers.forget(NameServers::Source::dhcp, *it);
    name_servers.set(NameServers::Source::dhcp, *it, *server, NameServers::forever);
}

void lwip_port_router_name_server(struct netif* it, ip_addr_t const* server, u32_t seconds)
{
    // The address may be lwIP's own copy, which changes with the list.
    ip_addr_t const copy = *server;
    name_servers.set(NameServers::Source::router, *it, copy, seconds);
}

} // extern "C"

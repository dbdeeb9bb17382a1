// Membership of multicast groups, on every interface. Interfaces come when their drivers do:
// whoever adds one lets members of groups join there too (join_on).
#pragma once

#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "servers/net/address_of.hpp"

namespace net_server {

/// Joins a group on one interface. False: lwIP has no room.
inline bool join_on(netif& interface, net::Address const& group)
{
    ip_addr_t const ip = ip_of(group, false);
    if (!IP_IS_V4_VAL(ip)) return mld6_joingroup_netif(&interface, ip_2_ip6(&ip)) == ERR_OK;
    return !(interface.flags & NETIF_FLAG_IGMP) ||
           igmp_joingroup_netif(&interface, ip_2_ip4(&ip)) == ERR_OK;
}

/// Leaves a group on all interfaces; one that came when there was no room is no member.
inline void leave_group(net::Address const& group)
{
    ip_addr_t const ip = ip_of(group, false);
    if (IP_IS_V4_VAL(ip))
        static_cast<void>(igmp_leavegroup(IP4_ADDR_ANY4, ip_2_ip4(&ip)));
    else
        static_cast<void>(mld6_leavegroup(IP6_ADDR_ANY6, ip_2_ip6(&ip)));
}

/// Joins a group on the interfaces that there are; false: it is none, or lwIP has no room.
inline bool join_group(net::Address const& group)
{
    ip_addr_t const ip = ip_of(group, false);
    if (!ip_addr_ismulticast(&ip)) return false;
    bool joined = true;
    for (netif* it = netif_list; it != nullptr; it = it->next) joined &= join_on(*it, group);
    if (!joined) leave_group(group);
    return joined;
}

} // namespace net_server

// Membership of multicast groups, on every interface.
#pragma once

#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "servers/net/address_of.hpp"

namespace net_server {

/// Joins or leaves a group; false: it is none, or lwIP has no room.
inline bool change_group(net::Address const& group, bool joins)
{
    ip_addr_t const ip = ip_of(group, false);
    if (!ip_addr_ismulticast(&ip)) return false;
    if (IP_IS_V4_VAL(ip))
        return (joins ? igmp_joingroup(IP4_ADDR_ANY4, ip_2_ip4(&ip))
                      : igmp_leavegroup(IP4_ADDR_ANY4, ip_2_ip4(&ip))) == ERR_OK;
    return (joins ? mld6_joingroup(IP6_ADDR_ANY6, ip_2_ip6(&ip))
                  : mld6_leavegroup(IP6_ADDR_ANY6, ip_2_ip6(&ip))) == ERR_OK;
}

} // namespace net_server

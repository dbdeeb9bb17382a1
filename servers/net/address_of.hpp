// Addresses of the protocol and of lwIP.
#pragma once

#include "lwip/ip_addr.h"
#include "net/address.hpp"

namespace net_server {

/// @param six  the family that "any" shall be of
inline ip_addr_t ip_of(net::Address const& address, bool six)
{
    ip_addr_t out{};
    u32 word[4];
    __builtin_memcpy(word, address.byte, sizeof word);
    bool const four = net::is_ipv4(address) || (!six && net::is_any(address));
    if (four) {
        u32 const value = net::is_any(address) ? 0 : word[3];
        ip_addr_set_ip4_u32_val(out, value);
    } else {
        IP_ADDR6(&out, word[0], word[1], word[2], word[3]);
    }
    return out;
}

inline net::Address address_of(ip_addr_t const& ip)
{
    net::Address out{};
    if (IP_IS_V4_VAL(ip)) {
        out = net::ipv4(0, 0, 0, 0);
        u32 const word = ip_addr_get_ip4_u32(&ip);
        __builtin_memcpy(out.byte + 12, &word, sizeof word);
    } else {
        __builtin_memcpy(out.byte, ip_2_ip6(&ip)->addr, sizeof out.byte);
    }
    return out;
}

} // namespace net_server

// lwIP's addresses as the protocols say them.
#pragma once

#include "lwip/ip_addr.h"
#include "protocol/net.hpp"
#include <bit>

namespace net_server {

/// ::ffff:a.b.c.d
inline net::Address protocol_address(ip4_addr_t const& ip)
{
    net::Address out{};
    out.byte[10] = out.byte[11] = 0xff;
    __builtin_memcpy(out.byte + 12, &ip.addr, 4);
    return out;
}
inline net::Address protocol_address(ip6_addr_t const& ip)
{
    net::Address out{};
    __builtin_memcpy(out.byte, ip.addr, sizeof out.byte);
    return out;
}
inline net::Address protocol_address(ip_addr_t const& ip)
{
    return IP_IS_V4_VAL(ip) ? protocol_address(*ip_2_ip4(&ip)) : protocol_address(*ip_2_ip6(&ip));
}
inline bool is_ip4(net::Address const& it)
{
    for (u32 i = 0; i < 10; ++i)
        if (it.byte[i] != 0) return false;
    return it.byte[10] == 0xff && it.byte[11] == 0xff;
}
/// In the order of the wire.
inline u32 ip4_word(net::Address const& it)
{
    u32 word;
    __builtin_memcpy(&word, it.byte + 12, sizeof word);
    return word;
}
/// A mask of `bits` leading ones, in the order of the wire.
inline u32 ip4_mask(u32 bits)
{
    return bits == 0 ? 0 : __builtin_bswap32(~u32{0} << (32 - bits));
}

inline u32 ip4_prefix(u32 mask)
{
    return static_cast<u32>(std::countl_one(__builtin_bswap32(mask)));
}

} // namespace net_server

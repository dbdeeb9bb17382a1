// Addresses of the network as people write them. IPv4 is four decimal numbers; IPv6 is read in
// every form of RFC 4291, section 2.2, and written in the one of RFC 5952. An IPv4 address is kept
// as
// ::ffff:a.b.c.d (protocol/net.hpp) and written without that.
#pragma once

#include "kit/result.hpp"
#include "protocol/net.hpp"
#include "text/format.hpp"

namespace net {

constexpr Address ipv4(u8 a, u8 b, u8 c, u8 d)
{
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
}
inline constexpr Address any_address{};

constexpr bool is_ipv4(Address const& address)
{
    for (u32 i = 0; i < 12; ++i)
        if (address.byte[i] != (i < 10 ? 0 : 0xff)) return false;
    return true;
}
constexpr bool is_any(Address const& address)
{
    return address == any_address || address == ipv4(0, 0, 0, 0);
}
/// Whether the first `prefix` bits are the same; IPv4 prefixes count from 96.
constexpr bool same_prefix(Address const& a, Address const& b, u32 prefix)
{
    for (u32 i = 0; i < 16 && prefix > 0; ++i) {
        u32 const bits = prefix < 8 ? prefix : 8;
        if ((a.byte[i] ^ b.byte[i]) >> (8 - bits)) return false;
        prefix -= bits;
    }
    return true;
}

struct Endpoint {
    Address address;
    u16 port;
};

/// @error bad_argument  it is no address, or has something behind it
Result<Address> parse_address(std::string_view text);
/// "10.0.2.2:80" or "[::1]:80". @error bad_argument
Result<Endpoint> parse_endpoint(std::string_view text);
/// A decimal number up to 65,535. @error bad_argument
Result<u16> parse_port(std::string_view text);

/// At most 39 characters.
void write_address(text::Writer& out, Address const& address);
/// At most 47 characters.
void write_endpoint(text::Writer& out, Endpoint const& endpoint);

} // namespace net

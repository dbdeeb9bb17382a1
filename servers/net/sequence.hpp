// The first sequence number of a connection. [RFC 6528, section 3]
#pragma once

#include "kit/siphash.hpp"
#include "lwip/ip_addr.h"

namespace net_server {

struct Endpoint {
    ip_addr_t const& address;
    u16 port;
};

/// A clock of 4 microseconds plus a keyed hash of who is connected: nobody can foresee it for a
/// connection of others, and one that comes back continues where it ended.
inline u32 first_sequence(kit::SipKey const& secret, u64 microseconds, Endpoint const& local,
                          Endpoint const& remote)
{
    struct {
        u32 local[4], remote[4];
        u16 local_port, remote_port;
    } connection = {{}, {}, local.port, remote.port};
    // An IPv4 address leaves the rest of its union as it was.
    usize const bytes = IP_IS_V6(&local.address) ? sizeof connection.local : sizeof(u32);
    __builtin_memcpy(connection.local, &local.address.u_addr, bytes);
    __builtin_memcpy(connection.remote, &remote.address.u_addr, bytes);
    return static_cast<u32>(microseconds / 4) +
           static_cast<u32>(
               kit::siphash(secret, {reinterpret_cast<u8 const*>(&connection), sizeof connection}));
}

} // namespace net_server

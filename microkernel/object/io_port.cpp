// Which I/O ports are issued: one bit per port. Called from api/decode_io_port.cpp.
#include "object/io_port.hpp"

namespace mk {

namespace {
constinit u64 issued[0x10000 / 64] = {};

u64 port_bit(u32 port)
{
    return u64{1} << (port % 64);
}
} // namespace

bool io_ports_free(u16 first, u16 last)
{
    for (u32 port = first; port <= last; ++port)
        if (issued[port / 64] & port_bit(port)) return false;
    return true;
}

void issue_io_ports(u16 first, u16 last)
{
    for (u32 port = first; port <= last; ++port) issued[port / 64] |= port_bit(port);
}

void release_io_ports(u16 first, u16 last)
{
    for (u32 port = first; port <= last; ++port) issued[port / 64] &= ~port_bit(port);
}

} // namespace mk

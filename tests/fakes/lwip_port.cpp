#include "lwip_port.hpp"

#include "port.h"
#include <cstdio>
#include <cstdlib>

namespace fakes {
LwipPort lwip_port;
} // namespace fakes

using fakes::lwip_port;

extern "C" {

u32_t sys_now(void);
u32_t sys_now(void)
{
    return lwip_port.now;
}
uint32_t lwip_port_random(void)
{
    lwip_port.random = lwip_port.random * 1664525 + 1013904223;
    return lwip_port.random >> 8 ^ lwip_port.random << 16;
}
void lwip_port_fail(char const* text, char const* file, int line)
{
    std::fprintf(stderr, "%s:%d: %s\n", file, line, text);
    std::abort();
}
// Weak: servers/net/packet_memory.cpp has these too.
[[gnu::weak]] void* lwip_port_allocate(size_t bytes)
{
    if (lwip_port.allocated >= lwip_port.most) return nullptr;
    ++lwip_port.allocated;
    return std::malloc(bytes);
}
[[gnu::weak]] void* lwip_port_allocate_cleared(size_t count, size_t bytes)
{
    if (lwip_port.allocated >= lwip_port.most) return nullptr;
    ++lwip_port.allocated;
    return std::calloc(count, bytes);
}
[[gnu::weak]] void lwip_port_free(void* memory)
{
    --lwip_port.allocated;
    std::free(memory);
}
void lwip_port_wall_time(uint32_t* seconds, uint32_t* microseconds)
{
    *seconds = lwip_port.clock;
    *microseconds = 0;
}
void lwip_port_set_wall_time(uint32_t seconds, uint32_t)
{
    lwip_port.clock = seconds;
}
u32_t lwip_port_isn(ip_addr_t const*, u16_t, ip_addr_t const*, u16_t)
{
    return lwip_port.first_sequence;
}

} // extern "C"

// What lwIP copies and sums with.
#include "arch/cc.h"
#include "kit/checksum.hpp"
#include "kit/copy.hpp"

void* lwip_port_copy(void* to, void const* from, size_t bytes)
{
    kit::copy(to, from, bytes);
    return to;
}

uint16_t lwip_port_checksum(void const* data, int bytes)
{
    return kit::internet_sum(data, static_cast<usize>(bytes));
}

// The CPU's own generators. [Intel SDM vol. 1, "Random Number Generator Instructions"]
#include "sources.hpp"

#include <cpuid.h>

namespace entropy {

namespace {

constexpr int patience = 16; // tries: both may be busy, RDSEED often

} // namespace

Cpu Cpu::detect()
{
    Cpu cpu;
    u32 a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d)) cpu.has_rdrand = c & bit_RDRND;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) cpu.has_rdseed = b & bit_RDSEED;
    return cpu;
}

bool Cpu::rdseed(u64& value)
{
    bool good = false;
    for (int i = 0; i < patience && !good; ++i)
        asm volatile("rdseed %0" : "=r"(value), "=@ccc"(good)); // carry: it is random
    return good;
}

bool Cpu::rdrand(u64& value)
{
    bool good = false;
    for (int i = 0; i < patience && !good; ++i)
        asm volatile("rdrand %0" : "=r"(value), "=@ccc"(good));
    return good;
}

} // namespace entropy

// The instructions C++ has no words for, one function each. Nothing here decides anything.
// Source: Intel SDM vol. 2, "Instruction Set Reference"; vol. 4, "Model-Specific Registers".
#pragma once

#include "kit/types.hpp"

namespace mk::x86 {

/// Model-specific registers, by Intel's names.
enum class Msr : u32 {
    apic_base = 0x1b,
    arch_capabilities = 0x10a,
    pat = 0x277,
    tsc_deadline = 0x6e0,
    x2apic_first = 0x800,
    efer = 0xc000'0080,
    star = 0xc000'0081,
    lstar = 0xc000'0082,
    cstar = 0xc000'0083,
    sfmask = 0xc000'0084,
    fs_base = 0xc000'0100,
    gs_base = 0xc000'0101,
};

inline u64 read_msr(Msr msr)
{
    u32 low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return u64{high} << 32 | low;
}

inline void write_msr(Msr msr, u64 value)
{
    asm volatile("wrmsr" : : "c"(msr), "a"(u32(value)), "d"(u32(value >> 32)) : "memory");
}

struct CpuidResult {
    u32 eax, ebx, ecx, edx;
};

inline CpuidResult cpuid(u32 leaf, u32 subleaf = 0)
{
    CpuidResult r;
    asm volatile("cpuid"
                 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                 : "a"(leaf), "c"(subleaf));
    return r;
}

/// Not ordered against earlier instructions; calibration and accounting do not need more.
inline u64 read_tsc()
{
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return u64{high} << 32 | low;
}

/// a * b / c by a 128-bit product. The quotient must fit into 64 bits, or the CPU faults.
inline u64 multiply_divide(u64 a, u64 b, u64 c)
{
    u64 high;
    asm("mulq %[b]\n\tdivq %[c]" : "+a"(a), "=&d"(high) : [b] "r"(b), [c] "r"(c) : "cc");
    return a;
}

// Control and debug registers by number.
template <unsigned N> u64 read_cr()
{
    u64 v;
    asm volatile("mov %%cr%c1, %0" : "=r"(v) : "i"(N) : "memory");
    return v;
}
template <unsigned N> void write_cr(u64 v)
{
    asm volatile("mov %0, %%cr%c1" : : "r"(v), "i"(N) : "memory");
}
template <unsigned N> void write_dr(u64 v)
{
    asm volatile("mov %0, %%db%c1" : : "r"(v), "i"(N));
}
inline void write_xcr0(u64 v)
{
    asm volatile("xsetbv" : : "c"(0), "a"(u32(v)), "d"(u32(v >> 32)));
}

// FS and GS base by instruction (FSGSBASE); canonical addresses only, others fault.
inline u64 read_fs_base()
{
    u64 v;
    asm volatile("rdfsbase %0" : "=r"(v));
    return v;
}
inline u64 read_gs_base()
{
    u64 v;
    asm volatile("rdgsbase %0" : "=r"(v));
    return v;
}
inline void write_bases(u64 fs, u64 gs)
{
    asm volatile("wrfsbase %0\n\twrgsbase %1" : : "r"(fs), "r"(gs));
}

// `area`: an XSAVE area, 64-byte aligned; `state`: bits of XCR0 below 32.
template <usize N> void xsave(u8 (&area)[N], u32 state)
{
    asm volatile("xsave64 %0" : "+m"(area) : "a"(state), "d"(0) : "memory");
}
template <usize N> void xrstor(u8 const (&area)[N], u32 state)
{
    asm volatile("xrstor64 %0" : : "m"(area), "a"(state), "d"(0));
}

// Port access of 1, 2 or 4 bytes, as the type of the data says.
template <class T> T in(u16 port)
{
    T v;
    asm volatile("in %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}
template <class T> void out(u16 port, T v)
{
    asm volatile("out %0, %1" : : "a"(v), "Nd"(port));
}
} // namespace mk::x86

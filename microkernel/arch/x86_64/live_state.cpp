// FS/GS bases and FPU state. The FPU is switched eagerly: a thread's registers are loaded before it
// runs, and never seen by another. CR0.TS is set only for threads that may not use it.
// Source: Intel SDM vol. 1, "Managing State Using the XSAVE Feature Set".
#include "live_state.hpp"

#include "arch/arch.hpp"
#include "features.hpp"
#include "instructions.hpp"
#include "sched/cpu.hpp"
#include <cstring>

namespace mk::live_state {
namespace {

using x86::Msr;

constexpr u64 task_switched = bit(3);      // CR0.TS
constexpr u32 user_state = 3;              // XCR0: x87 and SSE
constexpr u16 initial_fcw = 0x37f;         // all x87 exceptions masked, 64-bit precision
constexpr u32 initial_mxcsr = 0x1f80;      // all SSE exceptions masked
constexpr usize fcw_at = 0, mxcsr_at = 24; // in the FXSAVE area that begins an XSAVE area

constinit Tcb* bases_owner = nullptr;
constinit bool fpu_barred = false; // copy of CR0.TS: reading CR0 is slow in a virtual machine

/// A base from user space; the kernel checks them where they are written, and here makes sure that
/// a forgotten check costs that thread its base and not the kernel a fault.
u64 canonical(u64 base)
{
    return u64(i64(base << 16) >> 16);
}

void load_bases(Context const& c)
{
    u64 const fs = canonical(c.fs_base), gs = canonical(c.gs_base);
    if (features.fsgsbase) {
        asm volatile("wrfsbase %0\n\twrgsbase %1" : : "r"(fs), "r"(gs));
        return;
    }
    x86::write_msr(Msr::fs_base, fs);
    x86::write_msr(Msr::gs_base, gs);
}

void save_bases(Context& c)
{
    if (features.fsgsbase) {
        asm volatile("rdfsbase %0\n\trdgsbase %1" : "=r"(c.fs_base), "=r"(c.gs_base));
        return;
    }
    // Without the instructions a user can still change a base by loading a selector.
    c.fs_base = x86::read_msr(Msr::fs_base);
    c.gs_base = x86::read_msr(Msr::gs_base);
}

void bar_fpu(bool barred)
{
    if (barred == fpu_barred) return;
    if (barred)
        x86::write_cr0(x86::read_cr0() | task_switched);
    else
        asm volatile("clts" : : : "memory");
    fpu_barred = barred;
}

void load_fpu(Tcb& thread)
{
    if (features.xsave)
        asm volatile("xrstor64 %0" : : "m"(thread.fpu), "a"(user_state), "d"(0));
    else
        asm volatile("fxrstor64 %0" : : "m"(thread.fpu));
}

void save_fpu(Tcb& thread)
{
    if (features.xsave)
        asm volatile("xsave64 %0" : "+m"(thread.fpu) : "a"(user_state), "d"(0) : "memory");
    else
        asm volatile("fxsave64 %0" : "=m"(thread.fpu));
}

} // namespace

bool may_use_fpu(Tcb const& thread)
{
    return (thread.flags & Tcb::fpu_disabled) == 0;
}

void init_fpu_area(Tcb& thread)
{
    // XSTATE_BV = 0 in the XSAVE header: XRSTOR puts everything into its initial state, but it
    // takes MXCSR from memory all the same. FXRSTOR also reads FCW.
    std::memset(thread.fpu, 0, sizeof thread.fpu);
    std::memcpy(thread.fpu + fcw_at, &initial_fcw, sizeof initial_fcw);
    std::memcpy(thread.fpu + mxcsr_at, &initial_mxcsr, sizeof initial_mxcsr);
}

void load(Cpu& cpu, Tcb& thread)
{
    if (bases_owner != &thread) {
        if (bases_owner != nullptr) save_bases(bases_owner->context);
        load_bases(thread.context);
        bases_owner = &thread;
    }
    if (!may_use_fpu(thread)) {
        bar_fpu(true);
        return;
    }
    bar_fpu(false);
    if (cpu.fpu_owner == &thread) return;
    if (cpu.fpu_owner != nullptr) save_fpu(*cpu.fpu_owner);
    load_fpu(thread);
    cpu.fpu_owner = &thread;
}

void save(Cpu& cpu, Tcb& thread)
{
    if (bases_owner == &thread) save_bases(thread.context);
    if (cpu.fpu_owner != &thread) return;
    bool const barred = fpu_barred; // for the thread that runs now; the saving itself must not trap
    bar_fpu(false);
    save_fpu(thread);
    bar_fpu(barred);
}

void forget(Cpu& cpu, Tcb& thread)
{
    save(cpu, thread);
    if (bases_owner == &thread) bases_owner = nullptr;
    if (cpu.fpu_owner == &thread) cpu.fpu_owner = nullptr;
}

} // namespace mk::live_state

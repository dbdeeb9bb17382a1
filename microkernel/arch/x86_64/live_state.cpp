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

/// Owns bases and FPU registers both, on a CPU with FSGSBASE and XSAVE: the usual state.
constinit Tcb* owner = nullptr;
// Otherwise, when `owner` is null, each has an owner of its own, or none.
constinit Tcb* bases_owner = nullptr;
constinit Tcb* fpu_owner = nullptr;
constinit bool fpu_barred = false; // copy of CR0.TS: reading CR0 is slow in a virtual machine

// Bases in a Context are canonical: write_register() makes them so, and the CPU has no others.
void load_bases(Context const& c)
{
    if (features.fsgsbase) {
        x86::write_bases(c.fs_base, c.gs_base);
        return;
    }
    x86::write_msr(Msr::fs_base, c.fs_base);
    x86::write_msr(Msr::gs_base, c.gs_base);
}

void save_bases(Context& c)
{
    if (features.fsgsbase) {
        c.fs_base = x86::read_fs_base();
        c.gs_base = x86::read_gs_base();
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
        x86::write_cr<0>(x86::read_cr<0>() | task_switched);
    else
        asm volatile("clts" : : : "memory");
    fpu_barred = barred;
}

void load_fpu(Tcb& thread)
{
    if (features.xsave)
        x86::xrstor(thread.fpu, user_state);
    else
        asm volatile("fxrstor64 %0" : : "m"(thread.fpu));
}

void save_fpu(Tcb& thread)
{
    if (features.xsave)
        x86::xsave(thread.fpu, user_state);
    else
        asm volatile("fxsave64 %0" : "=m"(thread.fpu));
}

/// Makes bases_owner and fpu_owner true.
void part_owners()
{
    if (owner == nullptr) return;
    bases_owner = fpu_owner = owner;
    owner = nullptr;
}

void swap(Tcb& from, Tcb& to)
{
    from.context.fs_base = x86::read_fs_base();
    from.context.gs_base = x86::read_gs_base();
    x86::write_bases(to.context.fs_base, to.context.gs_base);
    x86::xsave(from.fpu, user_state);
    x86::xrstor(to.fpu, user_state);
    owner = &to;
}

[[gnu::noinline]] void load_apart(Tcb& thread)
{
    part_owners();
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
    if (fpu_owner != &thread) {
        if (fpu_owner != nullptr) save_fpu(*fpu_owner);
        load_fpu(thread);
        fpu_owner = &thread;
    }
    if (features.fsgsbase && features.xsave) owner = &thread;
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

void exchange(Tcb& from, Tcb& to)
{
    if (owner == &from && may_use_fpu(to)) [[likely]]
        swap(from, to);
    else
        load(to);
}

void load(Tcb& thread)
{
    if (owner == &thread) return;
    if (owner != nullptr && may_use_fpu(thread))
        swap(*owner, thread);
    else
        load_apart(thread);
}

} // namespace mk::live_state

namespace mk::arch {

using namespace live_state;

void save_live_state(Tcb& thread)
{
    part_owners();
    if (bases_owner == &thread) save_bases(thread.context);
    if (fpu_owner != &thread) return;
    bool const barred = fpu_barred; // for the thread that runs now; the saving itself must not trap
    bar_fpu(false);
    save_fpu(thread);
    bar_fpu(barred);
}

void drop_live_state(Tcb& thread)
{
    save_live_state(thread);
    if (bases_owner == &thread) bases_owner = nullptr;
    if (fpu_owner == &thread) fpu_owner = nullptr;
}

#if !HYPERCORE_RELEASE
Tcb const* live_state_owner(unsigned i)
{
    Tcb const* const owners[live_state_owners] = {owner, bases_owner, fpu_owner};
    return owners[i];
}
#endif

} // namespace mk::arch

// Threads as arch/arch.hpp describes them: switching, initial registers, sanitising what users
// write into them. Called from sched/ and from the decoders of TCB methods.
#include "arch/arch.hpp"

#include "descriptors.hpp"
#include "instructions.hpp"
#include "kernel_space.hpp"
#include "live_state.hpp"
#include "sched/cpu.hpp"
#include "vspace/vspace.hpp"

namespace mk::arch {

void switch_between(Tcb& from, Tcb& to, PageTable& space)
{
    set_entry_stack(reinterpret_cast<u64>(&to.context + 1));
    load_space(space);
    live_state::exchange(from, to);
}

void switch_to(Cpu& cpu, Tcb& next)
{
    set_entry_stack(reinterpret_cast<u64>(&next.context + 1));
    if (&next == &cpu.idle) {
        // The last thread's address space may be destroyed while nothing runs.
        load_space(empty_pml4());
        return;
    }
    PageTable* const space = vspace_of(next.slot(Tcb::vspace).cap());
    // Without a valid address space the thread faults at its first instruction.
    load_space(space != nullptr ? *space : empty_pml4());
    live_state::load(next);
}

void refresh(Cpu& cpu, Tcb& current)
{
    if (cpu.current == &current) switch_to(cpu, current);
}

void init_context(Tcb& tcb)
{
    tcb.context = {};
    tcb.context.cs = user_cs;
    tcb.context.ss = user_ds;
    tcb.context.rflags = initial_rflags;
    live_state::init_fpu_area(tcb);
}

u64 sanitise_rflags(u64 rflags)
{
    // CF, PF, AF, ZF, SF, DF, OF as wished; IF and the bit that is always 1 on; nothing else.
    constexpr u64 free_flags = 0xcd5;
    return (rflags & free_flags) | initial_rflags;
}

bool is_canonical(u64 address)
{
    return u64(i64(address << 16) >> 16) == address;
}

void clear_memory(void* start, u64 bytes)
{
    u64 words = bytes / 8; // objects and pages are whole words
    asm volatile("rep stosq" : "+D"(start), "+c"(words) : "a"(u64{0}) : "memory");
}

} // namespace mk::arch

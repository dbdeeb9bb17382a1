// The machine for host tests: arch/arch.hpp over fake::machine. Grows with what tests need.
#include "arch/arch.hpp"
#include "fakes.hpp"
#include "sched/cpu.hpp"
#include <algorithm>

namespace mk::arch {

using fake::machine;

void clear_memory(void* start, u64 bytes)
{
    std::memset(start, 0, bytes);
    machine.bytes_cleared += bytes;
    machine.longest_clear = std::max(machine.longest_clear, bytes);
}

u64 read_clock()
{
    return machine.clock;
}
void set_deadline(u64 deadline)
{
    machine.deadline = deadline;
}

Tcb const* live_state_owner(unsigned)
{
    return nullptr;
}
void hold_clock() {}
void release_clock() {}

bool interrupt_pending()
{
    return machine.interrupt_checks++ >= machine.interrupt_after;
}
void set_irq_masked(unsigned irq, bool masked)
{
    if (irq >= 64) return;
    u64 const one = u64{1} << irq;
    machine.irq_masked = masked ? machine.irq_masked | one : machine.irq_masked & ~one;
}

void switch_to(Cpu&, Tcb&) {}
void switch_between(Tcb&, Tcb&, PageTable&) {}
void init_context(Tcb& tcb)
{
    tcb.context.rflags = initial_rflags;
    ++fake::kernel.contexts;
}
void save_live_state(Tcb&) {}
void drop_live_state(Tcb&) {}
void refresh(Cpu&, Tcb&) {}
u64 sanitise_rflags(u64 rflags)
{
    return (rflags & 0xcd5) | initial_rflags;
}
bool is_canonical(u64 address)
{
    return address < 0x8000'0000'0000 || address >= u64(-0x8000'0000'0000);
}

u32 port_in(u16, unsigned)
{
    return 0;
}
void port_out(u16, unsigned, u32) {}

void put_char(char) {}
void halt(bool success)
{
    std::exit(success ? 0 : 1);
}

} // namespace mk::arch

namespace fake {
// Zero bytes are a fresh Cpu and a fresh TCB; `thread` has the alignment that Tcb asks for.
mk::Cpu& cpu()
{
    static mk::Cpu instance;
    return instance;
}
mk::Tcb& thread()
{
    static mk::Tcb instance;
    return instance;
}
} // namespace fake

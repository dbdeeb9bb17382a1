// What an architecture provides to the generic kernel. arch/x86_64/ implements it for the machine,
// tests/fakes/arch.cpp for host tests. Nothing here fails.
#pragma once

#include "arch_context.hpp"
#include "arch_layout.hpp"
#include "kit/types.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk::arch {

// --- memory ---
/// Kernel view of physical memory. `physical` lies in RAM (or is mapped for the purpose).
template <class T = void> T* from_physical(u64 physical)
{
    return reinterpret_cast<T*>(physical + physmap_base);
}
inline u64 to_physical(void const* p)
{
    return reinterpret_cast<u64>(p) - physmap_base;
}
void clear_memory(void* start, u64 bytes);

// --- time: TSC ticks ---
u64 read_clock();
/// Asks for a timer interrupt at `deadline` (at once when it is past).
void set_deadline(u64 deadline);
/// Between the two no time passes on this clock: for checks of debug kernels, which would change
/// what they look at. Debug kernels only.
void hold_clock();
void release_clock();

// --- interrupts ---
/// Whether an interrupt (irq 0..107, or the timer's) waits: long operations stop then. Cheap enough
/// for every few slots.
bool interrupt_pending();
void set_irq_masked(unsigned irq, bool masked);

// --- threads ---
/// Prepares `next` to run on this CPU: address space, kernel entry stack, FS/GS bases, FPU.
void switch_to(Cpu& cpu, Tcb& next);
/// The same from one user thread to another whose address space vspace_of() gave.
void switch_between(Tcb& from, Tcb& to, PageTable& space);
/// Initial registers of a new TCB.
void init_context(Tcb& tcb);
/// Brings the saved copy of registers that live in the CPU (FS/GS base, FPU) up to date, for
/// reading; drop also forgets that the CPU holds them, for changing them or the end of the thread.
void save_live_state(Tcb& tcb);
void drop_live_state(Tcb& tcb);
/// The current thread's TCB was changed (address space, bases, flags): brings the CPU up to date.
void refresh(Cpu& cpu, Tcb& current);
/// Threads whose registers the CPU holds, or null. Debug kernels only.
inline constexpr unsigned live_state_owners = 3;
Tcb const* live_state_owner(unsigned i);
/// Makes rflags, rip, and bases from user space safe to load (see arch_context.hpp).
u64 sanitise_rflags(u64 rflags);
bool is_canonical(u64 address);

// --- ports ---
/// Access of 1, 2 or 4 bytes; of a value the low ones count.
u32 port_in(u16 port, unsigned bytes);
void port_out(u16 port, unsigned bytes, u32 value);

// --- debug ---
void put_char(char c);
/// Ends the run: powers off where there is a way to, else stops.
[[noreturn]] void halt(bool success);

} // namespace mk::arch

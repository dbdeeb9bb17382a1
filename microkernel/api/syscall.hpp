// Where user mode enters the kernel. Called from arch/x86_64/entry.S and traps.cpp. Unless a fast
// path (ipc/fast_path.hpp) or call_method (api/invoke.hpp) does it all, each takes the time, does
// its work unless the budget is used up, and schedules; the caller then returns to cpu.current.
#pragma once

#include "object/fault.hpp"
#include "sched/cpu.hpp"

namespace mk {

/// A `syscall` instruction, with what the current thread has in rdi, rsi and rdx: tries the fast
/// paths first.
void handle_syscall(Cpu& cpu, u64 target, u64 info, i64 number);
/// The same without the fast paths, everything from the thread's Context.
void handle_slow_syscall(Cpu& cpu);
/// A fault of the current thread: a fast path first; without it.
void handle_fault(Cpu& cpu, Fault const& fault);
void handle_slow_fault(Cpu& cpu, Fault const& fault);
/// #PF from user mode: linear address and the CPU's error code.
void handle_page_fault(Cpu& cpu, u64 address, u64 error_code);
/// Any other exception from user mode.
void handle_user_exception(Cpu& cpu, u64 vector, u64 error_code);
void handle_timer(Cpu& cpu);
/// A device interrupt, 0..107; its line is masked already if it can be.
void handle_interrupt(Cpu& cpu, unsigned irq);
void handle_slow_interrupt(Cpu& cpu, unsigned irq);
void handle_spurious(Cpu& cpu);

} // namespace mk

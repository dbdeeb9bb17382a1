// Why the CPU came into the kernel, sorted and passed on: system call, fault of a user, interrupt.
// Called from entry.S; goes on in api/syscall.cpp. Each entry ends with prepare_exit.
#pragma once

#include "kit/types.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

// Interrupt vectors outside irq 0..107 (0x30..0x9b). The timer is in the highest priority class:
// device interrupts, however many, do not delay it.
inline constexpr unsigned timer_vector = 0xf0, spurious_vector = 0xff;

/// The registers of the idle thread; its Tcb never runs anything else.
void init_idle_context(Tcb& idle);

} // namespace mk

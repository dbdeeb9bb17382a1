// The local APIC of this CPU, by x2APIC registers where the CPU has them, else by its MMIO page.
// Source: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)".
#pragma once

#include "kit/types.hpp"

namespace mk::local_apic {

/// Enables it with every local interrupt masked but NMI, and silences the two legacy 8259s.
/// Needs platform.local_apic and the kernel's page tables.
void init();
u32 id();
void end_of_interrupt();
/// Whether `vector` is being served: an interrupt that is not was spurious.
bool in_service(unsigned vector);

/// Interrupt timer_vector after `count` bus ticks; 0: never.
void start_timer(u32 count);
/// Ticks that are left.
u32 timer_count();
/// From now on the timer fires when the TSC reaches the deadline MSR.
void use_tsc_deadline();

} // namespace mk::local_apic

// The kernel's clock is the TSC; deadlines are set in its ticks and kept by the local APIC, in
// TSC-deadline mode where the CPU has it, else by its one-shot counter. There is no periodic tick.
#pragma once

#include "kit/types.hpp"

namespace mk::clock {

/// Finds out the TSC's rate: `given_hz` from the loader when not 0, else measured against HPET or
/// PIT (CPUID's figure replaces the measurement only if they agree: some emulators' is wrong).
/// Panics when there is nothing to measure against. Needs the local APIC.
void init(u64 given_hz);
/// Whether the last deadline has passed; if not, goes on waiting for it.
bool deadline_reached();

} // namespace mk::clock

// What this CPU can do, and switching it on. Every CR4 bit is gated on its CPUID bit: writing a
// reserved one faults on hardware and hangs some emulators.
// Source: Intel SDM vol. 3A, "Control Registers"; vol. 2, "CPUID".
#pragma once

#include "kit/types.hpp"

namespace mk {

struct Features {
    bool smep, smap, umip, fsgsbase, gigabyte_pages, xsave, x2apic, tsc_deadline, invariant_tsc,
        machine_check,
        meltdown; ///< an Intel CPU that does not say that it is immune
};

/// Constant after init_features().
extern Features features;

/// Reads CPUID, panics with one line when something indispensable is missing (NX, SYSCALL, PAT,
/// global pages, SSE2, local APIC, TSC), then programs EFER, PAT, CR0, CR4 and XCR0.
void init_features();

/// Prints what was found.
void log_features();

} // namespace mk

// How fast the TSC and the APIC timer count, measured once at boot against a timer whose rate is
// known by its specification.
#pragma once

#include "kit/types.hpp"

namespace mk::calibration {

struct Rates {
    u64 tsc_hz;
    u64 timer_hz;       ///< of the local APIC timer, divided by one
    char const* source; ///< of tsc_hz: "the HPET"
};

/// About 20 ms. `given_hz`: the TSC's rate if the loader knows it, else 0.
Rates measure(u64 given_hz);

} // namespace mk::calibration

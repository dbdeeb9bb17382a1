// Time without a driver: the time-stamp counter and its frequency, which root hands over. It counts
// since the kernel began.
#pragma once

#include "kit/types.hpp"

namespace supervisor {

class Time {
    u64 mhz_, zero_;

public:
    /// @param mhz   TSC ticks in a microsecond, at least 1
    /// @param zero  the TSC when the kernel began
    Time(u64 mhz, u64 zero) : mhz_{mhz > 0 ? mhz : 1}, zero_{zero} {}

    static u64 tsc() { return __builtin_ia32_rdtsc(); }
    u64 now_us() const { return us_at(tsc()); }
    u64 us_since(u64 tsc_then) const { return (tsc() - tsc_then) / mhz_; }
    u64 us_at(u64 tsc_then) const { return (tsc_then - zero_) / mhz_; }
};

} // namespace supervisor

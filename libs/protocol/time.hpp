// Time without a message: one read-only page, written by the clock driver, mapped into everybody
// who uses protocol `time` (argument "time.shared"). Time since boot is the TSC scaled; wall time
// is that plus an offset that the driver keeps right against the RTC. Alarms are Calls to protocol
// `clock`.
#pragma once

#include "rpc/rpc.hpp"
#include <atomic>

namespace time_protocol {

/// A sequence lock: odd while it is written; a reader that sees it change reads again.
struct Page {
    std::atomic<u32> sequence; ///< 0: nothing written yet
    std::atomic<u32> shift;    ///< nanoseconds = (tsc - tsc_zero) * scale >> shift
    std::atomic<u64> scale;
    std::atomic<u64> tsc_zero;    ///< TSC at time 0: about 0, which is power-on; see ticks_since
    std::atomic<i64> wall_offset; ///< nanoseconds since 1970-01-01 UTC minus nanoseconds since boot
};

/// TSC ticks from time 0 to a time stamp. Time 0 may be before the TSC's: modulo 2^64.
constexpr u64 ticks_since(u64 tsc_zero, u64 stamp)
{
    u64 const ticks = stamp - tsc_zero;
    return ticks >> 63 ? 0 : ticks;
}

/// Asks for a signal ("clock.bit") at `deadline_ns` since boot; one per client, a new one replaces
/// it; 0 takes it back. A deadline in the past signals at once. A new driver knows no alarms: ask
/// again after its epoch changed.
struct SetAlarm {
    static constexpr bool idempotent = true;
    struct Args {
        u64 deadline_ns;
    };
    struct Reply {};
};
using Clock = rpc::Protocol<1, SetAlarm>;

} // namespace time_protocol

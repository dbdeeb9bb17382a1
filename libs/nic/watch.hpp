// Notices a device that has frames to send and sends none. It is looked at when net misses a report
// and signals (nic::Sent), or at a heartbeat. A look counts when it is `apart` from the one before,
// so that a machine which stood still (stopped, suspended) makes one of its pause and no alarm.
#pragma once

#include "kit/types.hpp"

namespace nic {

class Watch {
    u64 done_ = 0, last_ = 0;
    u32 looks_ = 0;

public:
    /// TSC ticks: 0.2 to 1 s.
    static constexpr u64 apart = u64{1} << 30;
    static constexpr u32 patience = 8;

    /// Whether it is time to ask hangs(). @param waiting  frames that the device has and should
    /// send
    /// @param done  changes whenever it has sent some  @param now  TSC
    bool is_due(u32 waiting, u64 done, u64 now)
    {
        if (waiting == 0 || done != done_) {
            done_ = done;
            last_ = now;
            looks_ = 0;
            return false;
        }
        if (now - last_ < apart) return false;
        last_ = now;
        return true;
    }
    /// Whether the device hangs. @param excused  it may not send: no link, or told to pause
    bool hangs(bool excused)
    {
        looks_ = excused ? 0 : looks_ + 1;
        return looks_ >= patience;
    }
};

} // namespace nic

// Notices a device that has frames to send and sends none. It is looked at when net misses a report
// and signals (nic::Sent), or at a heartbeat. A look counts when it is `apart` from the one before,
// so that a machine which stood still (stopped, suspended) makes one of its pause and no alarm.
#pragma once

#include "kit/types.hpp"

namespace virtio_net {

class Watch {
    u64 done_ = 0, last_ = 0;
    u32 looks_ = 0;

public:
    /// TSC ticks: 0.2 to 1 s.
    static constexpr u64 apart = u64{1} << 30;
    static constexpr u32 patience = 8;

    /// Whether the device hangs. @param waiting  frames that it has and should send
    /// @param done  frames that it has sent in all  @param now  TSC
    bool hangs(u32 waiting, u64 done, u64 now)
    {
        if (waiting == 0 || done != done_) {
            done_ = done;
            last_ = now;
            looks_ = 0;
            return false;
        }
        if (now - last_ < apart) return false;
        last_ = now;
        return ++looks_ >= patience;
    }
};

} // namespace virtio_net

// Wake-ups by the clock driver. One is asked for only when none that is early enough is under way:
// a Call at every turn would cost more than most turns.
#pragma once

#include "program/time.hpp"

namespace net_server {

class Alarm {
    program::Program const& self_;
    program::Use clock_ = self_.use("clock");
    u64 set_ = ~u64{0}; // nanoseconds since boot; ~0: none
    u32 epoch_ = 0;     // of the driver that knows it

public:
    explicit Alarm(program::Program const& self) : self_{self} {}

    /// Wakes us at `deadline` or before it.
    void set(u64 now, u64 deadline)
    {
        u32 const epoch = clock_ ? self_.epoch_of(clock_.peer) : 0;
        if (set_ > now && set_ <= deadline && epoch == epoch_) return;
        using namespace time_protocol;
        bool const good = bool{program::call<Clock, SetAlarm>(self_, clock_, {deadline})};
        set_ = good ? deadline : ~u64{0};
        epoch_ = epoch;
    }
};

} // namespace net_server

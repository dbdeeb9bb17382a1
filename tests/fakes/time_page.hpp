// A page of protocol `time` on which the time is what the test says. A clock scales the TSC: with
// its zero 2^62 ticks ago, the ticks of a minute more change an hour by less than 200 microseconds.
#pragma once

#include "program/time.hpp"

namespace fake {

class TimePage {
    time_protocol::Page page_{};
    u64 now_ = 0;

public:
    static constexpr u64 second = 1'000'000'000;

    time_protocol::Page const* page() const { return &page_; }
    u64 now() const { return now_; }
    /// Nanoseconds since boot; the clock driver writes it from now on.
    void set(u64 now)
    {
        now_ = now;
        page_.shift = 62;
        page_.scale = now;
        page_.tsc_zero = program::tsc() - (u64{1} << 62);
        page_.sequence = 2;
    }
    void set_wall(i64 nanoseconds) { page_.wall_offset = nanoseconds - static_cast<i64>(now_); }
};

} // namespace fake

// How many lines about refusals there may be. Pure: the caller brings the time.
#pragma once

#include "kit/types.hpp"

namespace supervisor {

class RefusalLimit {
public:
    static constexpr u32 lines_per_second = 32;

    /// Whether there may be a line now; if not, its `count` refusals are kept for withheld().
    bool allows(u64 now_us, u64 count)
    {
        begin(now_us);
        if (lines_ < lines_per_second) {
            ++lines_;
            return true;
        }
        withheld_ += count;
        return false;
    }
    /// Refusals without a line, told once, when the second in which they were is over.
    u64 withheld(u64 now_us)
    {
        if (withheld_ == 0 || !begin(now_us)) return 0;
        u64 const count = withheld_;
        withheld_ = 0;
        return count;
    }

private:
    /// True: a second has begun.
    bool begin(u64 now_us)
    {
        constexpr u64 second_us = 1'000'000;
        if (now_us - began_us_ < second_us) return false;
        began_us_ = now_us;
        lines_ = 0;
        return true;
    }

    u64 began_us_ = 0, withheld_ = 0;
    u32 lines_ = 0;
};

} // namespace supervisor

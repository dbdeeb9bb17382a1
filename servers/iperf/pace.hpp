// When datagrams are due: one after the other at a steady rate. Who comes late may send all that
// have become due.
#pragma once

#include "kit/types.hpp"

namespace iperf_server {

class Pace {
    u64 begin_ = 0, interval_ = 0; // nanoseconds

public:
    Pace() = default;
    /// @param now   nanoseconds
    /// @param bits  of a datagram
    /// @param rate  bits in a second; 0: always due
    Pace(u64 now, u64 bits, u64 rate) : begin_{now}
    {
        if (rate > 0) interval_ = bits * 1'000'000'000 / rate;
    }
    /// When datagram `index`, from 0, is due.
    u64 due(u64 index) const { return begin_ + index * interval_; }
};

} // namespace iperf_server

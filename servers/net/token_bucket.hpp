// A limit of bytes in a second: a bucket that fills with time and holds what a quarter of a second
// brings. It is open from a quarter of that on, so that bytes do not trickle one by one. A datagram
// larger than what is in it leaves a debt, which time pays first.
#pragma once

#include "kit/types.hpp"

namespace net_server {

class TokenBucket {
    u32 rate_ = 0;   // bytes in a second; 0: no limit
    i64 tokens_ = 0; // below 0: a debt
    u64 filled_ = 0; // when, microseconds

    i64 depth() const { return rate_ < 32768 ? 8192 : rate_ / 4; }
    i64 least() const { return depth() / 4; }
    /// Microseconds that bring so many bytes.
    u64 time_for(i64 bytes) const { return static_cast<u64>(bytes) * 1'000'000 / rate_ + 1; }

public:
    TokenBucket() = default;
    /// @param now  microseconds
    TokenBucket(u32 rate, u64 now) : rate_{rate}, filled_{now} { tokens_ = depth(); }

    /// Bytes that may be taken now; 0: none yet.
    u32 open(u64 now)
    {
        if (rate_ == 0) return ~u32{0};
        u64 const until_full = time_for(depth() - tokens_);
        u64 const elapsed = now - filled_ < until_full ? now - filled_ : until_full;
        if (auto const fresh = static_cast<i64>(elapsed * rate_ / 1'000'000); fresh > 0) {
            tokens_ = tokens_ + fresh < depth() ? tokens_ + fresh : depth();
            filled_ = now;
        }
        return tokens_ >= least() ? static_cast<u32>(tokens_) : 0;
    }
    void take(u32 bytes) { tokens_ -= bytes; }
    /// Microseconds until it is open again.
    u64 wait() const
    {
        if (rate_ == 0 || tokens_ >= least()) return 0;
        return time_for(least() - tokens_);
    }
};

} // namespace net_server

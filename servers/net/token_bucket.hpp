// A limit of bytes in a second: a bucket that fills with time and holds what a quarter of a second
// brings. It is open from a quarter of that on, so that bytes do not trickle one by one.
#pragma once

#include "kit/types.hpp"

namespace net_server {

class TokenBucket {
    u32 rate_ = 0; // bytes in a second; 0: no limit
    u64 tokens_ = 0;
    u64 filled_ = 0; // when, microseconds

    u64 depth() const { return rate_ < 32768 ? 8192 : rate_ / 4; }
    u64 least() const { return depth() / 4; }

public:
    TokenBucket() = default;
    /// @param now  microseconds
    TokenBucket(u32 rate, u64 now) : rate_{rate}, filled_{now} { tokens_ = depth(); }

    /// Bytes that may be taken now; 0: none yet.
    u32 open(u64 now)
    {
        if (rate_ == 0) return ~u32{0};
        u64 const elapsed = now - filled_ < 1'000'000 ? now - filled_ : 1'000'000;
        if (u64 const fresh = elapsed * rate_ / 1'000'000; fresh > 0) {
            tokens_ = tokens_ + fresh < depth() ? tokens_ + fresh : depth();
            filled_ = now;
        }
        return tokens_ >= least() ? static_cast<u32>(tokens_) : 0;
    }
    void take(u32 bytes) { tokens_ -= bytes < tokens_ ? bytes : tokens_; }
    /// Microseconds until it is open again.
    u64 wait() const
    {
        if (rate_ == 0 || tokens_ >= least()) return 0;
        return (least() - tokens_) * 1'000'000 / rate_ + 1;
    }
};

} // namespace net_server

// A limit of bytes in a second: a bucket that fills with time and holds what a quarter of a second
// brings. Who takes may overdraw by one piece, and waits longer then.
#pragma once

#include "kit/types.hpp"

namespace net_server {

class TokenBucket {
    u32 rate_ = 0; // bytes in a second; 0: no limit
    i64 tokens_ = 0;
    u64 filled_ = 0; // when, microseconds

    i64 depth() const { return rate_ < 32768 ? 8192 : rate_ / 4; }

public:
    TokenBucket() = default;
    /// @param now  microseconds
    TokenBucket(u32 rate, u64 now) : rate_{rate}, tokens_{0}, filled_{now} { tokens_ = depth(); }

    /// Whether something may be taken now.
    bool open(u64 now)
    {
        if (rate_ == 0) return true;
        u64 const elapsed = now - filled_;
        if (elapsed >= 1'000'000) {
            tokens_ = tokens_ + static_cast<i64>(rate_) * 4 < depth() ? tokens_ + rate_ : depth();
            filled_ = now;
        } else if (u64 const fresh = elapsed * rate_ / 1'000'000; fresh > 0) {
            tokens_ += static_cast<i64>(fresh);
            filled_ += fresh * 1'000'000 / rate_;
        }
        if (tokens_ > depth()) tokens_ = depth();
        return tokens_ > 0;
    }
    void take(u32 bytes)
    {
        if (rate_ != 0) tokens_ -= bytes;
    }
    /// Microseconds until it is open again.
    u64 wait() const
    {
        if (rate_ == 0 || tokens_ > 0) return 0;
        return static_cast<u64>(1 - tokens_) * 1'000'000 / rate_ + 1;
    }
};

} // namespace net_server

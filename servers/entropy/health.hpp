// Health tests of a raw source: they notice one that is stuck or has become predictable. Run on
// every sample; a source that fails once is not believed again in this life, and none is before it
// has passed 1024 samples. False alarms: less than one in 2^40 samples, by the cutoffs.
// [NIST SP 800-90B, "Repetition Count Test", "Adaptive Proportion Test"]
#pragma once

#include "kit/types.hpp"

namespace entropy {

/// Cutoffs for a source of H bits of min-entropy in each sample: 1 + ceil(40 / H) samples of one
/// value in a row; of 512, 1 plus the number that B(512, 2^-H) exceeds with probability 2^-40.
struct Cutoffs {
    u32 repetitions, proportion;
};
inline constexpr Cutoffs full_bytes{6, 19};         ///< H = 8 bits a byte
inline constexpr Cutoffs eighth_of_a_bit{321, 506}; ///< H = 1/8 bit a sample

class Health {
    static constexpr u32 window = 512, startup = 1024;

    Cutoffs cutoffs_;
    u64 last_ = 0, reference_ = 0;
    u32 repeated_ = 0; // times that last_ came in a row
    u32 at_ = 0;       // place in the window
    u32 equal_ = 0;    // samples of the window that are like its first
    u32 seen_ = 0;     // up to startup
    bool failed_ = false;

public:
    explicit constexpr Health(Cutoffs cutoffs) : cutoffs_{cutoffs} {}

    void sample(u64 value)
    {
        repeated_ = value == last_ ? repeated_ + 1 : 1;
        last_ = value;
        if (at_ == 0) reference_ = value, equal_ = 0;
        equal_ += value == reference_;
        at_ = (at_ + 1) % window;
        if (repeated_ >= cutoffs_.repetitions || equal_ >= cutoffs_.proportion) failed_ = true;
        if (seen_ < startup) ++seen_;
    }
    bool failed() const { return failed_; }
    /// Whether the source's samples count.
    bool good() const { return !failed_ && seen_ == startup; }
};

} // namespace entropy

// The data that is sent: blocks of 32 KiB, each its number (8 bytes, lowest first) and then always
// the same pseudo-random bytes. A block that is lost, doubled or in the wrong place changes the
// checksum as a wrong byte does; tests/system/net/transfers.py makes the same.
#pragma once

#include "kit/types.hpp"
#include <cstring>

namespace net_test {

class Pattern {
public:
    static constexpr u32 block = 32 << 10;

    Pattern()
    {
        u64 word = 88172645463325252; // xorshift64
        for (u64& each : words_) {
            word ^= word << 13, word ^= word >> 7, word ^= word << 17;
            each = word;
        }
    }
    /// Block `number`, whole.
    void write(u64 number, u8* out) const
    {
        std::memcpy(out, words_, block);
        std::memcpy(out, &number, sizeof number);
    }

private:
    u64 words_[block / 8];
};

} // namespace net_test

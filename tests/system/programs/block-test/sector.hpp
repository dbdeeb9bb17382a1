// A sector that says what it is: tests/system/disk_check.py reads the same layout from the image.
// Its first word and its last change with every write, so a sector that is half old and half new
// fails its checksum.
#pragma once

#include "kit/types.hpp"

namespace block_test {

inline constexpr u64 magic = 0x3174'7365'746b'6c62; ///< "blktest1"

/// Little endian.
struct Sector {
    u64 magic, number; ///< number: where it belongs
    u64 sequence;      ///< which writing of it this is
    u64 fill[60];
    u64 checksum; ///< of the words before

    static constexpr u64 prime = 0x9e37'79b9'7f4a'7c15;
    u64 sum() const
    {
        u64 sum = magic;
        auto const add = [&sum](u64 word) { sum = (sum ^ word) * prime, sum ^= sum >> 29; };
        add(number), add(sequence);
        for (u64 const word : fill) add(word);
        return sum;
    }
    void make(u64 at, u64 writing)
    {
        magic = block_test::magic, number = at, sequence = writing;
        u64 word = (at + 1) * prime ^ writing;
        for (u64& it : fill) it = word *= prime;
        checksum = sum();
    }
    bool good(u64 at) const
    {
        return magic == block_test::magic && number == at && checksum == sum();
    }
};
static_assert(sizeof(Sector) == 512);

} // namespace block_test

// Follows the chain of frame pointers of a stopped thread. Its stack is whatever the victim made of
// it: every address is only ever given to `read`, the chain must go upwards, and it ends after 12.
#pragma once

#include "kit/types.hpp"

namespace supervisor {

/// Fills `frames` with return addresses, innermost first; the rest is 0.
/// @param read  bool(u64 address, u64 (&pair)[2]): the two words there, false when it cannot
template <usize N, class Read> void backtrace(u64 frame_pointer, u64 (&frames)[N], Read&& read)
{
    for (u64& frame : frames) frame = 0;
    for (usize n = 0; n < N && frame_pointer != 0 && frame_pointer % sizeof(u64) == 0; ++n) {
        u64 pair[2] = {}; // the caller's frame pointer, and where the call returns to
        if (!read(frame_pointer, pair)) return;
        frames[n] = pair[1];
        if (pair[0] <= frame_pointer) return;
        frame_pointer = pair[0];
    }
}

} // namespace supervisor

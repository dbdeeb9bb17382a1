// How long a program was gone, over all its restarts: from the end to `ready` of the successor.
#pragma once

#include "kit/types.hpp"

namespace supervisor {

/// Microseconds; all 0 until there was one.
struct Recoveries {
    u64 count = 0, last = 0, least = 0, most = 0, sum = 0;

    void add(u64 us)
    {
        least = count == 0 || us < least ? us : least;
        most = us > most ? us : most;
        sum += us;
        last = us;
        ++count;
    }
};

} // namespace supervisor

// One figure of tests/bench/system.py: TSC ticks of each round, printed as a line that it reads.
#pragma once

#include "tests/system/programs/serial_line.hpp"
#include <algorithm>
#include <span>

namespace bench {

inline u64 now()
{
    return __builtin_ia32_rdtsc();
}

/// Prints rounds' ticks, which it sorts.
inline void report(test::SerialLine& line, char const* name, std::span<u64> rounds)
{
    u64 sum = 0;
    for (u64 const each : rounds) sum += each;
    std::sort(rounds.begin(), rounds.end());
    usize const count = rounds.size();
    line.print("bench: ", name, " count=", count, " min=", rounds[0], " median=", rounds[count / 2],
               " mean=", sum / count, " p99=", rounds[count * 99 / 100],
               " max=", rounds[count - 1]);
}

void restarts(program::Program const& self, test::SerialLine& line);
void scrolls(program::Program const& self, test::SerialLine& line);

} // namespace bench

// Figures of one operation: the ticks of the TSC between two points, many times. Under
// `scripts/run --icount` the TSC counts instructions, so two runs give the same figures.
// The points may lie in different threads: the first notes the time, the second records.
#pragma once

#include "thread.hpp"

namespace bench {

using kt::Slot;
using kt::Word;

inline constexpr Word rounds = 64, warm_up = 8;

/// Forgets all samples.
void begin();
/// Notes the time before what is measured.
void start();
/// Records the time since start(), net of what an empty measurement takes.
void stop();
bool enough();
/// Prints the figures of the samples since begin().
void report(char const* name);
/// How much an empty measurement takes.
void calibrate();
/// Prints all figures as JSON between marker lines.
void print_json();

/// Benchmarks: each prints its lines and leaves nothing behind.
extern std::span<kt::Case const> const operations;

} // namespace bench

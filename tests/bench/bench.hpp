// The benchmark's frame: an operation is carried out in rounds; each round gives samples of one or
// more figures, and a figure is reported by its least and median sample. Under --icount the TSC
// counts instructions, so two runs give the same figures. How a sample is taken: stopwatch.hpp.
// Invariant: begin() and next_round() stay functions that are called, because paths.py stops there.
#pragma once

#include "thread.hpp"

namespace bench {

using kt::Slot;
using kt::Word;

/// Rounds that count, after some that bring everything into a steady state.
inline constexpr Word rounds = 64, warm_up = 8;

/// Begins an operation: no samples yet.
void begin(char const* operation);
/// To be asked before each round; what is done until the next asking is the round. False at the
/// end.
bool next_round();
/// For helper threads: whether next_round() has answered false.
bool finished();
/// A sample of the running round, in instructions. `figure`: up to 3 of one operation.
void sample(Word instructions, Word figure = 0);
/// Prints a figure of the operation that has just ended.
void report(char const* name, Word figure = 0);
/// Prints a figure that was obtained in some other way.
void report_value(char const* name, Word least, Word median);
/// Prints all figures as JSON between marker lines.
void print_json();

/// The operations, by what they are about; each case leaves nothing behind.
extern kt::Suite const ipc_operations, object_operations, scheduling_operations;

} // namespace bench

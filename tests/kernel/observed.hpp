// The set-up that seL4's recorded answers were made with, and the comparison of one answer.
// The answers were watched on seL4 16.0.0 (x86_64, MCS); each row quotes the call it stands for.
#pragma once

#include "thread.hpp"

namespace kt::observed {

/// The error and message registers 0 to 3 after a refused call, as libsel4's stubs leave them: the
/// words that the kernel did not write are the arguments.
struct Answer {
    char const* call;
    Word error;
    Word mr[4];
};

/// Compares; after success only the error counts (the registers are then older than the call).
void compare(Answer const& expected, Word error);

// One row: the call, the error, the four words.
#define ROW(call, error, ...)                                                                      \
    ::kt::observed::compare({#call, error, {__VA_ARGS__}}, ::kt::as_word(call))

} // namespace kt::observed

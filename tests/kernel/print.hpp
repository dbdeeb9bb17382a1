// Text on the serial line, character by character: TAP lines and the reasons before them. Where the
// characters go is the program's choice: debug_calls.cpp (debug kernels only) for the tests,
// ../bench/port_console.cpp for the benchmark, which runs on release kernels.
// Never prints between two readings of the TSC that a test compares.
#pragma once

#include "kit/types.hpp"

#include <sel4/sel4.h>

namespace kt {

using Word = seL4_Word;

void put_char(char character);
/// Ends the emulator with success: what was printed is the verdict.
void end_machine();

struct Hex {
    Word value;
};

void print_one(char const* text);
void print_one(Word value); ///< decimal
void print_one(Hex value);  ///< with 0x

/// Prints every argument one after the other; no new line is added.
template <class... Parts> void print(Parts... parts)
{
    (print_one(parts), ...);
}

} // namespace kt

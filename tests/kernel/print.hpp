// Text on the debug console, one character per system call: TAP lines and the reasons before them.
// Needs a debug kernel. Never prints between two readings of the TSC that a test compares.
#pragma once

#include "kit/types.hpp"

#include <sel4/sel4.h>

namespace kt {

using Word = seL4_Word;

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

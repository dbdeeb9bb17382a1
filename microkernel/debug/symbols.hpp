// Names of the kernel's functions, for panic reports. The table is made from the linked kernel by
// scripts/gen/symbols.py and added by a second link (microkernel/meson.build); a release kernel has
// an empty one.
#pragma once

#include "kit/types.hpp"

namespace mk {

/// A function and how far into it an address lies.
struct Symbol {
    char const* name; ///< null when the address lies in no known function
    u64 offset;       ///< bytes
};

/// The function that contains an address. Takes time in proportion to the number of functions.
Symbol symbol_at(u64 address);

} // namespace mk

// Where the kernel sees physical memory, and where user addresses end.
#pragma once

#include "boot/handoff.hpp"

namespace mk {
inline constexpr u64 physmap_base = boot::physmap_base;
inline constexpr u64 user_top = 0x7fff'ffff'f000; ///< first address users may not map
} // namespace mk

// Host tests: physical addresses are the host's own pointers.
#pragma once

#include "kit/types.hpp"

namespace mk {
inline constexpr u64 physmap_base = 0;
inline constexpr u64 user_top = 0x7fff'ffff'f000;
} // namespace mk

// Text from a program that is to be shown to a person: without control characters (also C1, as
// UTF-8), so that no program can speak to a terminal through what it says.
#pragma once

#include "kit/types.hpp"
#include <string_view>

namespace text {

/// Copies at most `room` bytes; each byte of a control character becomes a blank. Returns the bytes
/// copied.
inline usize copy_clean(char* to, usize room, std::string_view from)
{
    usize length = 0;
    for (; length < from.size() && length < room; ++length) {
        auto const c = static_cast<u8>(from[length]);
        bool const c1 = c >= 0x80 && c < 0xa0 && length > 0 && from[length - 1] == '\xc2';
        to[length] = c < ' ' || c == 0x7f || c1 ? ' ' : from[length];
    }
    return length;
}

} // namespace text

// A screen of character cells: the client writes cells, the framebuffer driver draws those that
// differ from what it drew before (it never reads the framebuffer). A driver that replaces another
// draws them all. Geometry is the driver's, set before epoch; the client then fills `cell`.
#pragma once

#include "kit/types.hpp"
#include <atomic>

namespace display {

inline constexpr u32 max_columns = 256, max_rows = 128;

/// Unicode character, colours as indices into the 16 ANSI colours, attributes.
struct Cell {
    u32 character; ///< code point; 0 is an empty cell
    u8 foreground, background;
    u8 attributes; ///< bit 0 underline, bit 1 inverse, bit 2: left half of a wide glyph, 3: right
                   ///< half
    u8 reserved;
};
struct Shared {
    std::atomic<u32> epoch;         ///< of the driver; 0: none yet, geometry unknown
    std::atomic<u32> columns, rows; ///< at most max_columns, max_rows
    std::atomic<u32> changed; ///< the client adds 1 after writing cells, then signals the driver
    std::atomic<u32> drawn;  ///< the driver copies `changed` here when all of that is on the screen
    std::atomic<u32> cursor; ///< row << 16 | column; ~0: none
    alignas(64) Cell cell[max_rows * max_columns]; ///< row r begins at r * columns
};

} // namespace display

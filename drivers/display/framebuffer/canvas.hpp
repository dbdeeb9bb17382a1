// Cells to pixels: draws what differs from its own memory of the screen, and never reads the
// framebuffer (that is slow, and there is nothing to learn). Clients' cells are hostile: each is
// loaded once, as one word, and whatever it says picks a glyph, two of 16 colours and nothing else;
// where it is drawn follows from the geometry that was checked once. The font is
// scripts/gen/unifont.py's.
#pragma once

#include "protocol/display.hpp"

namespace framebuffer {

inline constexpr u32 cell_width = 8, cell_height = 16;

/// 32 bits per pixel, rows of `pitch` bytes; shifts say where a colour's 8 bits lie.
struct Surface {
    u8* pixels;
    u64 bytes;
    u64 width, height, pitch;
    u64 red_shift, green_shift, blue_shift;
};

class Canvas {
public:
    /// Clears the surface to black. False, and nothing is done, when the numbers do not fit
    /// together or there is no room for one cell.
    bool attach(Surface const& surface);
    u32 columns() const { return columns_; }
    u32 rows() const { return rows_; }

    /// Draws every cell that is not on the screen yet, the cursor as an inverse cell.
    void draw(display::Shared const& shared);
    /// How many cells draw() has drawn.
    u64 cells_drawn() const { return drawn_; }

private:
    /// Four pixels, one store.
    typedef u32 Pixels4 __attribute__((vector_size(16)));

    /// A cell as it is drawn.
    struct Shown {
        u32 glyph; ///< place in the font
        u8 ink, paper, underlined, reserved;
        bool operator==(Shown const&) const = default;
    };

    static Shown shown(u64 cell, bool cursor);
    void change(u32 at, Shown from, Shown to);
    void draw_cell(u8* pixels, Shown from, Shown to);
    void mix(u8 ink, u8 paper);
    void clear();

    Surface surface_{};
    u32 columns_ = 0, rows_ = 0;
    u64 drawn_ = 0;
    u32 colour_[16] = {};
    u32 mixed_ = 0;           // the colours that pixels_ is for, 0: none yet
    Pixels4 pixels_[16] = {}; // four pixels for each four bits of a glyph's row
    static constexpr u32 no_cursor = ~u32{0};
    u32 cursor_ = no_cursor; // the cell that is drawn as the cursor
    u64 cell_[display::max_rows * display::max_columns] = {}; // as last seen, and drawn
};

} // namespace framebuffer

// The character grid behind the terminal, with the lines that scrolled off its top. All lines lie
// in one ring of cells: scrolling the whole screen moves the start, not the cells. Rows and columns
// from 0; whatever is outside is ignored or cut, so that no escape sequence can reach further.
#pragma once

#include "protocol/display.hpp"

namespace console_server {

using display::Cell;

/// Bits of Cell::attributes.
inline constexpr u8 underline = 1, inverse = 2, wide_left = 4, wide_right = 8;

class Screen {
public:
    /// An empty cell in these colours.
    static constexpr Cell blank(u8 foreground, u8 background)
    {
        return {' ', foreground, background, 0, 0};
    }

    /// Another geometry; lines are cut or filled up on the right, and the last ones stay visible.
    /// What had scrolled off is forgotten. Both at least 1, at most display::max_*.
    void resize(u32 columns, u32 rows);
    u32 columns() const { return columns_; }
    u32 rows() const { return rows_; }

    Cell const* line(u32 row) const { return &cell_[slot(row) * columns_]; }
    void put(u32 row, u32 column, Cell cell);
    /// Fills columns first to last - 1 of a row. Half of a wide character that is left is blanked.
    void fill(u32 row, u32 first, u32 last, Cell cell);
    /// Moves what is from column `from` on to `to`; what comes free is filled, what leaves is lost.
    void move(u32 row, u32 from, u32 to, Cell filler);
    /// Rows first to last - 1 move up (or down) by `count`. With the whole screen moving up, lines
    /// are kept to look back at.
    void scroll_up(u32 first, u32 last, u32 count, Cell filler);
    void scroll_down(u32 first, u32 last, u32 count, Cell filler);

    /// Looking back: how many lines above the screen's own are shown. Any output brings it to 0.
    void look_back(u32 lines) { back_ = lines < kept_ ? lines : kept_; }
    u32 looks_back() const { return back_; }
    /// Row `row` as it is to be shown.
    Cell const* shown(u32 row) const { return &cell_[slot(row - back_) * columns_]; }

private:
    static constexpr u32 cell_count = 64 * 1024; // 512 KiB: 350 lines of 160 to look back at
    static_assert(cell_count >= display::max_columns * display::max_rows);

    /// Place of a row in the ring; rows above the screen are negative, as u32.
    u32 slot(u32 row) const { return (top_ + lines_ + row) % lines_; }
    Cell* row_cells(u32 row) { return &cell_[slot(row) * columns_]; }

    u32 columns_ = 0, rows_ = 0;
    u32 lines_ = 0;          // that the ring holds, with this many columns
    u32 top_ = 0, kept_ = 0; // place of row 0; lines above it that are kept
    u32 back_ = 0;
    Cell cell_[cell_count] = {};
};

} // namespace console_server

// See screen.hpp.
#include "servers/console/screen.hpp"

namespace console_server {

void Screen::resize(u32 columns, u32 rows)
{
    if (columns == 0 || rows == 0 || columns > display::max_columns || rows > display::max_rows)
        return;
    // Through a copy, because lines of another length overlap. Few: once per framebuffer.
    static Cell old[display::max_rows][display::max_columns];
    u32 const keep_rows = rows < rows_ ? rows : rows_;
    u32 const keep_columns = columns < columns_ ? columns : columns_;
    for (u32 row = 0; row < keep_rows; ++row)
        for (u32 column = 0; column < keep_columns; ++column)
            old[row][column] = line(rows_ - keep_rows + row)[column];
    columns_ = columns;
    rows_ = rows;
    lines_ = cell_count / columns;
    top_ = kept_ = back_ = 0;
    for (u32 row = 0; row < rows; ++row)
        for (u32 column = 0; column < columns; ++column)
            row_cells(row)[column] =
                row < keep_rows && column < keep_columns ? old[row][column] : blank(7, 0);
}

void Screen::put(u32 row, u32 column, Cell cell)
{
    if (row < rows_ && column < columns_) row_cells(row)[column] = cell;
}

void Screen::fill(u32 row, u32 first, u32 last, Cell cell)
{
    if (row >= rows_) return;
    if (last > columns_) last = columns_;
    if (first >= last) return;
    Cell* const cells = row_cells(row);
    auto const blank_half = [](Cell& half) {
        half.character = ' ';
        half.attributes = 0;
    };
    if (first > 0 && cells[first].attributes & wide_right) blank_half(cells[first - 1]);
    if (last < columns_ && cells[last].attributes & wide_right) blank_half(cells[last]);
    for (u32 column = first; column < last; ++column) cells[column] = cell;
}

void Screen::move(u32 row, u32 from, u32 to, Cell filler)
{
    if (row >= rows_ || from > columns_ || to > columns_) return;
    Cell* const cells = row_cells(row);
    if (from > to) { // to the left
        u32 const count = columns_ - from;
        for (u32 i = 0; i < count; ++i) cells[to + i] = cells[from + i];
        for (u32 column = to + count; column < columns_; ++column) cells[column] = filler;
    } else {
        for (u32 column = columns_; column-- > to;) cells[column] = cells[column - (to - from)];
        for (u32 column = from; column < to; ++column) cells[column] = filler;
    }
}

void Screen::scroll_up(u32 first, u32 last, u32 count, Cell filler)
{
    if (last > rows_) last = rows_;
    if (first >= last) return;
    if (count > last - first) count = last - first;
    if (first == 0 && last == rows_) {
        top_ = (top_ + count) % lines_;
        kept_ = kept_ + count < lines_ - rows_ ? kept_ + count : lines_ - rows_;
    } else {
        for (u32 row = first; row + count < last; ++row)
            for (u32 column = 0; column < columns_; ++column)
                row_cells(row)[column] = line(row + count)[column];
    }
    for (u32 row = last - count; row < last; ++row)
        for (u32 column = 0; column < columns_; ++column) row_cells(row)[column] = filler;
}

void Screen::scroll_down(u32 first, u32 last, u32 count, Cell filler)
{
    if (last > rows_) last = rows_;
    if (first >= last) return;
    if (count > last - first) count = last - first;
    for (u32 row = last; row-- > first + count;)
        for (u32 column = 0; column < columns_; ++column)
            row_cells(row)[column] = line(row - count)[column];
    for (u32 row = first; row < first + count; ++row)
        for (u32 column = 0; column < columns_; ++column) row_cells(row)[column] = filler;
}

} // namespace console_server

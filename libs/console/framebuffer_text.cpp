// Drawing for FramebufferText. The glyphs come from console/font.hpp, which scripts/gen/font.py
// makes at build time.
#include "console/framebuffer_text.hpp"

#include "console/font.hpp"

namespace {

using console_font::glyph_height;
constexpr u32 glyph_width = 8;
constexpr u32 tab_width = 8;
constexpr char first_printable = ' ', last_printable = '~';

} // namespace

void FramebufferText::attach(Surface const& surface)
{
    detach();
    if (surface.pixels == nullptr || surface.pitch / 4 < surface.width) return;
    if (surface.red_shift > 24 || surface.green_shift > 24 || surface.blue_shift > 24) return;
    if (surface.width < glyph_width || surface.height < glyph_height) return;
    surface_ = surface;
    columns_ = surface.width / glyph_width;
    rows_ = surface.height / glyph_height;
    if (columns_ > max_columns) columns_ = max_columns;
    if (rows_ > max_rows) rows_ = max_rows;
    column_ = row_ = 0;
    ink_ = pixel(0xd0, 0xd0, 0xd0);
    paper_ = pixel(0x10, 0x14, 0x1c);
    for (auto& line : cells_) line.fill(' ');
    fill(paper_);
}

void FramebufferText::put(char c)
{
    if (!attached()) return;
    switch (c) {
    case '\n':
        new_line();
        return;
    case '\r':
        column_ = 0;
        return;
    case '\b':
        if (column_ > 0) --column_;
        return;
    case '\t':
        do put(' ');
        while (column_ % tab_width != 0);
        return;
    default:
        break;
    }
    if (column_ == columns_) new_line(); // wrap only when another character comes
    set(column_++, row_, c < first_printable || c > last_printable ? '?' : c);
}

char FramebufferText::at(u32 column, u32 row) const
{
    return column < columns_ && row < rows_ ? cells_[row][column] : ' ';
}

void FramebufferText::new_line()
{
    column_ = 0;
    if (row_ + 1 < rows_)
        ++row_;
    else
        scroll();
}

void FramebufferText::scroll()
{
    for (u32 row = 0; row < rows_; ++row)
        for (u32 column = 0; column < columns_; ++column)
            set(column, row, row + 1 < rows_ ? cells_[row + 1][column] : ' ');
}

void FramebufferText::set(u32 column, u32 row, char c)
{
    if (cells_[row][column] == c) return;
    cells_[row][column] = c;
    draw(column, row, c);
}

void FramebufferText::draw(u32 column, u32 row, char c) const
{
    auto const& glyph = console_font::glyphs[static_cast<usize>(c - first_printable)];
    for (u32 y = 0; y < glyph_height; ++y) {
        usize const line = usize{row * glyph_height + y} * surface_.pitch;
        auto* const out =
            reinterpret_cast<u32 volatile*>(surface_.pixels + line) + usize{column} * glyph_width;
        for (u32 x = 0; x < glyph_width; ++x)
            out[x] = (glyph[y] >> (7 - x) & 1) != 0 ? ink_ : paper_;
    }
}

void FramebufferText::fill(u32 pixel) const
{
    for (u32 y = 0; y < surface_.height; ++y) {
        auto* const out =
            reinterpret_cast<u32 volatile*>(surface_.pixels + usize{y} * surface_.pitch);
        for (u32 x = 0; x < surface_.width; ++x) out[x] = pixel;
    }
}

u32 FramebufferText::pixel(u8 red, u8 green, u8 blue) const
{
    return u32{red} << surface_.red_shift | u32{green} << surface_.green_shift |
           u32{blue} << surface_.blue_shift;
}

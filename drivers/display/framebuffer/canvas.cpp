// See canvas.hpp.
#include "drivers/display/framebuffer/canvas.hpp"

#include "unifont.hpp"

namespace framebuffer {

namespace {

using unifont::Run;

constexpr u8 attribute_underline = 1, attribute_inverse = 2, left_half = 4, right_half = 8;
constexpr u32 underline_row = 14;

/// The 16 colours of the terminal, red, green and blue.
constexpr u8 palette[16][3] = {
    {0x00, 0x00, 0x00}, {0xcd, 0x31, 0x31}, {0x2e, 0xa0, 0x43}, {0xc4, 0xa0, 0x00},
    {0x34, 0x72, 0xd8}, {0xa8, 0x4f, 0xb8}, {0x2a, 0xa1, 0xb3}, {0xd0, 0xd0, 0xd0},
    {0x76, 0x76, 0x76}, {0xf1, 0x4c, 0x4c}, {0x5f, 0xd6, 0x7a}, {0xf2, 0xd0, 0x4e},
    {0x6c, 0xa8, 0xff}, {0xd6, 0x7d, 0xe6}, {0x5c, 0xd9, 0xe8}, {0xff, 0xff, 0xff},
};

/// The run that holds a character, or null.
Run const* find(u32 character)
{
    Run const* first = unifont::runs;
    Run const* last = first + sizeof unifont::runs / sizeof(Run);
    while (first < last) {
        Run const* const middle = first + (last - first) / 2;
        if (character > middle->last)
            first = middle + 1;
        else if (character < middle->first)
            last = middle;
        else
            return middle;
    }
    return nullptr;
}

constexpr u32 blank_glyph = 0; // the first of the font: a space
static_assert(unifont::runs[0].first == ' ' && unifont::runs[0].cell == blank_glyph);

/// Place in the font of what a cell shows. A wide character is drawn only where a cell says that
/// it is one of its halves; otherwise, like all that the font lacks, it is the replacement
/// character.
u32 glyph_of(u32 character, u8 attributes)
{
    constexpr Run ascii = unifont::runs[0]; // nearly everything
    if (character >= ascii.first && character <= ascii.last && !(attributes & right_half))
        return ascii.cell + (character - ascii.first);
    if (character == 0) return blank_glyph;
    Run const* const run = find(character);
    bool const half = attributes & (left_half | right_half);
    if (run != nullptr && run->wide && half)
        return run->cell + (character - run->first) * 2 + (attributes & right_half ? 1 : 0);
    if (attributes & right_half) return blank_glyph; // beside a glyph that is narrow here
    if (run == nullptr || run->wide) return unifont::replacement_cell;
    return run->cell + (character - run->first);
}

} // namespace

bool Canvas::attach(Surface const& surface)
{
    if (surface.width < cell_width || surface.height < cell_height) return false;
    if (surface.width > 65535 || surface.height > 65535 || surface.pitch > 4 * 65536) return false;
    if (surface.pitch < surface.width * 4 || surface.pitch % 4 != 0) return false;
    if (surface.pixels == nullptr || surface.bytes < surface.pitch * surface.height) return false;
    if (surface.red_shift > 24 || surface.green_shift > 24 || surface.blue_shift > 24) return false;
    surface_ = surface;
    auto const fit = [](u64 pixels, u32 cell, u32 most) {
        u64 const count = pixels / cell;
        return static_cast<u32>(count < most ? count : most);
    };
    columns_ = fit(surface.width, cell_width, display::max_columns);
    rows_ = fit(surface.height, cell_height, display::max_rows);
    for (usize i = 0; i < 16; ++i)
        colour_[i] = u32{palette[i][0]} << surface.red_shift |
                     u32{palette[i][1]} << surface.green_shift |
                     u32{palette[i][2]} << surface.blue_shift;
    mixed_ = 0;
    clear();
    return true;
}

void Canvas::clear()
{
    Pixels4 const black{colour_[0], colour_[0], colour_[0], colour_[0]};
    for (u64 y = 0; y < surface_.height; ++y) {
        u8* at = surface_.pixels + y * surface_.pitch;
        u64 left = surface_.width;
        for (; left >= 4; left -= 4, at += sizeof black) __builtin_memcpy(at, &black, sizeof black);
        __builtin_memcpy(at, &black, left * sizeof(u32));
    }
    for (u64& each : cell_) each = 0; // an empty cell: black
    cursor_ = no_cursor;
}

Canvas::Shown Canvas::shown(u64 word, bool cursor)
{
    display::Cell cell;
    __builtin_memcpy(&cell, &word, sizeof cell);
    u8 ink = cell.foreground & 15, paper = cell.background & 15;
    if (((cell.attributes & attribute_inverse) != 0) != cursor) {
        u8 const swapped = ink;
        ink = paper;
        paper = swapped;
    }
    return {glyph_of(cell.character, cell.attributes), ink, paper,
            static_cast<u8>(cell.attributes & attribute_underline), 0};
}

void Canvas::draw(display::Shared const& shared)
{
    u32 const count = rows_ * columns_;
    // Nearly all cells are as they were: this loop is what a picture costs at least.
    for (u32 at = 0; at < count; ++at) {
        auto const& cell = reinterpret_cast<std::atomic<u64> const&>(shared.cell[at]);
        u64 const now = cell.load(std::memory_order_relaxed);
        if (now == cell_[at]) continue;
        bool const cursor = at == cursor_;
        change(at, shown(cell_[at], cursor), shown(now, cursor));
        cell_[at] = now;
    }
    u32 const place = shared.cursor.load(std::memory_order_relaxed);
    u32 const row = place >> 16, column = place & 0xffff;
    u32 const cursor = row < rows_ && column < columns_ ? row * columns_ + column : no_cursor;
    if (cursor != cursor_) {
        for (u32 const at : {cursor_, cursor})
            if (at != no_cursor)
                change(at, shown(cell_[at], at == cursor_), shown(cell_[at], at == cursor));
        cursor_ = cursor;
    }
    asm volatile("sfence" : : : "memory"); // out of the write-combining buffers
}

void Canvas::change(u32 at, Shown from, Shown to)
{
    if (from == to) return;
    u64 const line = at / columns_ * cell_height * surface_.pitch;
    draw_cell(surface_.pixels + line + u64{at % columns_} * cell_width * 4, from, to);
    ++drawn_;
}

void Canvas::mix(u8 ink, u8 paper)
{
    u32 const both = 0x100u | u32{ink} << 4 | paper;
    if (both == mixed_) return;
    mixed_ = both;
    for (unsigned bits = 0; bits < 16; ++bits)
        for (unsigned i = 0; i < 4; ++i)
            pixels_[bits][i] = colour_[bits >> (3 - i) & 1 ? ink : paper];
}

namespace {

/// Eight rows of a glyph as one word, the top one in its lowest byte.
struct Rows {
    u64 half[2];
};
Rows rows_of(u32 glyph, bool underlined)
{
    Rows rows;
    __builtin_memcpy(&rows, unifont::cells[glyph], sizeof rows);
    if (underlined) rows.half[1] |= u64{0xff} << (underline_row % 8 * 8);
    return rows;
}

} // namespace

/// Rows of pixels that stay as they are are left out: most of the rows of text are empty.
void Canvas::draw_cell(u8* pixels, Shown from, Shown to)
{
    mix(to.ink, to.paper);
    Rows const before = rows_of(from.glyph, from.underlined);
    Rows const now = rows_of(to.glyph, to.underlined);
    for (usize half = 0; half < 2; ++half) {
        // Bytes that are not 0 are rows to draw: those that differ, with another ink those that
        // have ink, with another paper all.
        u64 left = before.half[half] ^ now.half[half];
        if (from.ink != to.ink) left |= now.half[half];
        if (from.paper != to.paper) left = ~u64{0};
        u64 bits = now.half[half];
        for (u8* row = pixels + half * 8 * surface_.pitch; left != 0; row += surface_.pitch) {
            if (left & 0xff) {
                __builtin_memcpy(row, &pixels_[bits >> 4 & 15], sizeof(Pixels4));
                __builtin_memcpy(row + sizeof(Pixels4), &pixels_[bits & 15], sizeof(Pixels4));
            }
            left >>= 8;
            bits >>= 8;
        }
    }
}

} // namespace framebuffer

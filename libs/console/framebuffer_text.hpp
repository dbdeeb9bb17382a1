// Text on a linear framebuffer of 32 bits per pixel, for loaders and the kernel's log.
// It never reads the framebuffer (reading uncached memory is slow): the text is kept in a grid,
// and scrolling draws only the cells that change. The object is large (about 20 KiB) and
// constinit, so make it a global.
#pragma once

#include "kit/types.hpp"
#include <array>
#include <string_view>

class FramebufferText {
public:
    /// Where to draw. Shifts say where a colour's 8 bits lie in a pixel.
    struct Surface {
        u8 volatile* pixels;      ///< mapped address of the top left pixel
        u32 width, height, pitch; ///< pixels, pixels, bytes from line to line
        u8 red_shift, green_shift, blue_shift;
    };

    /// Largest grid in characters; a bigger surface is used in its top left part only.
    static constexpr u32 max_columns = 240, max_rows = 84;

    /// Clears the surface and puts the cursor into its top left corner. A surface without room
    /// for one character, or with impossible numbers, is ignored.
    void attach(Surface const& surface);
    /// Forgets the surface: put() does nothing from now on.
    void detach() { columns_ = rows_ = 0; }
    /// Goes on drawing at another mapping of the same surface, keeping text and cursor.
    void move_to(u8 volatile* pixels) { surface_.pixels = pixels; }
    bool attached() const { return columns_ != 0; }

    /// Draws a character and advances. Knows \n, \r, \t and \b; any other character outside
    /// printable ASCII shows as '?'.
    void put(char c);
    void write(std::string_view text)
    {
        for (char const c : text) put(c);
    }

    u32 columns() const { return columns_; }
    u32 rows() const { return rows_; }
    /// The character in a cell of the grid, as drawn. Cells outside are blank.
    char at(u32 column, u32 row) const;

private:
    void new_line();
    void scroll();
    void set(u32 column, u32 row, char c);
    void draw(u32 column, u32 row, char c) const;
    void fill(u32 pixel) const;
    u32 pixel(u8 red, u8 green, u8 blue) const;

    Surface surface_{};
    u32 columns_ = 0, rows_ = 0, column_ = 0, row_ = 0;
    u32 ink_ = 0, paper_ = 0;
    std::array<std::array<char, max_columns>, max_rows> cells_{};
};

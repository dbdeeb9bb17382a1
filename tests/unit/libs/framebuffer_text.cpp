// Rules of FramebufferText: it draws inside the surface only, at any pitch and colour order; what
// is on the surface is always what the grid says; scrolling moves lines up.
#include "console/framebuffer_text.hpp"

#include "console/font.hpp"
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr u32 guard = 0xdead'beef;

/// A framebuffer in ordinary memory, with guard pixels to the right of every line and below.
struct Screen {
    u32 width, height, pitch_pixels;
    std::vector<u32> pixels;
    std::unique_ptr<FramebufferText> text = std::make_unique<FramebufferText>();

    Screen(u32 w, u32 h, u32 extra, u8 red = 16, u8 green = 8, u8 blue = 0)
        : width{w}, height{h}, pitch_pixels{w + extra}, pixels(usize{pitch_pixels} * (h + 1), guard)
    {
        text->attach({reinterpret_cast<u8 volatile*>(pixels.data()), w, h, pitch_pixels * 4, red,
                      green, blue});
    }
    u32 at(u32 x, u32 y) const { return pixels[usize{y} * pitch_pixels + x]; }
    bool guards_intact() const
    {
        for (usize i = 0; i < pixels.size(); ++i) {
            bool const inside = i % pitch_pixels < width && i / pitch_pixels < height;
            if (!inside && pixels[i] != guard) return false;
        }
        return true;
    }
    /// Whether the pixels of every cell are the glyph of the character the grid has there.
    bool shows_grid() const
    {
        u32 const paper = at(0, 0); // no glyph reaches the top left pixel
        for (u32 row = 0; row < text->rows(); ++row)
            for (u32 column = 0; column < text->columns(); ++column)
                if (!shows(column, row, paper)) return false;
        return true;
    }
    std::string line(u32 row) const
    {
        std::string out;
        for (u32 c = 0; c < text->columns(); ++c) out += text->at(c, row);
        return out.substr(0, out.find_last_not_of(' ') + 1);
    }

private:
    bool shows(u32 column, u32 row, u32 paper) const
    {
        auto const& glyph = console_font::glyphs[text->at(column, row) - ' '];
        for (u32 y = 0; y < console_font::glyph_height; ++y)
            for (u32 x = 0; x < 8; ++x) {
                bool const ink = at(column * 8 + x, row * console_font::glyph_height + y) != paper;
                if (ink != ((glyph[y] >> (7 - x) & 1) != 0)) return false;
            }
        return true;
    }
};

} // namespace

TEST_CASE("text appears where the cursor is, and nowhere else", "[framebuffer]")
{
    Screen s{200, 100, 7};
    CHECK(s.text->columns() == 25);
    CHECK(s.text->rows() == 6);
    s.text->write("Hello,\n\tworld\b!");
    CHECK(s.line(0) == "Hello,");
    CHECK(s.line(1) == "        worl!");
    CHECK(s.shows_grid());
    CHECK(s.guards_intact());
}

TEST_CASE("a full line wraps and a full screen scrolls", "[framebuffer]")
{
    Screen s{80, 48, 0};
    s.text->write("0123456789");
    CHECK(s.line(0) == "0123456789");
    s.text->write("ab\n2\n3");
    CHECK(s.line(0) == "ab");
    CHECK(s.line(2) == "3");
    for (int i = 0; i < 1000; ++i) s.text->write("line " + std::to_string(i) + "\n");
    CHECK(s.line(0) == "line 998");
    CHECK(s.line(1) == "line 999");
    CHECK(s.line(2).empty());
    CHECK(s.shows_grid());
    CHECK(s.guards_intact());
}

TEST_CASE("bytes that are not printable ASCII show as question marks", "[framebuffer]")
{
    Screen s{320, 32, 3};
    s.text->write("a\x01\x7f\xff z~");
    CHECK(s.line(0) == "a??? z~");
}

TEST_CASE("colours follow the surface's shifts", "[framebuffer]")
{
    Screen rgb{16, 16, 0, 0, 8, 16}, bgr{16, 16, 0, 16, 8, 0};
    u32 const a = rgb.at(0, 0), b = bgr.at(0, 0);
    CHECK((a & 0xff) == (b >> 16 & 0xff));
    CHECK((a >> 8 & 0xff) == (b >> 8 & 0xff));
    CHECK((a >> 16 & 0xff) == (b & 0xff));
}

TEST_CASE("impossible surfaces are ignored", "[framebuffer]")
{
    std::vector<u32> pixels(1000, guard);
    auto* const at = reinterpret_cast<u8 volatile*>(pixels.data());
    FramebufferText::Surface const bad[] = {
        {nullptr, 80, 25, 320, 16, 8, 0}, {at, 80, 25, 300, 16, 8, 0}, {at, 7, 25, 320, 16, 8, 0},
        {at, 80, 15, 320, 16, 8, 0},      {at, 80, 25, 320, 25, 8, 0}, {at, 0, 0, 0, 0, 0, 0}};
    auto text = std::make_unique<FramebufferText>();
    for (auto const& surface : bad) {
        text->attach(surface);
        text->write("text\n");
        CHECK_FALSE(text->attached());
    }
    CHECK(pixels == std::vector<u32>(1000, guard));
}

TEST_CASE("a surface larger than the grid is used in part", "[framebuffer]")
{
    Screen s{3840, 2160, 0};
    CHECK(s.text->columns() == FramebufferText::max_columns);
    CHECK(s.text->rows() == FramebufferText::max_rows);
    for (int i = 0; i < 100; ++i) s.text->write(std::string(300, 'x') + "\n");
    CHECK(s.shows_grid());
    CHECK(s.guards_intact());
}

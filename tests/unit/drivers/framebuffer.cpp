// The framebuffer driver's canvas: pixels compared with Unifont's own file, bit by bit; what is not
// drawn again; geometries and cells that lie.
#include "drivers/display/framebuffer/canvas.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using display::Cell;
using framebuffer::Canvas;
using framebuffer::Surface;

namespace {

constexpr u32 black = 0x000000, grey = 0xd0d0d0, red = 0xcd3131;

/// Rows of a glyph as the font's file has them, and its width.
struct Glyph {
    unsigned width = 0;
    std::vector<u32> rows;
};

std::map<u32, Glyph> const& font()
{
    static auto const glyphs = [] {
        std::map<u32, Glyph> all;
        std::ifstream file{"/usr/share/unifont/unifont.hex"};
        for (std::string line; std::getline(file, line);) {
            auto const colon = line.find(':');
            auto const digits = (line.size() - colon - 1) / 16;
            Glyph glyph{static_cast<unsigned>(digits * 4), {}};
            for (usize i = 0; i < 16; ++i)
                glyph.rows.push_back(static_cast<u32>(
                    std::stoul(line.substr(colon + 1 + i * digits, digits), nullptr, 16)));
            all[static_cast<u32>(std::stoul(line, nullptr, 16))] = glyph;
        }
        return all;
    }();
    return glyphs;
}

/// A canvas over memory with guards around every row and both ends.
struct World {
    static constexpr usize guard = 256;
    static constexpr u8 untouched = 0xa5;
    u32 width, height, pitch;
    std::vector<u8> memory;
    std::unique_ptr<Canvas> canvas = std::make_unique<Canvas>();
    std::unique_ptr<display::Shared> shared = std::make_unique<display::Shared>();
    bool attached;

    World(u32 w, u32 h, u32 p)
        : width{w}, height{h}, pitch{p}, memory(guard * 2 + usize{p} * h, untouched)
    {
        attached = canvas->attach(surface());
        shared->cursor = ~u32{0};
    }
    Surface surface()
    {
        return {memory.data() + guard, u64{pitch} * height, width, height, pitch, 16, 8, 0};
    }
    u32 pixel(u32 x, u32 y) const
    {
        u32 value = 0;
        __builtin_memcpy(&value, memory.data() + guard + usize{y} * pitch + x * 4, 4);
        return value;
    }
    Cell& cell(u32 row, u32 column) { return shared->cell[row * canvas->columns() + column]; }
    void draw() { canvas->draw(*shared); }

    /// Whether the cell shows 8 columns of `rows` (bits above `shift`) in these colours.
    bool shows(u32 row, u32 column, std::vector<u32> const& rows, unsigned shift, u32 ink,
               u32 paper) const
    {
        for (u32 y = 0; y < 16; ++y)
            for (u32 x = 0; x < 8; ++x) {
                bool const on = rows[y] >> shift >> (7 - x) & 1;
                if (pixel(column * 8 + x, row * 16 + y) != (on ? ink : paper)) return false;
            }
        return true;
    }
    bool shows(u32 row, u32 column, u32 character, u32 ink = grey, u32 paper = black) const
    {
        return shows(row, column, font().at(character).rows, 0, ink, paper);
    }
    /// Whether nothing outside of the visible pixels was written.
    bool guards_hold() const
    {
        for (usize i = 0; i < guard; ++i)
            if (memory[i] != untouched || memory[memory.size() - 1 - i] != untouched) return false;
        for (u32 y = 0; y < height; ++y)
            for (u32 x = width * 4; x < pitch; ++x)
                if (memory[guard + usize{y} * pitch + x] != untouched) return false;
        return true;
    }
};

} // namespace

TEST_CASE("every glyph that the font has is drawn as the font's file has it", "[framebuffer]")
{
    World w{64, 48, 64 * 4};
    REQUIRE(w.attached);
    auto const& replacement = font().at(0xfffd).rows;
    usize narrow = 0, wide = 0, missing = 0;
    for (u32 code = 1; code < 0x1'0000; ++code) {
        auto const found = font().find(code);
        if (found == font().end()) continue;
        w.cell(1, 2) = {code, 7, 0, 0, 0};
        w.cell(1, 3) = {'x', 7, 0, 0, 0};
        w.draw();
        if (found->second.width == 8 && w.shows(1, 2, code)) {
            ++narrow;
            continue;
        }
        REQUIRE(w.shows(1, 2, replacement, 0, grey, black));
        REQUIRE(w.shows(1, 3, 'x'));
        w.cell(1, 2) = {code, 7, 0, 4, 0};
        w.cell(1, 3) = {code, 7, 0, 8, 0};
        w.draw();
        auto const& rows = found->second.rows;
        if (found->second.width == 16 && w.shows(1, 2, rows, 8, grey, black)) {
            REQUIRE(w.shows(1, 3, rows, 0, grey, black));
            ++wide;
        } else {
            ++missing;
        }
    }
    CHECK(narrow > 3300);
    CHECK(wide > 300);
    CHECK(missing > 20'000); // Han and Hangul
    CHECK(w.guards_hold());
}

TEST_CASE("what people write is there", "[framebuffer]")
{
    World w{64, 48, 64 * 4};
    for (u32 const code : {u32{'A'}, u32{'~'}, 0xe9u, 0x3a9u, 0x416u, 0x2500u, 0x2588u, 0x2592u,
                           0x2192u, 0x2211u, 0x221au, 0x25cfu, 0x20acu}) {
        w.cell(0, 0) = {code, 7, 0, 0, 0};
        w.draw();
        CHECK(w.shows(0, 0, code));
    }
}

TEST_CASE("colours, underline, inverse, cursor", "[framebuffer]")
{
    World w{64, 48, 64 * 4};
    w.cell(0, 0) = {'g', 1, 7, 0, 0};
    w.cell(0, 1) = {'g', 1, 7, 2, 0};
    w.cell(0, 2) = {'g', 7, 0, 1, 0};
    w.cell(0, 3) = {'g', 0xf1, 0xf7, 0xf0, 0xff}; // bits that mean nothing
    w.shared->cursor = 1 << 16 | 4;
    w.draw();
    CHECK(w.shows(0, 0, 'g', red, grey));
    CHECK(w.shows(0, 1, 'g', grey, red));
    CHECK(w.shows(0, 3, 'g', red, grey));
    auto rows = font().at('g').rows;
    rows[14] = 0xff;
    CHECK(w.shows(0, 2, rows, 0, grey, black));
    CHECK(w.shows(1, 4, ' ', grey, black)); // a blank of a fresh screen: no ink yet
    w.cell(1, 4) = {'c', 7, 0, 0, 0};
    w.draw();
    CHECK(w.shows(1, 4, 'c', black, grey));
    w.shared->cursor = ~u32{0};
    w.draw();
    CHECK(w.shows(1, 4, 'c'));
}

TEST_CASE("only what changed is drawn", "[framebuffer]")
{
    World w{640, 400, 640 * 4};
    for (u32 i = 0; i < 80 * 25; ++i) w.shared->cell[i] = {'a' + i % 26, 7, 0, 0, 0};
    w.draw();
    CHECK(w.canvas->cells_drawn() == 80 * 25);
    w.draw();
    CHECK(w.canvas->cells_drawn() == 80 * 25);
    w.cell(3, 3).character = 'A';
    w.draw();
    CHECK(w.canvas->cells_drawn() == 80 * 25 + 1);
    w.cell(4, 4) = {' ', 5, 0, 0, 0};
    w.draw();
    auto const before = w.memory;
    w.cell(4, 4) = {0, 9, 0, 0, 0}; // a blank in another ink, and an empty cell: no pixel changes
    w.draw();
    CHECK(w.memory == before);
}

TEST_CASE("a cell after any other is drawn right", "[framebuffer]")
{
    World w{64, 48, 64 * 4};
    std::mt19937 random{11};
    constexpr u32 codes[] = {' ', 'x', 'g', '_', 0x2588, 0x2500, 0x3042, 0};
    for (int i = 0; i < 20'000; ++i) {
        Cell const cell{codes[random() % 8], static_cast<u8>(random() % 16),
                        static_cast<u8>(random() % 16), static_cast<u8>(random() % 16), 0};
        w.cell(1, 1) = cell;
        w.draw();
        if (i % 50 != 0) continue;
        World fresh{64, 48, 64 * 4}; // against a canvas that drew nothing before
        fresh.cell(1, 1) = cell;
        fresh.draw();
        REQUIRE(w.memory == fresh.memory);
    }
}

TEST_CASE("geometries that lie are refused", "[framebuffer]")
{
    World w{64, 48, 64 * 4};
    auto const refused = [&](auto change) {
        Surface surface = w.surface();
        change(surface);
        return !std::make_unique<Canvas>()->attach(surface);
    };
    CHECK_FALSE(refused([](Surface&) {}));
    CHECK(refused([](Surface& s) { s.pixels = nullptr; }));
    CHECK(refused([](Surface& s) { --s.bytes; }));
    CHECK(refused([](Surface& s) { s.width = 65; }));
    CHECK(refused([](Surface& s) { s.width = 7; }));
    CHECK(refused([](Surface& s) { s.height = 15; }));
    CHECK(refused([](Surface& s) { s.height = 49; }));
    CHECK(refused([](Surface& s) { s.pitch = 64 * 4 + 2; }));
    CHECK(refused([](Surface& s) { s.pitch = u64{1} << 60; }));
    CHECK(refused([](Surface& s) { s.height = u64{1} << 62; }));
    CHECK(refused([](Surface& s) { s.red_shift = 25; }));
}

TEST_CASE("odd sizes stay inside their pixels", "[framebuffer]")
{
    for (auto [width, height, pitch] : {std::tuple{8u, 16u, 32u},
                                        {9u, 17u, 40u},
                                        {1366u, 768u, 1376u * 4},
                                        {2560u, 2160u, 2560u * 4}}) {
        World w{width, height, pitch};
        REQUIRE(w.attached);
        for (Cell& cell : w.shared->cell) cell = {0x2588, 15, 1, 0, 0};
        w.draw();
        CHECK(w.guards_hold());
        CHECK(w.pixel(0, 0) == 0xffffff);
        CHECK(w.pixel(w.canvas->columns() * 8 - 1, w.canvas->rows() * 16 - 1) == 0xffffff);
    }
}

TEST_CASE("a client that changes everything while it is drawn cannot leave the screen",
          "[framebuffer]")
{
    World w{203, 100, 208 * 4};
    std::atomic<bool> stop{false};
    std::thread hostile{[&] {
        std::mt19937_64 random{5};
        while (!stop) {
            auto& word = reinterpret_cast<std::atomic<u64>&>(
                w.shared->cell[random() % (display::max_rows * display::max_columns)]);
            word.store(random(), std::memory_order_relaxed);
            w.shared->cursor = static_cast<u32>(random());
            w.shared->columns = static_cast<u32>(random());
            w.shared->rows = static_cast<u32>(random());
        }
    }};
    for (int i = 0; i < 3000; ++i) w.draw();
    stop = true;
    hostile.join();
    CHECK(w.guards_hold());
    // And it is exact again when the client has calmed down.
    for (Cell& cell : w.shared->cell) cell = {'q', 7, 0, 0, 0};
    w.shared->cursor = ~u32{0};
    w.draw();
    for (u32 row = 0; row < w.canvas->rows(); ++row)
        for (u32 column = 0; column < w.canvas->columns(); ++column)
            REQUIRE(w.shows(row, column, 'q'));
}

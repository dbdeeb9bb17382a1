// The console: what bytes do to the screen, what keys send.
#include "servers/console/keyboard.hpp"
#include "servers/console/terminal.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace console_server;

namespace {

struct World {
    std::unique_ptr<Screen> screen = std::make_unique<Screen>();
    std::unique_ptr<Terminal> terminal;

    World(u32 columns, u32 rows)
    {
        screen->resize(columns, rows);
        terminal = std::make_unique<Terminal>(*screen);
    }
    World& write(std::string_view bytes)
    {
        terminal->write(bytes);
        return *this;
    }
    /// A row as text, without blanks at its end.
    std::string row(u32 row) const
    {
        std::string out;
        for (u32 column = 0; column < screen->columns(); ++column) {
            Cell const& cell = screen->shown(row)[column];
            if (!(cell.attributes & wide_right)) out += text::Utf8{cell.character}.view();
        }
        out.erase(out.find_last_not_of(' ') + 1);
        return out;
    }
    std::vector<std::string> rows() const
    {
        std::vector<std::string> out;
        for (u32 i = 0; i < screen->rows(); ++i) out.push_back(row(i));
        return out;
    }
    Cell cell(u32 row, u32 column) const { return screen->line(row)[column]; }
    std::pair<u32, u32> cursor() const { return {terminal->row(), terminal->column()}; }
};

using Rows = std::vector<std::string>;
using Place = std::pair<u32, u32>;

std::string typed(Keyboard& keyboard, u16 code, i16 value = 1)
{
    return std::string{keyboard.event({1, code, value, 0}).bytes()};
}

/// A key with modifiers held down around it.
std::string chord(Keyboard& keyboard, std::vector<u16> modifiers, u16 code)
{
    for (u16 const each : modifiers) keyboard.event({1, each, 1, 0});
    auto const bytes = typed(keyboard, code);
    for (u16 const each : modifiers) keyboard.event({1, each, 0, 0});
    return bytes;
}

constexpr u16 shift = 0xe1, control = 0xe0, alt = 0xe2;

} // namespace

TEST_CASE("text, line ends and wrapping", "[console]")
{
    World w{5, 3};
    w.write("ab\r\ncdefg");
    CHECK(w.rows() == Rows{"ab", "cdefg", ""});
    CHECK(w.cursor() == Place{1, 4}); // wraps only when another character comes
    w.write("h");
    CHECK(w.rows() == Rows{"ab", "cdefg", "h"});
    w.write("\r\ni\r\nj");
    CHECK(w.rows() == Rows{"h", "i", "j"});
    w.write("\rx\b\bk");
    CHECK(w.row(2) == "k");
    w.write("\tz");
    CHECK(w.row(2) == "k   z"); // a tab stops at the last column
}

TEST_CASE("UTF-8: wide characters, marks and errors", "[console]")
{
    World w{6, 2};
    w.write("日本語");
    CHECK(w.row(0) == "日本語");
    CHECK(w.cell(0, 0).attributes == wide_left);
    CHECK(w.cell(0, 1).attributes == wide_right);
    w.write("\rab"); // half of a wide character does not stay
    CHECK(w.row(0) == "ab本語");
    w.write("\x1b[1;4Hx");
    CHECK(w.row(0) == "ab x語");
    w.write("\x1b[1;6H日"); // does not fit into the last column
    CHECK(w.rows() == Rows{"ab x語", "日"});
    w.write("\x1b[2J\x1b[He\xcc\x81\xff\xe2\x82!");
    CHECK(w.row(0) == "e\ufffd\ufffd!");
    w.write("\x1b[2J\x1b[H\xc2\x9b"
            "31m"); // C1 as UTF-8 is not a sequence
    CHECK(w.row(0) == "31m");
}

TEST_CASE("cursor movement stays on the screen", "[console]")
{
    World w{10, 5};
    w.write("\x1b[3;4H");
    CHECK(w.cursor() == Place{2, 3});
    w.write("\x1b[A\x1b[2D");
    CHECK(w.cursor() == Place{1, 1});
    w.write("\x1b[99B\x1b[99C");
    CHECK(w.cursor() == Place{4, 9});
    w.write("\x1b[4294967295;0H");
    CHECK(w.cursor() == Place{4, 0});
    w.write("\x1b[2;2H\x1b[31m\x1b"
            "7\x1b[H\x1b[0m\x1b"
            "8x");
    CHECK(w.cursor() == Place{1, 2});
    CHECK(w.cell(1, 1).foreground == 1);
    w.write("\x1b[5G\x1b[2d");
    CHECK(w.cursor() == Place{1, 4});
    w.write("\x1b[?25l");
    CHECK_FALSE(w.terminal->cursor_visible());
}

TEST_CASE("erasing and editing", "[console]")
{
    World w{5, 3};
    w.write("abcde\r\nfghij\r\nklmno");
    w.write("\x1b[2;3H\x1b[K");
    CHECK(w.rows() == Rows{"abcde", "fg", "klmno"});
    w.write("\x1b[1;3H\x1b[1K");
    CHECK(w.rows() == Rows{"   de", "fg", "klmno"});
    w.write("\x1b[3;2H\x1b[2@");
    CHECK(w.row(2) == "k  lm");
    w.write("\x1b[3P");
    CHECK(w.row(2) == "km");
    w.write("\x1b[2;1H\x1b[L");
    CHECK(w.rows() == Rows{"   de", "", "fg"});
    w.write("\x1b[1;1H\x1b[M");
    CHECK(w.rows() == Rows{"", "fg", ""});
    w.write("\x1b[2;2H\x1b[J");
    CHECK(w.rows() == Rows{"", "f", ""});
    w.write("\x1b[2J");
    CHECK(w.rows() == Rows{"", "", ""});
}

TEST_CASE("a scroll region keeps the rest in place", "[console]")
{
    World w{3, 5};
    w.write("1\r\n2\r\n3\r\n4\r\n5\x1b[2;4r");
    CHECK(w.cursor() == Place{0, 0});
    w.write("\x1b[4;1H\n");
    CHECK(w.rows() == Rows{"1", "3", "4", "", "5"});
    w.write("\x1b[2;1H\x1bM");
    CHECK(w.rows() == Rows{"1", "", "3", "4", "5"});
    w.write("\x1b[5;1H\n"); // below the region: nothing moves
    CHECK(w.rows() == Rows{"1", "", "3", "4", "5"});
    w.write("\x1b[2S");
    CHECK(w.rows() == Rows{"1", "4", "", "", "5"});
    w.write("\x1b[9;2r\x1b[3;3r"); // not regions
    w.write("\x1b[T");
    CHECK(w.rows() == Rows{"1", "", "4", "", "5"});
}

TEST_CASE("colours and attributes", "[console]")
{
    World w{20, 1};
    w.write("\x1b[1;31;44ma\x1b[22mb\x1b[7;4mc\x1b[27;24;39;49md\x1b[97;100me\x1b[mf");
    auto const is = [&](u32 at, u8 fore, u8 back, u8 attributes) {
        Cell const cell = w.cell(0, at);
        return cell.foreground == fore && cell.background == back && cell.attributes == attributes;
    };
    CHECK(is(0, 9, 4, 0));
    CHECK(is(1, 1, 4, 0));
    CHECK(is(2, 1, 4, underline | inverse));
    CHECK(is(3, 7, 0, 0));
    CHECK(is(4, 15, 8, 0));
    CHECK(is(5, 7, 0, 0));
    w.write("\r\x1b[38;5;196mr\x1b[48;2;0;0;128mb\x1b[38;5;244mg");
    CHECK(is(0, 9, 0, 0));
    CHECK(is(1, 9, 4, 0));
    CHECK(w.cell(0, 2).foreground == 8);
}

TEST_CASE("what is not known is swallowed", "[console]")
{
    World w{20, 1};
    w.write("\x1b]0;title\x07"
            "a\x1bPdata\x1b\\b\x1b(Bc\x1b[>4;2md\x1b[?2004he\x1b[12 qf\x1b=g");
    CHECK(w.row(0) == "abcdefg");
    w.write("\r\x1b[31\x18x"); // CAN gives a sequence up
    CHECK(w.row(0) == "xbcdefg");
    w.write("\r\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18mz");
    CHECK(w.row(0) == "zbcdefg");
    w.write("\r\x1b[2\bCy"); // a control inside a sequence acts
    CHECK(w.row(0) == "zbydefg");
}

TEST_CASE("lines that scrolled off can be looked at", "[console]")
{
    World w{4, 2};
    for (int i = 0; i < 10; ++i) w.write("\r\n" + std::to_string(i));
    CHECK(w.rows() == Rows{"8", "9"});
    w.screen->look_back(3);
    CHECK(w.rows() == Rows{"5", "6"});
    w.screen->look_back(1000);
    CHECK(w.screen->looks_back() == 9); // the first two lines were empty, one of them is kept
    w.screen->look_back(0);
    CHECK(w.rows() == Rows{"8", "9"});
    for (int i = 0; i < 100'000; ++i) w.write("\r\n" + std::to_string(i % 1000));
    w.screen->look_back(~u32{0});
    CHECK(w.screen->looks_back() == 64 * 1024 / 4 - 2);
    CHECK(w.row(0) == std::to_string((100'000 - 64 * 1024 / 4) % 1000));
}

TEST_CASE("another geometry keeps the last lines", "[console]")
{
    World w{6, 4};
    w.write("one\r\ntwo\r\nthree\r\nfour");
    w.screen->resize(4, 2);
    w.terminal->fit();
    CHECK(w.rows() == Rows{"thre", "four"});
    CHECK(w.cursor() == Place{1, 3});
    w.screen->resize(8, 3);
    w.terminal->fit();
    CHECK(w.rows() == Rows{"thre", "four", ""});
    w.screen->resize(0, 5);
    w.screen->resize(display::max_columns + 1, 5);
    CHECK(w.screen->columns() == 8);
}

TEST_CASE("random bytes never leave the screen", "[console]")
{
    std::mt19937 random{7};
    constexpr std::string_view likely =
        "\x1b\x1b[[;;?0123456789ABCDHJKLMPSTX@rmsu78\n\r\t\xe6\x97\xa5";
    for (auto [columns, rows] : {std::pair{1u, 1u}, {2u, 3u}, {80u, 25u}, {256u, 128u}}) {
        World w{columns, rows};
        for (int i = 0; i < 200'000; ++i) {
            bool const any = random() % 4 == 0;
            w.terminal->put(static_cast<u8>(any ? random() : likely[random() % likely.size()]));
            if (w.terminal->row() >= rows || w.terminal->column() >= columns) FAIL(i);
        }
    }
    SUCCEED();
}

TEST_CASE("keys of the US layout", "[keyboard]")
{
    Keyboard keyboard;
    CHECK(typed(keyboard, 0x04) == "a");
    CHECK(typed(keyboard, 0x04, 0).empty());
    CHECK(typed(keyboard, 0x04, 2) == "a");
    CHECK(chord(keyboard, {shift}, 0x1d) == "Z");
    CHECK(chord(keyboard, {0xe5}, 0x1f) == "@");
    CHECK(typed(keyboard, 0x28) == "\r");
    CHECK(typed(keyboard, 0x2a) == "\x7f");
    CHECK(typed(keyboard, 0x2c) == " ");
    CHECK(typed(keyboard, 0x31) == "\\");
    CHECK(chord(keyboard, {shift}, 0x64) == "|");
    CHECK(typed(keyboard, 0x38) == "/");
    CHECK(chord(keyboard, {shift}, 0x38) == "?");
    CHECK(chord(keyboard, {control}, 0x06) == "\x03");
    CHECK(chord(keyboard, {control}, 0x2c) == std::string(1, '\0'));
    CHECK(chord(keyboard, {control}, 0x2f) == "\x1b");
    CHECK(chord(keyboard, {alt}, 0x05) == "\x1b"
                                          "b");
    CHECK(typed(keyboard, 0xff).empty());
    CHECK(keyboard.event({2, 4, 1, 0}).length == 0); // a mouse
}

TEST_CASE("keys that send sequences", "[keyboard]")
{
    Keyboard keyboard;
    CHECK(typed(keyboard, 0x52) == "\x1b[A");
    CHECK(typed(keyboard, 0x4a) == "\x1b[H");
    CHECK(typed(keyboard, 0x4c) == "\x1b[3~");
    CHECK(typed(keyboard, 0x3a) == "\x1bOP");
    CHECK(typed(keyboard, 0x3e) == "\x1b[15~");
    CHECK(chord(keyboard, {control}, 0x50) == "\x1b[1;5D");
    CHECK(chord(keyboard, {shift}, 0x3a) == "\x1b[1;2P");
    CHECK(chord(keyboard, {control, alt}, 0x4c) == "\x1b[3;7~");
    CHECK(chord(keyboard, {shift}, 0x2b) == "\x1b[Z");
    keyboard.event({1, shift, 1, 0});
    auto const back = keyboard.event({1, 0x4b, 1, 0});
    CHECK((back.pages_back == 1 && back.length == 0));
    CHECK(keyboard.event({1, 0x4e, 1, 0}).pages_back == -1);
}

TEST_CASE("locks", "[keyboard]")
{
    Keyboard keyboard;
    CHECK(keyboard.leds() == 1);
    CHECK(typed(keyboard, 0x60) == "8");
    typed(keyboard, 0x53);
    CHECK(keyboard.leds() == 0);
    CHECK(typed(keyboard, 0x60) == "\x1b[A");
    CHECK(typed(keyboard, 0x5d).empty());
    CHECK(typed(keyboard, 0x57) == "+");
    typed(keyboard, 0x39);
    typed(keyboard, 0x39, 2); // held down: not again
    CHECK(keyboard.leds() == 2);
    CHECK(typed(keyboard, 0x04) == "A");
    CHECK(chord(keyboard, {shift}, 0x04) == "a");
    CHECK(typed(keyboard, 0x1e) == "1"); // letters only
}

// The shell's own parts: what keys do to a line (seen through the console's terminal), words of a
// command line, tables.
#include "servers/console/terminal.hpp"
#include "servers/shell/line_editor.hpp"
#include "servers/shell/table.hpp"
#include "servers/shell/words.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

using shell::LineEditor;
using Event = LineEditor::Event;

namespace {

struct Text final : shell::Sink {
    std::string text;
    void write(std::string_view part) override { text += part; }
};

struct Names final : shell::Completer {
    std::vector<std::string> names{"disk0", "disk1", "display", "größe"};
    std::string before;
    std::string_view candidate(std::string_view in_front, std::string_view word,
                               usize index) override
    {
        before = in_front;
        for (auto const& each : names)
            if (each.starts_with(word) && index-- == 0) return each;
        return {};
    }
};

/// An editor whose output a terminal shows.
struct World {
    Text out;
    Names names;
    std::unique_ptr<LineEditor> editor = std::make_unique<LineEditor>(out, names);
    std::unique_ptr<console_server::Screen> screen = std::make_unique<console_server::Screen>();
    console_server::Terminal terminal{*screen};

    World()
    {
        screen->resize(80, 10);
        terminal.fit();
        editor->begin("> ");
    }
    /// Types bytes; what the last of them did.
    Event type(std::string_view bytes)
    {
        auto event = Event::editing;
        for (char const c : bytes) {
            event = editor->type(static_cast<u8>(c));
            if (event != Event::editing) lines.push_back(std::string{editor->line()});
            if (event != Event::editing) editor->begin("> ");
        }
        terminal.write(out.text);
        out.text.clear();
        return event;
    }
    std::string shown() { return row(terminal.row()); }
    std::string row(u32 row)
    {
        std::string text;
        for (u32 column = 0; column < 80; ++column) {
            auto const& cell = screen->line(row)[column];
            if (!(cell.attributes & console_server::wide_right))
                text += text::Utf8{cell.character}.view();
        }
        text.erase(text.find_last_not_of(' ') + 1);
        return text;
    }
    u32 column() { return terminal.column(); }
    std::vector<std::string> lines;
};

using Lines = std::vector<std::string>;

std::vector<Lines> commands_of(std::string_view line)
{
    std::vector<Lines> all;
    while (!line.empty()) {
        auto const words = shell::next_command(line);
        if (words.bad) return {{"bad"}};
        if (words.count > 0) all.push_back(Lines(words.word, words.word + words.count));
    }
    return all;
}

} // namespace

TEST_CASE("typing, and moving the cursor", "[editor]")
{
    World w;
    w.type("hello wrld");
    CHECK(w.shown() == "> hello wrld");
    w.type("\x1b[D\x1b[D\x1b[Do");
    CHECK(w.shown() == "> hello world");
    CHECK(w.column() == 10);
    w.type("\x01"
           "A\x05"
           "E");
    CHECK(w.shown() == "> Ahello worldE");
    w.type("\x1b[H\x1b[3~\x1b[F\x7f");
    CHECK(w.shown() == "> hello world");
    w.type("\x1b[1;5D");
    CHECK(w.column() == 8);
    w.type("\x1b"
           "b\x1b"
           "f");
    CHECK(w.column() == 7);
    w.type("\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D");
    CHECK(w.column() == 2);
    CHECK(w.type("\r") == Event::line);
    CHECK(w.lines == Lines{"hello world"});
    CHECK(w.shown() == ">");
}

TEST_CASE("killing and yanking", "[editor]")
{
    World w;
    w.type("one two three\x17");
    CHECK(w.shown() == "> one two");
    w.type("\x01\x19");
    CHECK(w.shown() == "> threeone two");
    w.type("\x1b"
           "d");
    CHECK(w.shown() == "> three two");
    w.type("\x0b");
    CHECK(w.shown() == "> three");
    w.type("\x19\x19");
    CHECK(w.shown() == "> three two  two");
    w.type("\x1b[D\x1b[D\x15");
    CHECK(w.shown() == "> o");
    CHECK(w.type("\x03") == Event::interrupted);
    CHECK(w.shown() == ">");
}

TEST_CASE("UTF-8 is edited by characters", "[editor]")
{
    World w;
    w.type("größe日本\x7f");
    CHECK(w.shown() == "> größe日");
    CHECK(w.column() == 9);
    w.type("\x1b[D\x1b[D\x1b[D\x7f");
    CHECK(w.shown() == "> grße日");
    w.type("\xff\xe2\x82\r");
    CHECK(w.lines == Lines{"gr\xef\xbf\xbd"
                           "ße日"});
}

TEST_CASE("history", "[editor]")
{
    World w;
    w.type("first\rsecond\rsecond\r\rthird\r");
    w.type("dra\x1b[A\x1b[A");
    CHECK(w.shown() == "> second");
    w.type("\x1b[A\x1b[A\x1b[A");
    CHECK(w.shown() == "> first");
    w.type("\x1b[B\x1b[B\x1b[B");
    CHECK(w.shown() == "> dra");
    w.type("\x1b[B");
    CHECK(w.shown() == "> dra");
    w.type("\x10\r");
    CHECK(w.lines.back() == "third");
    for (int i = 0; i < 2000; ++i) w.type("line " + std::to_string(i) + "\r");
    w.type("\x10\x10");
    CHECK(w.shown() == "> line 1998");
    for (int i = 0; i < 3000; ++i) w.type("\x10"); // stops at the oldest that is kept
    CHECK(w.shown().starts_with("> line 1"));
}

TEST_CASE("searching the history", "[editor]")
{
    World w;
    w.type("kill disk0\rps\rkill console\r");
    w.type("\x12"
           "kill");
    CHECK(w.shown() == "(search 'kill') kill console");
    w.type("\x12");
    CHECK(w.shown() == "(search 'kill') kill disk0");
    w.type("\x12");
    CHECK(w.shown() == "(search 'kill') kill disk0");
    w.type("\x7f\x7f\x7f\x7f"
           "ps");
    CHECK(w.shown() == "(search 'ps') ps");
    w.type("\x05!");
    CHECK(w.shown() == "> ps!");
    w.type("\x15\x12"
           "disk\r");
    CHECK(w.lines.back() == "kill disk0");
    w.type("\x12"
           "ps\x07");
    CHECK(w.shown() == ">");
}

TEST_CASE("completion", "[editor]")
{
    World w;
    w.type("kill dis\t");
    CHECK(w.shown() == "> kill dis"); // the list is above
    CHECK(w.row(w.terminal.row() - 1) == "disk0           disk1           display");
    w.type("k\t");
    CHECK(w.shown() == "> kill disk");
    w.type("1\t");
    CHECK(w.shown() == "> kill disk1");
    CHECK(w.column() == 13);
    w.type("\x15"
           "a;g\t");
    CHECK(w.shown() == "> a;größe");
    CHECK(w.names.before == "a;");
    w.type("\x15nothing\t");
    CHECK(w.shown() == "> nothing");
}

TEST_CASE("a long line scrolls in its row", "[editor]")
{
    World w;
    std::string const line = "0123456789abcdefghijklmnopqrstuvwxyz";
    w.type(line + line + line);
    CHECK(w.terminal.row() == 0);
    CHECK(w.shown().ends_with("xyz"));
    CHECK(w.shown().size() <= 79);
    w.type("\x01");
    CHECK(w.shown().starts_with("> 0123"));
    CHECK(w.column() == 2);
    w.type("\x05\r");
    CHECK(w.lines == Lines{line + line + line});
    w.type(std::string(2000, 'x') + "\r"); // more than a line takes: the rest is not typed
    CHECK(w.lines.back() == std::string(LineEditor::capacity, 'x'));
}

TEST_CASE("random keys", "[editor]")
{
    World w;
    std::mt19937 random{3};
    constexpr std::string_view likely = "ab \x1b[ABCDHF~13;5\x01\x02\x05\x06\x0b\x0c\x0e\x10\x12"
                                        "\x15\x17\x19\x7f\t\r\xc3\xb6\xe6\x97\xa5";
    for (int i = 0; i < 30'000; ++i) {
        char const c =
            random() % 5 == 0 ? static_cast<char>(random()) : likely[random() % likely.size()];
        w.type({&c, 1});
        if (w.editor->line().size() > LineEditor::capacity) FAIL(i);
    }
    SUCCEED();
}

TEST_CASE("words of a command line", "[shell]")
{
    CHECK(commands_of("ps") == std::vector<Lines>{{"ps"}});
    CHECK(commands_of("  kill  disk0 ;ps; ;") == std::vector<Lines>{{"kill", "disk0"}, {"ps"}});
    CHECK(commands_of("echo 'a; b' \"c 'd'\" ''") ==
          std::vector<Lines>{{"echo", "a; b", "c 'd'", ""}});
    CHECK(commands_of("echo 'open") == std::vector<Lines>{{"bad"}});
    CHECK(commands_of("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17") == std::vector<Lines>{{"bad"}});
    std::string_view line = "ps --json x";
    auto words = shell::next_command(line);
    CHECK(words.take("--json"));
    CHECK_FALSE(words.take("--json"));
    CHECK(words.count == 2);
    CHECK(words[1] == "x");
    CHECK(words[9].empty());
}

TEST_CASE("a table is columns or JSON", "[shell]")
{
    auto const show = [](bool json) {
        Text out;
        shell::Table table{out, {{"name", 6}, {"size", 5, true}, {"note", 4}}, json};
        table.row({text::value("disk0"), text::size(2048), text::value("a \"b\"\n\xff")});
        table.row({text::value("größer"), text::value(-3), text::value("")});
        table.end();
        return out.text;
    };
    CHECK(show(false) == "name     size  note\r\ndisk0      2K  a \"b\"\n\xff\r\n"
                         "größer     -3  \r\n");
    CHECK(show(true) == "[{\"name\": \"disk0\", \"size\": 2048, \"note\": "
                        "\"a \\\"b\\\"\\u000a\ufffd\"},\r\n"
                        "{\"name\": \"größer\", \"size\": -3, \"note\": \"\"}]\r\n");
}

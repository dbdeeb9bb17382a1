// The line editor of `echo`.
#include "servers/lesson/echo/line_editor.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace {

/// Types a text; returns what is shown for it.
std::string typed(echo::LineEditor& editor, std::string const& text)
{
    std::string shown;
    for (char const c : text) shown += editor.type(c).show;
    return shown;
}

} // namespace

TEST_CASE("what is typed is shown and becomes the line", "[echo]")
{
    echo::LineEditor editor;
    CHECK(typed(editor, "ping 5") == "ping 5");
    auto const step = editor.type('\r');
    CHECK(step.complete);
    CHECK(step.show == "\r\n");
    CHECK(editor.line() == "ping 5");
}

TEST_CASE("CR, LF and CR LF each end one line", "[echo]")
{
    echo::LineEditor editor;
    CHECK(editor.type('\r').complete);
    CHECK_FALSE(editor.type('\n').complete);
    CHECK(editor.type('\n').complete);
    CHECK(editor.type('\n').complete);
}

TEST_CASE("backspace and delete take back one character and stop at the start", "[echo]")
{
    echo::LineEditor editor;
    CHECK(typed(editor, "ab\b\x7f\b") == "ab\b \b\b \b");
    CHECK(editor.line().empty());
}

TEST_CASE("control characters and bytes above 127 are left out", "[echo]")
{
    echo::LineEditor editor;
    CHECK(typed(editor, std::string("a\0\x1b\x80\xff") + "b").substr(0, 1) == "a");
    CHECK(typed(editor, "\t\x01\x1b\xc3\xa4") == "");
}

TEST_CASE("a line that is too long is cut, and says so", "[echo]")
{
    echo::LineEditor editor;
    std::string const full(lesson::max_line, 'x');
    CHECK(typed(editor, full) == full);
    CHECK_FALSE(editor.was_cut());
    CHECK(typed(editor, "y") == "");
    CHECK(editor.was_cut());
    CHECK(editor.line() == full);
    editor.clear();
    CHECK(editor.line().empty());
    CHECK_FALSE(editor.was_cut());
}

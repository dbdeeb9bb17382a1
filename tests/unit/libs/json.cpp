#include "json/writer.hpp" // under test: first, so that a missing include shows

#include "tests/fakes/json_text.hpp"
#include <catch2/catch.hpp>
#include <string>

namespace {

std::string quoted(std::string_view string)
{
    text::Line<256> out;
    json::write_string(out, string);
    return std::string{out.view()};
}

} // namespace

TEST_CASE("strings are quoted, escaped and UTF-8", "[json]")
{
    CHECK(quoted("") == R"("")");
    CHECK(quoted("plain / text") == R"("plain / text")");
    CHECK(quoted("a\"b\\c") == R"("a\"b\\c")");
    CHECK(quoted(std::string_view{"\0\t\n\x1f\x7f", 5}) == "\"\\u0000\\u0009\\u000a\\u001f\x7f\"");
    CHECK(quoted("größe €") == "\"größe €\"");
    CHECK(quoted("\xff\xc3") == "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    CHECK(quoted("\xed\xa0\x80x").find("\xed\xa0\x80") == std::string::npos); // a surrogate
}

TEST_CASE("commas stand between members and elements", "[json]")
{
    text::Line<256> out;
    json::Writer json{out};
    json.begin_object();
    json.member("a", u64{1});
    json.name("list");
    json.begin_array();
    json.string("x");
    json.number(~u64{0});
    json.begin_object();
    json.end_object();
    json.begin_array();
    json.end_array();
    json.null();
    json.end_array();
    json.member("yes", true);
    json.member("s", "t");
    json.end_object();
    CHECK(out.view() ==
          R"({"a":1,"list":["x",18446744073709551615,{},[],null],"yes":true,"s":"t"})");
    CHECK_FALSE(json.was_cut());
}

TEST_CASE("what is no JSON is known as such", "[json]")
{
    for (char const* const good :
         {"{}", "[]", "[1,2]", R"({"a":[true,false,null],"b":{"c":"\u000a"}})", "0"})
        CHECK(test::is_json(good));
    for (char const* const bad :
         {"", "{", "[1,]", "[,1]", R"({"a"})", R"({"a":1,})", R"({a:1})", "[1 2]", "01", "\"\n\"",
          "\"a", "[]]", "tru", R"("\x")", "\"\xff\"", R"("\u00g0")"})
        CHECK_FALSE(test::is_json(bad));
}

TEST_CASE("what does not fit is said to be cut", "[json]")
{
    text::Line<8> out;
    json::Writer json{out};
    json.string("too long for it");
    CHECK(json.was_cut());
}

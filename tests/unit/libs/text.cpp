// Formatting without a heap, and UTF-8 both ways.
#include "text/format.hpp"
#include "text/utf8.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

template <class... Values>
std::string formatted(text::Format<std::type_identity_t<Values>...> form, Values const&... values)
{
    text::Line<200> line;
    text::format(line, form, values...);
    return std::string{line.view()};
}

std::vector<u32> decoded(std::string_view bytes)
{
    text::Utf8Decoder decoder;
    std::vector<u32> points;
    for (char const c : bytes) {
        auto const out = decoder.decode(static_cast<u8>(c));
        points.insert(points.end(), out.point, out.point + out.count);
    }
    return points;
}

u64 parsed(std::string_view words)
{
    u64 number = 12345;
    return text::parse(words, number) ? number : ~u64{0} - 1;
}
constexpr u64 refused = ~u64{0} - 1;

} // namespace

TEST_CASE("values are shown in the order of their fields", "[text]")
{
    CHECK(formatted("plain") == "plain");
    CHECK(formatted("{} of {}", 3u, "four") == "3 of four");
    CHECK(formatted("{}{}", -7, u64{0} - 1) == "-718446744073709551615");
    CHECK(formatted("{}", INT64_MIN) == "-9223372036854775808");
    CHECK(formatted("{{{}}}", 1) == "{1}");
    CHECK(formatted("{} {}", text::hex(0x2a), text::hex(10, 4)) == "0x2a 0x000a");
}

TEST_CASE("fields have widths in columns", "[text]")
{
    CHECK(formatted("{<5}|", "ab") == "ab   |");
    CHECK(formatted("{>5}|", "ab") == "   ab|");
    CHECK(formatted("{>5}|", 123) == "  123|");
    CHECK(formatted("{0>2}:{0>2}", 7, 15) == "07:15");
    CHECK(formatted("{<4}|", "größer") == "größer|");
    CHECK(formatted("{<4}|", "öß") == "öß  |");
    CHECK(formatted("{<4}|", "日") == "日  |"); // wide: two columns
    CHECK(formatted("{>12}|", text::hex(1)) == "         0x1|");
}

TEST_CASE("sizes and times are shown as people read them", "[text]")
{
    CHECK(formatted("{} {} {} {}", text::size(0), text::size(1023), text::size(1024),
                    text::size(1536)) == "0 1023 1K 1.5K");
    CHECK(formatted("{} {} {}", text::size(256u << 20), text::size(u64{5} << 40),
                    text::size((u64{200} << 20) + 1)) == "256M 5T 200M");
    CHECK(formatted("{} {} {} {}", text::time(999), text::time(1500), text::time(12'345),
                    text::time(123'456'789)) == "999us 1.50ms 12.3ms 123s");
}

TEST_CASE("what does not fit is cut at the end of a character", "[text]")
{
    text::Line<4> line;
    line.write("abc");
    line.write("ö"); // two bytes, one free
    CHECK(line.view() == "abc");
    CHECK(line.was_cut());
    line.write("d"); // nothing goes behind a cut
    CHECK(line.view() == "abc");
    line.clear();
    line.write("wxyz");
    CHECK_FALSE(line.was_cut());
}

TEST_CASE("numbers are read strictly", "[text]")
{
    CHECK(parsed("0") == 0);
    CHECK(parsed("0x1f") == 31);
    CHECK(parsed("18446744073709551615") == ~u64{0});
    for (auto const* bad : {"", "0x", "-1", "1a", "18446744073709551616", "0x10000000000000000"})
        CHECK(parsed(bad) == refused);
}

TEST_CASE("every code point survives UTF-8", "[text]")
{
    for (u32 point = 0; point <= 0x10'ffff; ++point) {
        if (point >= 0xd800 && point <= 0xdfff) continue;
        text::Utf8Decoder decoder;
        text::Utf8 const bytes{point};
        u32 out = 0;
        usize count = 0;
        for (usize i = 0; i < bytes.length; ++i) {
            auto const step = decoder.decode(static_cast<u8>(bytes.byte[i]));
            count += step.count;
            if (step.count) out = step.point[0];
        }
        if (count != 1 || out != point) FAIL(point);
    }
    SUCCEED();
}

TEST_CASE("bad UTF-8 becomes a replacement for each maximal part", "[text]")
{
    constexpr u32 bad = text::replacement;
    CHECK(decoded("\xff") == std::vector<u32>{bad});
    CHECK(decoded("\x80") == std::vector<u32>{bad});
    CHECK(decoded("\xc0\xaf") == std::vector<u32>{bad, bad});          // overlong
    CHECK(decoded("\xe0\x80\xaf") == std::vector<u32>{bad, bad, bad}); // overlong
    CHECK(decoded("\xed\xa0\x80") == std::vector<u32>{bad, bad, bad}); // surrogate
    CHECK(decoded("\xf4\x90\x80\x80") == std::vector<u32>{bad, bad, bad, bad});
    CHECK(decoded("\xe2\x82"
                  "A") == std::vector<u32>{bad, 'A'}); // cut short
    CHECK(decoded("\xe2\x82\xe2\x82\xac") == std::vector<u32>{bad, 0x20ac});
    CHECK(decoded("\xf0\x9f\x98") == std::vector<u32>{}); // unfinished: nothing yet
    // The example of the Unicode standard, table 3-8.
    CHECK(decoded("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64") ==
          std::vector<u32>{0x61, bad, bad, bad, 0x62, bad, 0x63, bad, bad, 0x64});
    CHECK(text::Utf8{0xd800}.view() == "\xef\xbf\xbd");
    CHECK(text::Utf8{0x11'0000}.view() == "\xef\xbf\xbd");
}

TEST_CASE("columns of characters", "[text]")
{
    CHECK(text::columns(u32{'a'}) == 1);
    CHECK(text::columns(u32{0x301}) == 0);
    CHECK(text::columns(u32{0x65e5}) == 2);
    CHECK(text::columns(u32{0x2500}) == 1);
    CHECK(text::columns(std::string_view{"e\xcc\x81 日本"}) == 6);
}

// The argument page: what the starter adds, the program finds, and a bad page harms nobody.
#include "runtime/arguments.hpp"

#include <catch2/catch.hpp>
#include <cstring>

TEST_CASE("values are found by their full name", "[runtime]")
{
    runtime::Arguments page{};
    CHECK(page.add("endpoint", 5));
    CHECK(page.add("end", 6));
    CHECK(page.add("twenty-three characters", 7));
    CHECK(page.value("endpoint") == 5);
    CHECK(page.value("end") == 6);
    CHECK(page.value("twenty-three characters") == 7);
    CHECK(page.value("en") == 0);
    CHECK(page.value("endpoints", 9) == 9);
}

TEST_CASE("a name too long or one value too many is refused", "[runtime]")
{
    runtime::Arguments page{};
    CHECK_FALSE(page.add("twenty-four characters..", 1));
    for (usize i = 0; i < runtime::max_named_values; ++i) CHECK(page.add("x", i));
    CHECK_FALSE(page.add("y", 1));
    CHECK(page.value("x") == 0);
}

TEST_CASE("a page with a wild count or unterminated names is read within bounds", "[runtime]")
{
    runtime::Arguments page{};
    std::memset(&page, 'a', sizeof page);
    CHECK(page.value("missing", 3) == 3);
    CHECK(page.value("aaaaaaaaaaaaaaaaaaaaaaaaaaa", 3) == 3);
}

// Dates and seconds, against the C library and at the edges.
#include "clock/calendar.hpp"

#include <catch2/catch.hpp>
#include <ctime>
#include <random>

using calendar::Date;

TEST_CASE("seconds and dates agree with the C library, both ways", "[clock]")
{
    std::mt19937_64 random{1};
    constexpr i64 end_of_9999 = 253'402'300'799;
    for (int i = 0; i < 200'000; ++i) {
        i64 const seconds = i == 0   ? 0
                            : i == 1 ? end_of_9999
                                     : static_cast<i64>(random() % (end_of_9999 + 1));
        time_t const as_time = seconds;
        tm expected{};
        gmtime_r(&as_time, &expected);
        Date const date = calendar::date_of(seconds);
        REQUIRE(calendar::is_valid(date));
        REQUIRE(date.year == expected.tm_year + 1900);
        REQUIRE(date.month == expected.tm_mon + 1);
        REQUIRE(date.day == expected.tm_mday);
        REQUIRE(date.hour == expected.tm_hour);
        REQUIRE(date.minute == expected.tm_min);
        REQUIRE(date.second == expected.tm_sec);
        REQUIRE(calendar::seconds_of(date) == seconds);
    }
}

TEST_CASE("dates that do not exist are not valid", "[clock]")
{
    CHECK(calendar::is_valid({2024, 2, 29, 23, 59, 59}));
    CHECK(calendar::is_valid({2000, 2, 29}));
    CHECK_FALSE(calendar::is_valid({2023, 2, 29}));
    CHECK_FALSE(calendar::is_valid({2100, 2, 29}));
    CHECK_FALSE(calendar::is_valid({2024, 0, 1}));
    CHECK_FALSE(calendar::is_valid({2024, 13, 1}));
    CHECK_FALSE(calendar::is_valid({2024, 4, 31}));
    CHECK_FALSE(calendar::is_valid({2024, 4, 0}));
    CHECK_FALSE(calendar::is_valid({2024, 4, 1, 24}));
    CHECK_FALSE(calendar::is_valid({2024, 4, 1, 0, 60}));
    CHECK_FALSE(calendar::is_valid({2024, 4, 1, 0, 0, 60}));
    CHECK_FALSE(calendar::is_valid({1969, 12, 31}));
}

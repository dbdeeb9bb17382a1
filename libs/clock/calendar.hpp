// Dates of the Gregorian calendar and seconds since 1970-01-01 00:00:00 UTC, without leap seconds.
// The time itself is program::Clock's (program/time.hpp).
#pragma once

#include "kit/types.hpp"

namespace calendar {

struct Date {
    i32 year = 1970;
    u8 month = 1, day = 1; ///< from 1
    u8 hour = 0, minute = 0, second = 0;
    friend constexpr bool operator==(Date const&, Date const&) = default;
};

constexpr bool is_leap(i32 year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
/// month 1 to 12.
constexpr u8 days_of_month(i32 year, u8 month)
{
    constexpr u8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return static_cast<u8>(days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0));
}

/// Whether there is such a second. Years 1970 to 9999.
constexpr bool is_valid(Date const& date)
{
    return date.year >= 1970 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= days_of_month(date.year, date.month) && date.hour < 24 &&
           date.minute < 60 && date.second < 60;
}

/// Days from 1970-01-01 to the first day of a year.
constexpr i64 days_before_year(i32 year)
{
    auto const leaps = [](i64 y) { return y / 4 - y / 100 + y / 400; };
    return (i64{year} - 1970) * 365 + leaps(year - 1) - leaps(1969);
}

/// Of a valid date.
constexpr i64 seconds_of(Date const& date)
{
    i64 days = days_before_year(date.year) + date.day - 1;
    for (u8 month = 1; month < date.month; ++month) days += days_of_month(date.year, month);
    return ((days * 24 + date.hour) * 60 + date.minute) * 60 + date.second;
}

/// Of seconds from 0 to the end of 9999.
constexpr Date date_of(i64 seconds)
{
    constexpr i64 day_seconds = 24 * 60 * 60;
    i64 days = seconds / day_seconds;
    i64 const rest = seconds % day_seconds;
    Date date;
    date.year = static_cast<i32>(1970 + days / 366); // at most some years too early
    while (days_before_year(date.year + 1) <= days) ++date.year;
    days -= days_before_year(date.year);
    while (days >= days_of_month(date.year, date.month))
        days -= days_of_month(date.year, date.month++);
    date.day = static_cast<u8>(days + 1);
    date.hour = static_cast<u8>(rest / 3600);
    date.minute = static_cast<u8>(rest / 60 % 60);
    date.second = static_cast<u8>(rest % 60);
    return date;
}

} // namespace calendar

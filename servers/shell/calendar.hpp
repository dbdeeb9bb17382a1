// Seconds since 1970 to date and time of day, UTC, in the Gregorian calendar.
#pragma once

#include "kit/types.hpp"

namespace shell {

struct Moment {
    u64 year, month, day, hour, minute, second;
};

constexpr Moment moment(u64 seconds)
{
    u64 const days = seconds / 86400, rest = seconds % 86400;
    // Years that begin in March have their leap day at the end; 400 of them are 146097 days, and
    // 1970-01-01 is day 719468 of such years from year 0 on.
    u64 const shifted = days + 719'468;
    u64 const era = shifted / 146'097, day_of_era = shifted % 146'097;
    u64 const year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    u64 const day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    u64 const month = (5 * day_of_year + 2) / 153; // from March
    u64 const calendar_month = month < 10 ? month + 3 : month - 9;
    return {.year = year_of_era + era * 400 + (calendar_month <= 2 ? 1 : 0),
            .month = calendar_month,
            .day = day_of_year - (153 * month + 2) / 5 + 1,
            .hour = rest / 3600,
            .minute = rest / 60 % 60,
            .second = rest % 60};
}

} // namespace shell

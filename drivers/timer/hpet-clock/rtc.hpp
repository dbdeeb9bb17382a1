// The PC's real-time clock: date and time from battery-backed memory behind an index and a data
// port, in one of four formats. Assumed to run in UTC.
// [Motorola MC146818A data sheet, "Time, Calendar, and Alarm Locations", "Update Cycle"; ACPI 6.5,
// "Fixed ACPI Description Table", CENTURY]
#pragma once

#include "clock/calendar.hpp"
#include "hw/ports.hpp"
#include "kit/result.hpp"

namespace rtc {

/// Offsets are from port 0x70. Write: which byte of the memory `Data` is.
struct Index {
    using Word = u8;
    static constexpr u16 offset = 0;
};
struct Data {
    using Word = u8;
    static constexpr u16 offset = 1;
};
/// Bytes of the memory.
inline constexpr u8 at_second = 0, at_minute = 2, at_hour = 4, at_day = 7, at_month = 8,
                    at_year = 9, at_status_a = 10, at_status_b = 11;
struct StatusA {
    using Word = u8;
    using Updating = hw::Bit<StatusA, 7>;
};
struct StatusB {
    using Word = u8;
    using Hours24 = hw::Bit<StatusB, 1>;
    using Binary = hw::Bit<StatusB, 2>;
};
/// Bit 7 of an hour that counts to 12.
inline constexpr u8 afternoon = 0x80;

template <hw::PortAccess Access> class Rtc {
    hw::Ports<Access> ports_;
    u8 at_century_;

public:
    /// @param century  which byte of the memory holds it; 0: none
    Rtc(Access access, u8 century) : ports_{access}, at_century_{century} {}

    /// Seconds since 1970. Takes up to 2 ms, while the clock updates itself.
    /// @error busy  it never stops doing that; corrupt  what it holds is no time
    Result<i64> read()
    {
        // Reads until two readings are the same, neither of them during an update.
        Raw last{};
        bool have_last = false;
        for (int i = 0; i < 10'000; ++i) {
            hw::Value<StatusA> const a{byte(at_status_a)};
            if (a.get<StatusA::Updating>()) continue;
            Raw const now = read_raw();
            if (have_last && now == last) return seconds_of(now);
            last = now;
            have_last = true;
        }
        return Error::busy;
    }

private:
    struct Raw {
        u8 second, minute, hour, day, month, year, century, status_b;
        friend bool operator==(Raw const&, Raw const&) = default;
    };

    u8 byte(u8 which)
    {
        ports_.write(hw::Value<Index>{which});
        return ports_.template read<Data>().raw;
    }
    Raw read_raw()
    {
        return {byte(at_second),
                byte(at_minute),
                byte(at_hour),
                byte(at_day),
                byte(at_month),
                byte(at_year),
                at_century_ ? byte(at_century_) : u8{0},
                byte(at_status_b)};
    }
    static Result<u8> number(u8 raw, hw::Value<StatusB> format)
    {
        if (format.get<StatusB::Binary>()) return raw;
        u8 const high = raw >> 4, low = raw & 15;
        if (high > 9 || low > 9) return Error::corrupt;
        return static_cast<u8>(high * 10 + low);
    }
    Result<i64> seconds_of(Raw const& raw) const
    {
        hw::Value<StatusB> const format{raw.status_b};
        bool const counts_to_12 = !format.get<StatusB::Hours24>();
        u8 hour = TRY(number(counts_to_12 ? raw.hour & ~afternoon : raw.hour, format));
        if (counts_to_12) {
            if (hour < 1 || hour > 12) return Error::corrupt;
            hour = static_cast<u8>(hour % 12 + (raw.hour & afternoon ? 12 : 0));
        }
        u8 const year = TRY(number(raw.year, format));
        // Without a century the years of this interface (it is of 1984) reach to 2069.
        i32 century = year < 70 ? 20 : 19;
        if (at_century_) century = TRY(number(raw.century, format));
        calendar::Date const date{century * 100 + year,
                                  TRY(number(raw.month, format)),
                                  TRY(number(raw.day, format)),
                                  hour,
                                  TRY(number(raw.minute, format)),
                                  TRY(number(raw.second, format))};
        if (year > 99 || !calendar::is_valid(date)) return Error::corrupt;
        return calendar::seconds_of(date);
    }
};

} // namespace rtc

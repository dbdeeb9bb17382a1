// The RTC's formats, its updates in the middle of a reading, and what is no time at all.
#include "drivers/timer/hpet-clock/rtc.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace {

using calendar::Date;

/// An MC146818 that shows one date in any format, and the next second after some reads.
struct FakeRtc {
    Date date;
    bool binary = false, hours_24 = true;
    u8 century_at = 0x32;
    int until_update = -1; // reads of data; while it counts from 20 to 0, an update is announced
    bool always_updating = false;
    u8 index = 0;

    u8 shown(int number) const
    {
        return static_cast<u8>(binary ? number : number / 10 << 4 | number % 10);
    }
    u8 hour() const
    {
        if (hours_24) return shown(date.hour);
        int const of_12 = date.hour % 12 == 0 ? 12 : date.hour % 12;
        return static_cast<u8>(shown(of_12) | (date.hour >= 12 ? 0x80 : 0));
    }
    u8 memory(u8 at) const
    {
        if (at == century_at) return shown(date.year / 100);
        switch (at) {
        case 0:
            return shown(date.second);
        case 2:
            return shown(date.minute);
        case 4:
            return hour();
        case 7:
            return shown(date.day);
        case 8:
            return shown(date.month);
        case 9:
            return shown(date.year % 100);
        case 10:
            return static_cast<u8>(
                always_updating || (until_update >= 0 && until_update < 20) ? 0x80 : 0);
        case 11:
            return static_cast<u8>((binary ? 4 : 0) | (hours_24 ? 2 : 0));
        default:
            FAIL("a byte the driver has no business with: " << unsigned{at});
            return 0;
        }
    }
    u8 in8(u16 offset)
    {
        REQUIRE(offset == 1);
        u8 const value = memory(index);
        if (until_update >= 0 && until_update-- == 0)
            date = calendar::date_of(calendar::seconds_of(date) + 1);
        return value;
    }
    void out8(u16 offset, u8 value)
    {
        REQUIRE(offset == 0); // the time is never set
        index = value;
    }
};

struct Access {
    FakeRtc* rtc;
    u8 in8(u16 offset) const { return rtc->in8(offset); }
    void out8(u16 offset, u8 value) const { rtc->out8(offset, value); }
};

Result<i64> read(FakeRtc& fake, u8 century = 0x32)
{
    return rtc::Rtc<Access>{Access{&fake}, century}.read();
}

} // namespace

TEST_CASE("each format is read", "[rtc]")
{
    for (int format = 0; format < 4; ++format) {
        for (int hour = 0; hour < 24; ++hour) {
            FakeRtc fake;
            fake.date = {2026, 12, 31, static_cast<u8>(hour), 59, 48};
            fake.binary = format & 1;
            fake.hours_24 = format & 2;
            auto const seconds = read(fake);
            REQUIRE(seconds);
            CHECK(*seconds == calendar::seconds_of(fake.date));
        }
    }
}

TEST_CASE("the century is the register's, or the year's if there is none", "[rtc]")
{
    FakeRtc fake;
    fake.date = {2134, 1, 1};
    CHECK(*read(fake) == calendar::seconds_of({2134, 1, 1}));
    fake.century_at = 0xff;
    CHECK(*read(fake, 0) == calendar::seconds_of({2034, 1, 1}));
    fake.date = {1999, 12, 31};
    CHECK(*read(fake, 0) == calendar::seconds_of({1999, 12, 31}));
}

TEST_CASE("an update in the middle never shows half of each second", "[rtc]")
{
    for (int at = 0; at < 80; ++at) {
        FakeRtc fake;
        fake.date = {2027, 12, 31, 23, 59, 59};
        fake.until_update = at;
        auto const seconds = read(fake);
        REQUIRE(seconds);
        i64 const before = calendar::seconds_of({2027, 12, 31, 23, 59, 59});
        CHECK((*seconds == before || *seconds == before + 1));
    }
}

TEST_CASE("a clock that only updates is busy, one with rubbish corrupt", "[rtc]")
{
    FakeRtc fake;
    fake.always_updating = true;
    CHECK(read(fake).error() == Error::busy);

    struct Noise {
        std::mt19937* random;
        u8 fixed;
        u8 in8(u16) const { return random ? static_cast<u8>((*random)()) : fixed; }
        void out8(u16, u8) const {}
    };
    for (u8 const fixed : {0x00, 0x7f, 0x1a}) // no month 0, no month 127, no digit 10
        CHECK_FALSE(rtc::Rtc<Noise>{Noise{nullptr, fixed}, 0}.read());
    std::mt19937 random{5};
    for (int i = 0; i < 20; ++i) {
        auto const seconds = rtc::Rtc<Noise>{Noise{&random, 0}, 0x32}.read();
        if (seconds) CHECK(calendar::is_valid(calendar::date_of(*seconds)));
    }
}

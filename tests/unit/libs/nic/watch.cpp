// When a device counts as hanging: libs/nic/watch.hpp.
#include "nic/watch.hpp"

#include <catch2/catch.hpp>

TEST_CASE("a device that hangs is noticed, a machine that stood still is not", "[nic]")
{
    nic::Watch watch;
    u64 now = 1;
    auto const look = [&](u32 waiting, u64 done, u64 later, bool excused = false) {
        return watch.is_due(waiting, done, now += later) && watch.hangs(excused);
    };
    constexpr u64 apart = nic::Watch::apart;
    for (u32 i = 0; i < 100; ++i) CHECK_FALSE(look(0, 0, apart));
    for (u32 i = 0; i < 100; ++i) CHECK_FALSE(look(9, i + 1, apart)); // slow
    for (u32 i = 0; i < 1000; ++i) CHECK_FALSE(look(9, 100, apart / 2000));
    for (u32 i = 0; i < 100; ++i) CHECK_FALSE(look(9, 100, apart, true)); // no link
    CHECK_FALSE(look(9, 100, u64{1} << 50));                              // a pause counts once
    for (u32 i = 2; i < nic::Watch::patience; ++i) CHECK_FALSE(look(9, 100, apart));
    CHECK(look(9, 100, apart));
    CHECK_FALSE(look(9, 101, apart));
}

// The sectors of block-test are those that tests/system/disk_check.py reads: the checksum here is
// the one in scripts/lib/tests/test_disk_check.py.
#include "tests/system/programs/block-test/sector.hpp"

#include <catch2/catch.hpp>

TEST_CASE("a sector says what it is, and a mixture of two is noticed", "[block-test]")
{
    block_test::Sector sector, other;
    sector.make(5, 9);
    CHECK(sector.checksum == 0x6b95c1b8e5a9e6f8);
    CHECK(sector.good(5));
    CHECK_FALSE(sector.good(6));
    for (usize half = 1; half < 60; ++half) {
        other.make(5, 10);
        for (usize i = 0; i < half; ++i) other.fill[i] = sector.fill[i];
        CHECK_FALSE(other.good(5));
    }
}

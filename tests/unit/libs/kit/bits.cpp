// kit/bits.hpp: powers of two and bit ranges, at the edges of a 64-bit word.
#include "kit/bits.hpp"
#include <catch2/catch.hpp>

TEST_CASE("low_mask covers 0 to 64 bits")
{
    CHECK(low_mask(0) == 0);
    CHECK(low_mask(1) == 1);
    CHECK(low_mask(63) == 0x7fff'ffff'ffff'ffff);
    CHECK(low_mask(64) == ~u64{0});
}

TEST_CASE("align_down and align_up enclose their argument")
{
    for (unsigned n : {0u, 1u, 12u, 21u, 30u}) {
        for (u64 v : {u64{0}, u64{1}, bit(12) - 1, bit(12), bit(12) + 1, bit(40) + 5}) {
            CAPTURE(n, v);
            CHECK(is_aligned(align_down(v, n), n));
            CHECK(is_aligned(align_up(v, n), n));
            CHECK(align_down(v, n) <= v);
            CHECK(v <= align_up(v, n));
            CHECK(align_up(v, n) - align_down(v, n) == (is_aligned(v, n) ? 0 : bit(n)));
        }
    }
}

TEST_CASE("align_up wraps past the top")
{
    CHECK(align_up(~u64{0}, 12) == 0);
}

TEST_CASE("field takes both ends in")
{
    CHECK(field(0xabcd, 15, 12) == 0xa);
    CHECK(field(0xabcd, 0, 0) == 1);
    CHECK(field(~u64{0}, 63, 0) == ~u64{0});
    CHECK(field(bit(63), 63, 63) == 1);
}

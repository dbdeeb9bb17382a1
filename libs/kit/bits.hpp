// Small arithmetic on powers of two and bit ranges.
#pragma once

#include "kit/types.hpp"

/// 2^n. n < 64.
constexpr u64 bit(unsigned n)
{
    return u64{1} << n;
}
/// The low n bits set. n <= 64.
constexpr u64 low_mask(unsigned n)
{
    return n >= 64 ? ~u64{0} : bit(n) - 1;
}
/// Whether the low n bits of v are zero.
constexpr bool is_aligned(u64 v, unsigned n)
{
    return (v & low_mask(n)) == 0;
}
/// v rounded down / up to a multiple of 2^n. align_up wraps past the top: check before.
constexpr u64 align_down(u64 v, unsigned n)
{
    return v & ~low_mask(n);
}
constexpr u64 align_up(u64 v, unsigned n)
{
    return (v + low_mask(n)) & ~low_mask(n);
}
/// Bits high..low (both inclusive) of v, shifted down.
constexpr u64 field(u64 v, unsigned high, unsigned low)
{
    return (v >> low) & low_mask(high - low + 1);
}

// The Internet checksum: ones' complement sum of 16-bit words. [RFC 1071]
#pragma once

#include "kit/types.hpp"

namespace kit {

/// Folds a sum to 16 bits.
constexpr u16 fold_sum(u64 sum)
{
    sum = (sum & 0xffff'ffff) + (sum >> 32);
    sum = (sum & 0xffff'ffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(sum);
}

/// The sum, not inverted, of `bytes` of any alignment, in the order of memory (so a store puts it
/// in the order of the wire); an odd last byte counts as if a zero followed. 64 bytes take about a
/// dozen instructions: sums modulo 2^64 - 1 are sums modulo 2^16 - 1, RFC 1071 section 2.
inline u16 internet_sum(void const* data, usize bytes)
{
    u8 const* at = static_cast<u8 const*>(data);
    u64 sum = 0;
    for (; bytes >= 64; bytes -= 64, at += 64)
        asm("addq (%1), %0\n\t"
            "adcq 8(%1), %0\n\t"
            "adcq 16(%1), %0\n\t"
            "adcq 24(%1), %0\n\t"
            "adcq 32(%1), %0\n\t"
            "adcq 40(%1), %0\n\t"
            "adcq 48(%1), %0\n\t"
            "adcq 56(%1), %0\n\t"
            "adcq $0, %0"
            : "+r"(sum)
            : "r"(at), "m"(*reinterpret_cast<u8 const(*)[64]>(at))
            : "cc");
    for (; bytes >= 8; bytes -= 8, at += 8)
        asm("addq %1, %0\n\t"
            "adcq $0, %0"
            : "+r"(sum)
            : "m"(*reinterpret_cast<u8 const(*)[8]>(at))
            : "cc");
    u64 tail = 0;
    for (usize i = 0; i < bytes; ++i) tail |= u64{at[i]} << 8 * i;
    tail = (tail & 0xffff'ffff) + (tail >> 32);
    return fold_sum((sum & 0xffff'ffff) + (sum >> 32) + tail);
}

} // namespace kit

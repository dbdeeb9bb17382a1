// SipHash-2-4: a keyed hash of short messages that nobody can foresee without the key. [Aumasson
// and Bernstein, "SipHash: a fast short-input PRF", 2012]
#pragma once

#include "kit/types.hpp"
#include <bit>
#include <span>

namespace kit {

struct SipKey {
    u64 word[2];
};

constexpr u64 siphash(SipKey const& key, std::span<u8 const> message)
{
    u64 a = key.word[0] ^ 0x736f6d6570736575, b = key.word[1] ^ 0x646f72616e646f6d;
    u64 c = key.word[0] ^ 0x6c7967656e657261, d = key.word[1] ^ 0x7465646279746573;
    auto const rounds = [&](int count) {
        while (count-- > 0) {
            a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
            c += d, d = std::rotl(d, 16) ^ c;
            a += d, d = std::rotl(d, 21) ^ a;
            c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
        }
    };
    auto const absorb = [&](u64 word) {
        d ^= word;
        rounds(2);
        a ^= word;
    };
    auto const word_of = [](std::span<u8 const> bytes) {
        u64 word = 0;
        for (usize i = 0; i < bytes.size(); ++i) word |= u64{bytes[i]} << 8 * i;
        return word;
    };
    u64 const length = u64{message.size()} << 56;
    for (; message.size() >= 8; message = message.subspan(8)) absorb(word_of(message.first(8)));
    absorb(word_of(message) | length);
    c ^= 0xff;
    rounds(4);
    return a ^ b ^ c ^ d;
}

} // namespace kit

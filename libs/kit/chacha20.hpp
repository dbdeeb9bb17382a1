// The ChaCha20 block function: 64 bytes of key stream from a key, a nonce and a counter. Constant
// time: additions, exclusive ors and rotations only. [RFC 8439, "The ChaCha20 Block Function"]
#pragma once

#include "kit/types.hpp"
#include <array>
#include <bit>
#include <cstring>
#include <span>

namespace kit {

class ChaCha20 {
public:
    using Key = std::array<u8, 32>;
    using Nonce = std::array<u8, 12>;
    static constexpr usize block_bytes = 64;

    static void block(Key const& key, Nonce const& nonce, u32 counter,
                      std::span<u8, block_bytes> out)
    {
        std::array<u32, 16> state{0x61707865, 0x3320646e, 0x79622d32,
                                  0x6b206574}; // "expand 32-byte k"
        std::memcpy(&state[4], key.data(), sizeof key);
        state[12] = counter;
        std::memcpy(&state[13], nonce.data(), sizeof nonce);
        auto x = state;
        for (int round = 0; round < 10; ++round) {
            for (usize i = 0; i < 4; ++i) quarter(x[i], x[4 + i], x[8 + i], x[12 + i]);
            for (usize i = 0; i < 4; ++i)
                quarter(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
        }
        for (usize i = 0; i < 16; ++i) x[i] += state[i];
        std::memcpy(out.data(), x.data(), block_bytes);
    }

private:
    static void quarter(u32& a, u32& b, u32& c, u32& d)
    {
        a += b, d = std::rotl(d ^ a, 16);
        c += d, b = std::rotl(b ^ c, 12);
        a += b, d = std::rotl(d ^ a, 8);
        c += d, b = std::rotl(b ^ c, 7);
    }
};

} // namespace kit

// SHA-256 of a byte stream. No table is built at run time and nothing is allocated, so loaders,
// kernel tests and user programs share it. Not constant time: it hashes public files only.
// [FIPS 180-4, "SHA-256"]
#pragma once

#include "kit/types.hpp"
#include <array>
#include <bit>
#include <cstring>
#include <span>

namespace kit {

class Sha256 {
public:
    using Digest = std::array<u8, 32>;

    /// Appends bytes to the message.
    void update(std::span<u8 const> bytes)
    {
        length_ += bytes.size();
        while (!bytes.empty()) {
            if (fill_ == 0 && bytes.size() >= block_.size()) {
                compress(bytes.data()); // no copy: files are long
                bytes = bytes.subspan(block_.size());
                continue;
            }
            block_[fill_++] = bytes.front();
            bytes = bytes.subspan(1);
            if (fill_ == block_.size()) compress_block();
        }
    }

    /// Ends the message and returns its digest. The object must not be used again.
    Digest finish()
    {
        u64 const bits = length_ * 8;
        block_[fill_++] = 0x80;
        // The length needs the last 8 bytes of a block: open another block when they are taken.
        if (fill_ > block_.size() - 8) pad_to(block_.size());
        pad_to(block_.size() - 8);
        for (unsigned i = 0; i < 8; ++i) block_[fill_++] = static_cast<u8>(bits >> (56 - 8 * i));
        compress_block();
        Digest digest{};
        for (usize i = 0; i < digest.size(); ++i)
            digest[i] = static_cast<u8>(state_[i / 4] >> (24 - 8 * (i % 4)));
        return digest;
    }

    /// The digest of one message.
    static Digest of(std::span<u8 const> bytes)
    {
        Sha256 hash;
        hash.update(bytes);
        return hash.finish();
    }

private:
    void pad_to(usize end)
    {
        while (fill_ < end) block_[fill_++] = 0;
        if (fill_ == block_.size()) compress_block();
    }

    void compress_block()
    {
        compress(block_.data());
        fill_ = 0;
    }

    void compress(u8 const* block);

    // First 32 bits of the fractional parts of the square roots of the first 8 primes.
    std::array<u32, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                              0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<u8, 64> block_{};
    usize fill_ = 0;
    u64 length_ = 0;
};

namespace detail {
// First 32 bits of the fractional parts of the cube roots of the first 64 primes.
inline constexpr std::array<u32, 64> sha256_rounds{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
} // namespace detail

inline void Sha256::compress(u8 const* block)
{
    std::array<u32, 64> w;
    for (usize i = 0; i < 16; ++i) {
        u32 word;
        __builtin_memcpy(&word, block + 4 * i, sizeof word); // one load, also without a C library
        w[i] = __builtin_bswap32(word);
    }
    for (usize i = 16; i < 64; ++i) {
        u32 const a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3)) + w[i - 7] +
               (std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10));
    }
    // The standard's round but for its last step, in which every variable moves to the next: the
    // callers below name them anew instead.
    auto const round = [](u32 a, u32 b, u32 c, u32& d, u32 e, u32 f, u32 g, u32& h, u32 word) {
        h += (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + (((f ^ g) & e) ^ g) + word;
        d += h;
        h += (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) | (c & (a | b)));
    };
    auto [a, b, c, d, e, f, g, h] = state_;
    auto const input = [&w](usize i) { return detail::sha256_rounds[i] + w[i]; };
    for (usize i = 0; i < 64; i += 8) {
        round(a, b, c, d, e, f, g, h, input(i));
        round(h, a, b, c, d, e, f, g, input(i + 1));
        round(g, h, a, b, c, d, e, f, input(i + 2));
        round(f, g, h, a, b, c, d, e, input(i + 3));
        round(e, f, g, h, a, b, c, d, input(i + 4));
        round(d, e, f, g, h, a, b, c, input(i + 5));
        round(c, d, e, f, g, h, a, b, input(i + 6));
        round(b, c, d, e, f, g, h, a, input(i + 7));
    }
    std::array<u32, 8> const sum{a, b, c, d, e, f, g, h};
    for (usize i = 0; i < 8; ++i) state_[i] += sum[i];
}

} // namespace kit

// The generator: ChaCha20 with fast key erasure. Each request makes a key stream, whose first 32
// bytes replace the key before anybody sees the rest: who learns the key later cannot go back.
// Samples of all sources are hashed into a pool; a new key is made of the old and the pool once the
// pool holds 256 bits that somebody vouches for, all at once, so that nobody can guess along.
#pragma once

#include "kit/chacha20.hpp"
#include "kit/result.hpp"
#include "kit/sha256.hpp"

namespace entropy {

class Generator {
    kit::ChaCha20::Key key_{};
    kit::Sha256 pool_;
    u32 credit_ = 0; // bits in the pool
    bool seeded_ = false;

public:
    static constexpr u32 seed_bits = 256;

    /// Adds a sample to the pool. @param bits  of entropy in it; 0 when nobody knows
    void mix(std::span<u8 const> sample, u32 bits)
    {
        pool_.update(sample);
        credit_ = credit_ + bits < seed_bits ? credit_ + bits : seed_bits;
    }
    u32 credit() const { return credit_; }
    /// Makes a new key when the pool is worth it. False when it is not.
    bool reseed()
    {
        if (credit_ < seed_bits) return false;
        pool_.update(key_);
        key_ = pool_.finish();
        pool_ = {};
        credit_ = 0;
        seeded_ = true;
        return true;
    }
    bool seeded() const { return seeded_; }

    /// Fills `out`. @error interrupted  not seeded yet
    Result<void> generate(std::span<u8> out)
    {
        if (!seeded_) return Error::interrupted;
        std::array<u8, kit::ChaCha20::block_bytes> block;
        auto const key = key_;
        u32 counter = 0;
        kit::ChaCha20::block(key, {}, counter, block);
        std::memcpy(key_.data(), block.data(), sizeof key_);
        usize taken = sizeof key_;
        for (u8& byte : out) {
            if (taken == block.size()) {
                kit::ChaCha20::block(key, {}, ++counter, block);
                taken = 0;
            }
            byte = block[taken++];
        }
        return {};
    }
};

} // namespace entropy

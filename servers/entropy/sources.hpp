// Where seeds come from, each behind its health tests: the CPU's generator, the jitter of its
// clock, and a device. A source gives its samples to the generator and says how many bits they are
// worth, on the safe side; a sample of a source that is not good is mixed in, but is worth nothing.
#pragma once

#include "generator.hpp"
#include "health.hpp"
#include "protocol/entropy.hpp"

namespace entropy {

/// RDSEED and RDRAND. What CPUID does not have always fails.
struct Cpu {
    bool has_rdseed = false, has_rdrand = false;
    static Cpu detect();
    static bool rdseed(u64& value);
    static bool rdrand(u64& value);
    static u64 tsc() { return __builtin_ia32_rdtsc(); }
};

/// Samples of 8 bytes from an instruction.
class CpuSource {
    static constexpr u32 most_samples = 192; // past the health tests' start, then a seed

    Health health_{full_bytes};
    u32 bits_per_sample_;
    u64 credited_ = 0; // bytes

public:
    explicit CpuSource(u32 bits_per_sample) : bits_per_sample_{bits_per_sample} {}
    u64 credited() const { return credited_; }
    bool good() const { return health_.good(); }

    /// Samples until the generator has enough for a seed. `read(u64&)` may fail now and then.
    template <class Read> void collect(Generator& generator, Read&& read)
    {
        for (u32 i = 0; i < most_samples; ++i) {
            u64 value = 0;
            if (!read(value)) continue;
            u8 bytes[8];
            std::memcpy(bytes, &value, sizeof bytes);
            for (u8 const byte : bytes) health_.sample(byte);
            u32 const worth = health_.good() ? bits_per_sample_ : 0;
            generator.mix(bytes, worth);
            credited_ += worth / 8;
            if (worth > 0 && generator.credit() == Generator::seed_bits) return;
        }
    }
};

/// Bytes of a device: half of what they look like.
class DeviceSource {
    Health health_{full_bytes};
    u64 credited_ = 0;

public:
    u64 credited() const { return credited_; }
    bool good() const { return health_.good(); }
    void add(Generator& generator, RawBytes const& raw)
    {
        for (u8 const byte : raw.data) health_.sample(byte);
        u32 const worth = health_.good() ? sizeof raw.data * 4 : 0;
        generator.mix(raw.data, worth);
        credited_ += worth / 8;
    }
};

/// Times that a walk through memory takes: caches, buses and interrupts move them. A sample is
/// worth a sixteenth of a bit, and nothing when it is like the one before or differs from it as
/// that one from its own predecessor: a clock that counts instructions gives nothing.
class JitterSource {
    static constexpr u32 steps = 64;

    Health health_{eighth_of_a_bit};
    u64 last_ = 0, last_change_ = 0;
    u32 moving_ = 0; // samples that count, of the next whole bit
    u64 bits_ = 0;
    u8 walked_[4096] = {};
    u32 place_ = 0;

public:
    u64 credited() const { return bits_ / 8; }
    bool good() const { return health_.good(); }

    /// Takes `count` samples. `clock()` is the time.
    template <class Clock> void collect(Generator& generator, u32 count, Clock&& clock)
    {
        for (u32 i = 0; i < count; ++i) {
            u64 const start = clock();
            for (u32 step = 0; step < steps; ++step) {
                place_ = (place_ * 5 + 67) % sizeof walked_;
                walked_[place_] = static_cast<u8>(walked_[place_] + start);
            }
            sample(generator, clock() - start);
        }
    }

private:
    void sample(Generator& generator, u64 delta)
    {
        u64 const change = delta - last_;
        bool const moves = change != 0 && change != last_change_;
        last_ = delta, last_change_ = change;
        health_.sample(delta);
        u32 bits = 0;
        if (moves && health_.good() && ++moving_ == 16) moving_ = 0, bits = 1;
        u8 bytes[8];
        std::memcpy(bytes, &delta, sizeof bytes);
        generator.mix(bytes, bits);
        bits_ += bits;
    }
};

} // namespace entropy

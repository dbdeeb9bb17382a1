// Keeps the time page right (libs/protocol/time.hpp): the TSC's rate against the HPET, time since
// boot that never goes back, wall time as the RTC says it. Counters is any class with `u64 tsc()`,
// `u32 ticks()` and `u64 ns_of(u32 ticks)`.
#pragma once

#include "kit/result.hpp"
#include "protocol/time.hpp"

namespace timekeeper {

inline constexpr u64 ns_per_second = 1'000'000'000;
inline constexpr u32 shift = 32;
inline constexpr u64 least_hz = 1'000'000, most_hz = 16 * ns_per_second;

/// TSC and HPET at one moment; width: TSC ticks that it took to read both.
struct Sample {
    u64 tsc, width;
    u32 ticks;
};

/// Of several tries the one that was disturbed least.
template <class Counters> Sample sample(Counters& counters)
{
    Sample best{0, ~u64{0}, 0};
    for (int i = 0; i < 4; ++i) {
        u64 const before = counters.tsc();
        u32 const ticks = counters.ticks();
        u64 const width = counters.tsc() - before;
        if (width < best.width) best = {before + width / 2, width, ticks};
    }
    return best;
}

/// The TSC's rate between two samples less than 8 s apart.
/// @error out_of_range  they are too far apart or not apart; corrupt  no TSC is like that
template <class Counters>
Result<u64> rate_between(Counters const& counters, Sample const& a, Sample const& b)
{
    u64 const ns = counters.ns_of(b.ticks - a.ticks), tsc = b.tsc - a.tsc;
    if (ns == 0 || ns > 8 * ns_per_second) return Error::out_of_range;
    if (tsc / ns > most_hz / ns_per_second) return Error::corrupt;
    u64 const hz = tsc / ns * ns_per_second + tsc % ns * ns_per_second / ns;
    if (hz < least_hz || hz > most_hz) return Error::corrupt;
    return hz;
}

/// a and b differ by at most one part in `parts`.
constexpr bool near(u64 a, u64 b, u64 parts)
{
    u64 const distance = a > b ? a - b : b - a;
    return distance <= a / parts;
}

template <class Counters> class Timekeeper {
    Counters& counters_;
    time_protocol::Page& page_;
    Sample first_{};
    u64 hz_ = 0, scale_ = 0, zero_ = 0;
    i64 wall_offset_ = 0;

public:
    Timekeeper(Counters& counters, time_protocol::Page& page) : counters_{counters}, page_{page} {}

    /// Call it early: from here on the rate is measured.
    void begin() { first_ = sample(counters_); }

    /// Finds the rate and writes the page for the first time, or goes on with what a predecessor
    /// left there, as far as that is sane. given_hz: what the kernel measured (to a MHz) or 0.
    /// boot: the TSC at the kernel's start, which is time 0; not known, time begins at power-on.
    void start(u64 given_hz, u64 boot)
    {
        constexpr u64 to_verify = 200'000, to_measure = 2'000'000; // ns
        u64 known = given_hz;
        u64 const old_scale = page_.scale.load(std::memory_order_relaxed);
        bool const inherited = page_.sequence.load(std::memory_order_acquire) != 0 &&
                               page_.shift.load(std::memory_order_relaxed) == shift &&
                               old_scale != 0;
        if (inherited) known = (ns_per_second << shift) / old_scale;
        u64 measured = measure(to_verify);
        if (!is_rate(known, measured)) measured = measure(to_measure);
        bool const agrees = is_rate(known, measured);
        hz_ = agrees ? known : measured;
        bool const goes_on = inherited && agrees;
        scale_ = goes_on ? old_scale : (ns_per_second << shift) / hz_;
        u64 const old_zero = page_.tsc_zero.load(std::memory_order_relaxed);
        zero_ = goes_on && is_zero(old_zero, boot) ? old_zero : boot;
        i64 const old_offset = page_.wall_offset.load(std::memory_order_relaxed);
        wall_offset_ = goes_on && is_wall_offset(old_offset) ? old_offset : 0;
        publish();
    }

    /// Measures the rate once more, over all the time since begin(), and goes on with that from the
    /// time it is now. False: this moment was no good (something interrupted us, or too much time
    /// is over), ask again after the next begin().
    bool refine()
    {
        auto const now = sample(counters_);
        auto const measured = rate_between(counters_, first_, now);
        u64 const precise = hz_ / 100'000; // 10 us
        if (!measured || now.width > precise || first_.width > precise) return false;
        u64 const scale = (ns_per_second << shift) / *measured;
        u64 const ns = ns_at(now.tsc) + 1; // it has to be as late by the new scale, or later
        u64 since = ticks_of(ns, *measured);
        u64 const got = scaled(since, scale);
        if (got < ns) since += ticks_of(ns - got, *measured) + 1;
        hz_ = *measured;
        scale_ = scale;
        zero_ = now.tsc - since; // may be below 0, modulo 2^64
        publish();
        return true;
    }

    /// Tells what the RTC says now: seconds since 1970. It counts whole seconds, so less than two
    /// of difference are none.
    void set_wall(i64 seconds)
    {
        constexpr i64 second = ns_per_second, tolerance = second * 3 / 2;
        i64 const offset = seconds * second - static_cast<i64>(now());
        i64 const difference = offset - wall_offset_;
        if (difference < tolerance && difference > -tolerance) return;
        wall_offset_ = offset;
        publish();
    }

    /// Nanoseconds since boot.
    u64 now() { return ns_at(counters_.tsc()); }
    u64 hz() const { return hz_; }

private:
    static bool is_rate(u64 known, u64 measured) { return known != 0 && near(known, measured, 50); }
    /// Refining moves time 0 by as much as the rate before was wrong, a part of what is over.
    bool is_zero(u64 tsc_zero, u64 boot)
    {
        u64 const tsc = counters_.tsc();
        return near(tsc - tsc_zero, tsc - boot, 20);
    }
    /// From 1970 to 2116: the difference of two such offsets is one too.
    static bool is_wall_offset(i64 offset) { return offset >= 0 && offset >> 62 == 0; }
    static u64 scaled(u64 ticks, u64 scale)
    {
        __extension__ using Wide = unsigned __int128;
        return static_cast<u64>(Wide{ticks} * scale >> shift);
    }
    static u64 ticks_of(u64 ns, u64 hz)
    {
        return ns / ns_per_second * hz + ns % ns_per_second * hz / ns_per_second;
    }
    u64 ns_at(u64 tsc) const { return scaled(time_protocol::ticks_since(zero_, tsc), scale_); }
    /// The rate over at least `ns` since begin(): waits for what is missing of that.
    u64 measure(u64 ns)
    {
        for (;;) {
            auto const now = sample(counters_);
            if (counters_.ns_of(now.ticks - first_.ticks) < ns) continue;
            auto const hz = rate_between(counters_, first_, now);
            if (hz) return *hz;
            begin(); // more than 8 s went by: a debugger
        }
    }
    void publish()
    {
        u32 const odd = page_.sequence.load(std::memory_order_relaxed) | 1;
        page_.sequence.store(odd, std::memory_order_relaxed);
        // Each is a release, so that none is seen before the odd number.
        page_.shift.store(shift, std::memory_order_release);
        page_.scale.store(scale_, std::memory_order_release);
        page_.tsc_zero.store(zero_, std::memory_order_release);
        page_.wall_offset.store(wall_offset_, std::memory_order_release);
        u32 const even = odd + 1;
        page_.sequence.store(even ? even : 2, std::memory_order_release); // 0: nothing written
    }
};

} // namespace timekeeper

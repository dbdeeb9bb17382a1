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

/// A rate of the TSC, right to `doubt` ticks per second.
struct Rate {
    u64 hz, doubt;
};

constexpr u64 apart(u64 a, u64 b)
{
    return a > b ? a - b : b - a;
}
/// a and b differ by at most one part in `parts`.
constexpr bool near(u64 a, u64 b, u64 parts)
{
    return apart(a, b) <= a / parts;
}

/// The TSC's rate between two samples less than 8 s apart. It is the more in doubt the longer they
/// took: the HPET was read some time between the TSC's two readings.
/// @error out_of_range  they are too far apart or not apart; corrupt  no TSC is like that
template <class Counters>
Result<Rate> rate_between(Counters const& counters, Sample const& a, Sample const& b)
{
    u64 const ns = counters.ns_of(b.ticks - a.ticks), tsc = b.tsc - a.tsc;
    if (ns == 0 || ns > 8 * ns_per_second) return Error::out_of_range;
    if (tsc / ns > most_hz / ns_per_second) return Error::corrupt;
    u64 const hz = tsc / ns * ns_per_second + tsc % ns * ns_per_second / ns;
    if (hz < least_hz || hz > most_hz) return Error::corrupt;
    u64 const width = a.width / 2 + b.width / 2;
    return Rate{hz, width < tsc ? hz / (tsc / (width + 1)) : hz};
}

template <class Counters> class Timekeeper {
    Counters& counters_;
    time_protocol::Page& page_;
    Sample first_{};
    u64 unsure_hz_ = 0; // measured once, and unlike hz_
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
        Rate const known = verified(given_hz);
        Old const old = inherited();
        bool const goes_on = is_rate(old, known) && is_time(old, known, boot);
        hz_ = goes_on ? old.hz : known.hz;
        scale_ = goes_on ? old.scale : scale_of(known.hz);
        zero_ = goes_on ? old.zero : boot;
        wall_offset_ = goes_on && is_wall_offset(old.wall_offset) ? old.wall_offset : 0;
        publish();
    }

    /// Measures the rate once more, over all the time since begin(), and goes on with that from the
    /// time it is now. False: this moment was no good (something interrupted us, too much time is
    /// over, or the rate is another than so far and was seen but once), ask again after the next
    /// begin().
    bool refine()
    {
        auto const now = sample(counters_);
        auto const rate = rate_between(counters_, first_, now);
        u64 const precise = hz_ / 100'000; // 10 us
        if (!rate || now.width > precise || first_.width > precise) return false;
        u64 const measured = (*rate).hz;
        if (!near(measured, hz_, 100) && !near(measured, unsure_hz_, 1000)) {
            unsure_hz_ = measured; // one of the counters stood still: the machine was stopped
            return false;
        }
        u64 const scale = scale_of(measured);
        u64 const ns = ns_at(now.tsc) + 1; // it has to be as late by the new scale, or later
        u64 since = ticks_of(ns, measured);
        u64 const got = scaled(since, scale);
        if (got < ns) since += ticks_of(ns - got, measured) + 1;
        hz_ = measured;
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
    static constexpr u64 to_verify = 200'000, to_measure = 2'000'000; // ns

    /// What a predecessor left in the page; scale is 0 when there was none.
    struct Old {
        u64 scale, hz, zero;
        i64 wall_offset;
    };
    Old inherited() const
    {
        u64 const scale = page_.scale.load(std::memory_order_relaxed);
        if (page_.sequence.load(std::memory_order_acquire) == 0 || scale == 0 ||
            page_.shift.load(std::memory_order_relaxed) != shift)
            return {};
        return {scale, (ns_per_second << shift) / scale,
                page_.tsc_zero.load(std::memory_order_relaxed),
                page_.wall_offset.load(std::memory_order_relaxed)};
    }
    /// A measurement contradicts a rate only by more than it is itself in doubt.
    static bool agree(u64 known, Rate const& measured)
    {
        return apart(known, measured.hz) <= measured.doubt + measured.hz / 1000;
    }
    /// `given` if the HPET does not contradict it twice, else what the HPET says.
    Rate verified(u64 given)
    {
        Rate measured = measure(to_verify);
        if (!agree(given, measured)) measured = measure(to_measure);
        return agree(given, measured) ? Rate{given, 0} : measured;
    }
    /// A predecessor's rate is finer than ours and so differs from it a little. By more than that
    /// only when the HPET says so.
    bool is_rate(Old const& old, Rate const& known)
    {
        if (old.scale == 0) return false;
        if (agree(old.hz, known)) return true;
        auto const measured = measure(to_measure);
        return agree(old.hz, measured) && apart(old.hz, measured.hz) < apart(known.hz, measured.hz);
    }
    /// A predecessor began at `boot` with the known rate, and went on some time or other with its
    /// own: time is between what the two make of all the ticks since then.
    bool is_time(Old const& old, Rate const& known, u64 boot)
    {
        u64 const tsc = counters_.tsc(), ticks = tsc - boot, old_ticks = tsc - old.zero;
        u64 const by_known = ticks_of(scaled(ticks, scale_of(known.hz)), old.hz);
        u64 const least = ticks < by_known ? ticks : by_known;
        u64 const most = ticks < by_known ? by_known : ticks;
        u64 const slack = old.hz / 20 + ticks / 10'000; // 50 ms, and what refining adds up to
        return old_ticks <= most + slack && old_ticks + slack >= least;
    }
    /// From 1970 to 2116: the difference of two such offsets is one too.
    static bool is_wall_offset(i64 offset) { return offset >= 0 && offset >> 62 == 0; }
    static u64 scaled(u64 ticks, u64 scale)
    {
        __extension__ using Wide = unsigned __int128;
        return static_cast<u64>(Wide{ticks} * scale >> shift);
    }
    static u64 scale_of(u64 hz) { return (ns_per_second << shift) / hz; }
    static u64 ticks_of(u64 ns, u64 hz)
    {
        return ns / ns_per_second * hz + ns % ns_per_second * hz / ns_per_second;
    }
    u64 ns_at(u64 tsc) const { return scaled(time_protocol::ticks_since(zero_, tsc), scale_); }
    /// The rate over at least `ns` since begin(): waits for what is missing of that.
    Rate measure(u64 ns)
    {
        for (;;) {
            auto const now = sample(counters_);
            if (counters_.ns_of(now.ticks - first_.ticks) < ns) continue;
            auto const rate = rate_between(counters_, first_, now);
            if (rate) return *rate;
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

// Time without a message: reads the page that the clock driver writes (libs/protocol/time.hpp).
#pragma once

#include "program/program.hpp"
#include "protocol/time.hpp"

namespace program {

inline u64 tsc()
{
    return __builtin_ia32_rdtsc();
}

/// A reader of the time page. Without a page, or before the clock driver has written it, it is
/// always 0.
class Clock {
    time_protocol::Page const* page_ = nullptr;

public:
    Clock() = default;
    explicit Clock(time_protocol::Page const* page) : page_{page} {}
    /// The program's edge to protocol `time`.
    explicit Clock(Program const& self) : page_{self.use("time").memory<time_protocol::Page>()} {}

    bool is_set() const { return page_ != nullptr && page_->sequence.load() != 0; }
    /// Nanoseconds since power-on at a time stamp of this machine.
    u64 nanoseconds(u64 stamp) const { return read(stamp).since_boot; }
    u64 microseconds(u64 stamp) const { return nanoseconds(stamp) / 1000; }
    /// Nanoseconds since power-on.
    u64 now() const { return nanoseconds(tsc()); }
    /// Nanoseconds since 1970-01-01 UTC.
    u64 wall() const
    {
        auto const both = read(tsc());
        return both.since_boot + static_cast<u64>(both.wall_offset);
    }

private:
    struct Reading {
        u64 since_boot = 0;
        i64 wall_offset = 0;
    };
    /// What the page says, from between two writes of it. A driver that died while it wrote leaves
    /// an odd number until its successor writes: after some tries the numbers are taken as they
    /// are, rather than hang with it.
    Reading read(u64 stamp) const
    {
        Reading out;
        if (page_ == nullptr) return out;
        for (int tries = 0; tries < 1000; ++tries) {
            u32 const before = page_->sequence.load(std::memory_order_acquire);
            if (before == 0) return out;
            u64 const zero = page_->tsc_zero.load(std::memory_order_acquire);
            u64 const scale = page_->scale.load(std::memory_order_acquire);
            u32 const shift = page_->shift.load(std::memory_order_acquire) & 127;
            out.wall_offset = page_->wall_offset.load(std::memory_order_acquire);
            u64 const ticks = time_protocol::ticks_since(zero, stamp);
            __extension__ using Wide = unsigned __int128;
            out.since_boot = static_cast<u64>(Wide{ticks} * scale >> shift);
            if (before % 2 == 0 && page_->sequence.load(std::memory_order_relaxed) == before) break;
        }
        return out;
    }
};

} // namespace program

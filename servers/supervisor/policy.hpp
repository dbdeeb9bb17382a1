// Whether and when a program that ended is started again. The first time at once; when its
// successor does not live long either, after 100 ms, and twice as long each time, up to 10 s; after
// too many restarts in a minute no more, until somebody asks for it. Pure: the caller brings the
// time. Used by lifecycle.cpp.
#pragma once

#include "composition/description.hpp"

namespace supervisor {

/// Why a program ended; the numbers are those of monitor::CrashRecord.
enum class Reason : u8 { fault = 1, hang = 2, exit = 3, killed = 4 };

class RestartPolicy {
public:
    /// Restarts within a minute are remembered up to this number; a larger limit means this one.
    static constexpr u32 max_remembered = 60;
    static constexpr u64 first_delay_us = 100'000, longest_delay_us = 10'000'000;
    /// A life that was this long after `ready` was no failed start: the next restart is at once.
    static constexpr u64 healthy_us = 1'000'000;

    struct Verdict {
        bool again;  ///< false: it stays stopped
        u64 wait_us; ///< before its successor is made
    };

    RestartPolicy() = default;
    RestartPolicy(composition::Restart kind, u32 max_per_minute)
        : kind_{kind}, limit_{max_per_minute < max_remembered ? max_per_minute : max_remembered}
    {
    }

    /// It serves since `now_us`.
    void ready(u64 now_us) { ready_us_ = now_us, was_ready_ = true; }
    /// It ended: what becomes of it. A program that was killed comes back at once and it is not
    /// held against it, because that says nothing about the program.
    Verdict ended(Reason reason, u64 now_us);
    /// Somebody asked for a start: what was before counts no longer.
    void forgive() { recent_ = 0, streak_ = 0, was_ready_ = false; }

private:
    bool wanted(Reason reason) const;
    void forget_older_than_a_minute(u64 now_us);

    composition::Restart kind_ = composition::Restart::never;
    u32 limit_ = 0;
    u32 recent_ = 0; ///< restarts of the last minute, oldest first
    u64 restarted_us_[max_remembered] = {};
    u32 streak_ = 0; ///< restarts since it was last healthy
    u64 ready_us_ = 0;
    bool was_ready_ = false;
};

} // namespace supervisor

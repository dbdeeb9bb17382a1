// Notices that a program hangs: it used up more CPU time than its manifest allows without answering
// a heartbeat. Time that passes while others run does not count, so a program that got no CPU time
// is never declared hung, and one that sleeps is not woken for nothing. Pure: lifecycle.cpp brings
// the CPU time (SchedContext.consumed) and the count of answers (program::StatusPage::heartbeat).
#pragma once

#include "kit/types.hpp"

namespace supervisor {

class Heartbeat {
public:
    enum class Verdict : u8 {
        fine,
        ask, ///< signal its heartbeat bit now
        hung,
    };
    /// A program that is not ready yet (driver resetting its device, tables being made) answers no
    /// heartbeats: until then it may use this many times as much.
    static constexpr u64 start_factor = 20;

    Heartbeat() = default;
    /// @param limit_us  CPU time it may use without an answer; 0: it is not watched
    explicit Heartbeat(u64 limit_us) : limit_us_{limit_us} {}

    /// @param used_us   CPU time it used since the last look
    /// @param answers   what the program counted; any change is an answer
    /// @param is_ready  whether it has said that it serves
    Verdict look(u64 used_us, u32 answers, bool is_ready)
    {
        if (limit_us_ == 0) return Verdict::fine;
        if (answers != answers_) {
            answers_ = answers;
            silent_us_ = 0;
            asked_ = false;
        }
        silent_us_ += used_us;
        if (!is_ready) return silent_us_ > limit_us_ * start_factor ? Verdict::hung : Verdict::fine;
        if (!asked_) {
            // The time before the question does not count as silence.
            if (silent_us_ < limit_us_ / 2) return Verdict::fine;
            silent_us_ = 0;
            asked_ = true;
            return Verdict::ask;
        }
        return silent_us_ > limit_us_ ? Verdict::hung : Verdict::fine;
    }

private:
    u64 limit_us_ = 0;
    u64 silent_us_ = 0;
    u32 answers_ = 0;
    bool asked_ = false;
};

} // namespace supervisor

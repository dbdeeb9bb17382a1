// See policy.hpp.
#include "policy.hpp"

namespace supervisor {

namespace {

constexpr u64 minute_us = 60'000'000;

/// Before the restart that follows `streak` others: 0, 100 ms, 200 ms ... 10 s.
u64 delay_us(u32 streak)
{
    if (streak == 0) return 0;
    if (streak > 7) return RestartPolicy::longest_delay_us; // 100 ms * 2^7 is more than that
    return RestartPolicy::first_delay_us << (streak - 1);
}

} // namespace

RestartPolicy::Verdict RestartPolicy::ended(Reason reason, u64 now_us)
{
    if (was_ready_ && now_us - ready_us_ >= healthy_us) streak_ = 0;
    was_ready_ = false;
    if (!wanted(reason)) return {false, 0};
    if (reason == Reason::killed) return {true, 0};
    forget_older_than_a_minute(now_us);
    if (recent_ >= limit_) return {false, 0};
    restarted_us_[recent_++] = now_us;
    return {true, delay_us(streak_++)};
}

bool RestartPolicy::wanted(Reason reason) const
{
    switch (kind_) {
    case composition::Restart::always:
        return true;
    case composition::Restart::on_fault:
        return reason != Reason::exit;
    case composition::Restart::never:
        return false;
    }
    return false;
}

void RestartPolicy::forget_older_than_a_minute(u64 now_us)
{
    u32 old = 0;
    while (old < recent_ && now_us - restarted_us_[old] >= minute_us) ++old;
    for (u32 i = old; i < recent_; ++i) restarted_us_[i - old] = restarted_us_[i];
    recent_ -= old;
}

} // namespace supervisor

// SchedContext: a right to CPU time, `budget` out of every `period`, as a ring of refills. The
// object's size decides how many refills fit: 96 bytes here, then 16 each (128 bytes: 2).
// Arithmetic on refills: sched/refill.cpp; binding and donation: sched/binding.cpp.
// Source: seL4 manual, "MCS Scheduling".
#pragma once

#include "kit/types.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

using Ticks = u64; ///< TSC ticks

/// `amount` ticks that may be used from `time` on.
struct Refill {
    Ticks time, amount;
};

/// Where a context stands in the feedback class (sched/feedback.hpp); all zero while it is plain.
/// CPU and waiting times are microseconds, and stay at 2^32 - 1 when they get there.
struct Feedback {
    u8 queue = 0; ///< ready queue of its thread's priority that it goes to; 0 also while lifted
    u8 level = 0;
    bool asleep = false;       ///< its burst ended and the next has not begun
    u16 rest = 0;              ///< ticks charged that are no whole microsecond yet
    u32 used = 0, blocked = 0; ///< CPU time and time asleep since it came to its level
    u32 burst = 0;             ///< CPU time since it woke
    u32 service = 0;           ///< average burst, exponentially weighted
    Ticks since = 0;           ///< waits for its turn, or is asleep, since then
};
static_assert(sizeof(Feedback) == 32);

class alignas(16) SchedContext {
public:
    Ticks period = 0;                     ///< 0: not configured
    Ticks consumed = 0;                   ///< since the last time user space asked
    u64 badge = 0;                        ///< goes into timeout faults
    Tcb* tcb = nullptr;                   ///< who runs on it now
    Reply* reply = nullptr;               ///< top of the call stack it was donated along
    Notification* notification = nullptr; ///< bound to
    Tcb* yield_from = nullptr;            ///< the thread that waits in YieldTo for this one
    u16 refill_head = 0, refill_tail = 0, refill_max = 0;
    u16 flags = 0;
    Feedback feedback{};

    static constexpr u16 sporadic = 1, round_robin = 2, in_feedback = 4;
    void set_flag(u16 flag, bool on) { flags = u16(on ? flags | flag : flags & ~flag); }
    bool is_active() const { return refill_max > 0; }
    bool is_round_robin() const { return (flags & round_robin) != 0; }
    bool is_sporadic() const { return (flags & sporadic) != 0; }
    bool is_feedback() const { return (flags & in_feedback) != 0; }
    /// Active, and of the usual kind: round robin and nothing else.
    bool is_plain() const { return flags == round_robin && is_active(); }
    Refill* refills() { return reinterpret_cast<Refill*>(this + 1); }
    Refill const* refills() const { return reinterpret_cast<Refill const*>(this + 1); }
    Refill& head() { return refills()[refill_head]; }
    Refill const& head() const { return refills()[refill_head]; }
    Refill& tail() { return refills()[refill_tail]; }
};
static_assert(sizeof(SchedContext) == 96);

/// How many refills fit into an object of 2^size_bits bytes; no more than the indices can count.
constexpr u64 max_refills(unsigned size_bits)
{
    u64 const fitting = ((u64{1} << size_bits) - sizeof(SchedContext)) / sizeof(Refill);
    return fitting < 0xffff ? fitting : 0xffff;
}

} // namespace mk

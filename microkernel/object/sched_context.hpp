// SchedContext: a right to CPU time, `budget` out of every `period`, as a ring of refills. The
// object's size decides how many refills fit: 96 bytes here, then 16 each (128 bytes: 2).
// Arithmetic on refills: sched/refill.cpp; binding and donation: object/sched_context.cpp.
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
    u8 reserved[32] = {}; // the feedback class will live here

    static constexpr u16 sporadic = 1, round_robin = 2;
    bool is_active() const { return refill_max > 0; }
    bool is_round_robin() const { return (flags & round_robin) != 0; }
    bool is_sporadic() const { return (flags & sporadic) != 0; }
    Refill* refills() { return reinterpret_cast<Refill*>(this + 1); }
    Refill const* refills() const { return reinterpret_cast<Refill const*>(this + 1); }
    Refill& head() { return refills()[refill_head]; }
    Refill const& head() const { return refills()[refill_head]; }
    Refill& tail() { return refills()[refill_tail]; }
};
static_assert(sizeof(SchedContext) == 96);

/// How many refills fit into an object of 2^size_bits bytes.
constexpr u64 max_refills(unsigned size_bits)
{
    return ((u64{1} << size_bits) - sizeof(SchedContext)) / sizeof(Refill);
}

/// Gives the thread the context / takes it away (SchedContext Bind and Unbind, TCB SetSchedParams).
/// bind: neither has a partner yet.
void bind(Cpu& cpu, SchedContext& sc, Tcb& tcb);
void unbind_tcb(Cpu& cpu, SchedContext& sc);
void bind(SchedContext& sc, Notification& notification);
void unbind_notification(SchedContext& sc);
/// Takes the context away from every reply in its call stack.
void unbind_all_replies(SchedContext& sc);
/// Passes the context on to `to` (which has none) as IPC does.
void donate(Cpu& cpu, SchedContext& sc, Tcb& to);
/// Makes the context's thread ready, or puts it off to its next refill, as its state allows.
void resume(Cpu& cpu, SchedContext& sc);
/// The thread that waits in YieldTo on `sc` goes on; its answer is the time consumed.
void complete_yield_to(Cpu& cpu, Tcb& waiter);

} // namespace mk

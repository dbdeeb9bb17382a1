// Who runs on which scheduling context: binding to threads and notifications, donation along IPC,
// YieldTo. Source: seL4 manual, "Scheduling Contexts", "Scheduling Context Donation".
#pragma once

#include "sched/cpu.hpp"

namespace mk {

/// Gives `tcb` the context; neither has a partner yet.
void bind_thread(Cpu& cpu, SchedContext& sc, Tcb& tcb);
/// Takes the context from its thread, which becomes passive.
void unbind_thread(Cpu& cpu, SchedContext& sc);
void bind_notification(SchedContext& sc, Notification& notification);
void unbind_notification(SchedContext& sc);
/// Ends the call stack the context was donated along: no answer will return it.
void unbind_replies(SchedContext& sc);

/// Passes the context from its present thread (if any) to `to`, which has none.
void donate(Cpu& cpu, SchedContext& sc, Tcb& to);
/// A passive thread that takes a signal runs on the notification's context, if that is free.
void maybe_donate(Cpu& cpu, Notification& notification, Tcb& tcb);
/// A thread that runs on the notification's context gives it back when it blocks again.
void maybe_return(Cpu& cpu, Notification& notification, Tcb& tcb);
/// Puts the context's runnable thread off to its next refill when there is no budget now.
void resume(Cpu& cpu, SchedContext& sc);
/// Sporadic contexts merge their ready refills when their thread wakes.
void note_unblock(Cpu& cpu, Tcb& tcb);

/// Microseconds charged since the last question; starts a new count.
u64 take_consumed_us(Cpu& cpu, SchedContext& sc);
/// Ends `waiter`'s YieldTo: with an answer, or without (it was suspended or destroyed).
[[gnu::noinline]] void complete_yield_to(Cpu& cpu, Tcb& waiter);
void cancel_yield_to(Tcb& waiter);

} // namespace mk

// Choosing what runs: strict priorities, round robin within one, budgets as a limit, domains above
// all. A kernel entry does, in order: update_time, check_budget, its work, schedule.
// Source: seL4 manual, "MCS Scheduling", "Scheduling algorithm", "Domains".
#pragma once

#include "sched/cpu.hpp"

namespace mk {

/// Runnable, with an active scheduling context, and not waiting for a refill.
inline bool is_schedulable(Tcb const& tcb)
{
    return tcb.is_runnable() && tcb.sc != nullptr && tcb.sc->is_active() && !tcb.in_release_queue;
}

/// Whether nobody who is ready comes before `tcb` when it runs on `sc`. At its own priority only
/// level 0 needs no comparison.
inline bool beats_ready(Cpu const& cpu, Tcb const& tcb, SchedContext const& sc)
{
    ReadyQueues const& ready = cpu.ready_now();
    return ready.empty() || tcb.priority >= ready.highest() + (sc.feedback.queue != 0);
}

/// Ready queue operations; no-ops when the thread is already in / not in.
void enqueue_front(Cpu& cpu, Tcb& tcb);
void enqueue_back(Cpu& cpu, Tcb& tcb);
/// Before its equals, even those of a better level (YieldTo).
void enqueue_first(Cpu& cpu, Tcb& tcb);
void dequeue(Cpu& cpu, Tcb& tcb);

/// A thread became runnable: run it next if it may run and beats the current one, else queue it.
void possible_switch_to(Cpu& cpu, Tcb& tcb);
/// Choose anew at the end of this kernel entry; the candidate, if any, is queued.
void reschedule_required(Cpu& cpu);
/// Takes the context's thread out of the ready queue until its next refill.
void postpone(Cpu& cpu, SchedContext& sc);

/// Reads the clock; the time since the last entry is the current context's consumption.
void update_time(Cpu& cpu);
/// Whether the current thread may go on. If not, its time is charged and its slice ended (a
/// timeout fault may have been sent).
bool check_budget(Cpu& cpu);
/// Charges what was consumed so far to the current context without ending its slice.
void commit_time(Cpu& cpu);
/// The current thread gives up the rest of its budget (system call Yield).
void yield(Cpu& cpu);

/// Decides who runs next, switches to it and sets the timer; ends every kernel entry.
void schedule(Cpu& cpu);

/// Changes what orders a thread, keeping all queues right.
void set_priority(Cpu& cpu, Tcb& tcb, u8 priority);
void set_domain(Cpu& cpu, Tcb& tcb, u8 domain);
/// Begins the domain schedule at its start entry.
void start_domain_schedule(Cpu& cpu);

} // namespace mk

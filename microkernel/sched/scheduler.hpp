// Choosing what runs: strict priorities, round robin within one, budgets as a limit, domains above
// all. A kernel entry off the fast paths does, in order: update_time, check_budget, its work,
// schedule.
// Source: seL4 manual, "MCS Scheduling", "Scheduling algorithm", "Domains".
#pragma once

#include "arch/arch.hpp"
#include "sched/cpu.hpp"
#include "sched/refill.hpp"
#include "sched/release_queue.hpp"

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
inline void update_time(Cpu& cpu)
{
    Ticks const before = cpu.now;
    // Firmware and hypervisors can set the TSC back. No time has passed then: "almost 2^64 ticks"
    // would keep charge() busy for ever.
    Ticks const clock = arch::read_clock();
    cpu.now = clock > before ? clock : before;
    Ticks const passed = cpu.now - before;
    cpu.consumed += passed;
    if (domain_count > 1) cpu.domain_left -= passed < cpu.domain_left ? passed : cpu.domain_left;
}
/// Whether the current thread may go on. If not, its time is charged and its slice ended (a
/// timeout fault may have been sent).
bool check_budget_closely(Cpu& cpu);
inline bool check_budget(Cpu& cpu)
{
    SchedContext const& sc = *cpu.current_sc;
    if (domain_count == 1 && sc.is_active() && refill::sufficient(cpu, sc, cpu.consumed)) [[likely]]
        return true;
    return check_budget_closely(cpu);
}
/// Charges what was consumed so far to the current context without ending its slice.
void commit_time(Cpu& cpu);
/// The same for a context of the usual kind.
inline void charge_plain(Cpu& cpu, SchedContext& sc)
{
    refill::use_round_robin(sc, cpu.consumed);
    sc.consumed += cpu.consumed;
    cpu.consumed = 0;
}
/// The current thread gives up the rest of its budget (system call Yield).
void yield(Cpu& cpu);

/// Decides who runs next, switches to it and sets the timer; ends every kernel entry.
void schedule_closely(Cpu& cpu);
/// The same when no refill is due, as take_time() found.
inline void schedule_at_leisure(Cpu& cpu)
{
    Tcb const& t = *cpu.current;
    bool const nothing_to_do =
        domain_count == 1 && cpu.action == Cpu::Action::resume_current && !cpu.reprogram_timer;
    bool const undisturbed = t.state == ThreadState::running && t.sc == cpu.current_sc &&
                             t.sc->is_active() && !t.in_release_queue && t.yield_to == nullptr;
    if (!nothing_to_do || !undisturbed) [[unlikely]]
        schedule_closely(cpu);
}
inline void schedule(Cpu& cpu)
{
    if (release_queue::due(cpu))
        schedule_closely(cpu);
    else
        schedule_at_leisure(cpu);
}

/// Sets the timer for the next moment at which the scheduler has to act by itself.
void set_timer(Cpu& cpu);

/// Changes what orders a thread, keeping all queues right.
void set_priority(Cpu& cpu, Tcb& tcb, u8 priority);
void set_domain(Cpu& cpu, Tcb& tcb, u8 domain);
/// Begins the domain schedule at its start entry.
void start_domain_schedule(Cpu& cpu);

} // namespace mk

#include "sched/scheduler.hpp"
#include "arch/arch.hpp"
#include "ipc/fault.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "sched/binding.hpp"
#include "sched/feedback.hpp"
#include "sched/refill.hpp"
#include "sched/release_queue.hpp"
#include "sched/trace_switch.hpp"

namespace mk {

void enqueue_front(Cpu& cpu, Tcb& tcb)
{
    if (tcb.in_ready_queue) return;
    if (tcb.sc->is_feedback()) return feedback::enqueue(cpu, tcb);
    cpu.ready_of(tcb).push_front(tcb);
}

void enqueue_back(Cpu& cpu, Tcb& tcb)
{
    if (tcb.in_ready_queue) return;
    if (tcb.sc->is_feedback()) return feedback::enqueue(cpu, tcb);
    cpu.ready_of(tcb).push_back(tcb);
}

void enqueue_first(Cpu& cpu, Tcb& tcb)
{
    if (tcb.sc->is_feedback()) return feedback::enqueue_first(cpu, tcb);
    enqueue_front(cpu, tcb);
}

void dequeue(Cpu& cpu, Tcb& tcb)
{
    if (tcb.in_ready_queue) cpu.ready_of(tcb).remove(tcb);
}

void possible_switch_to(Cpu& cpu, Tcb& tcb)
{
    if (tcb.sc == nullptr || !tcb.sc->is_active() || tcb.in_release_queue) return;
    trace(
        cpu.events, Event::wake,
        {.thread = &tcb, .other = cpu.current, .object = tcb.sc, .level = tcb.sc->feedback.level});
    if (!cpu.has_turn(tcb)) {
        enqueue_front(cpu, tcb);
    } else if (cpu.action != Cpu::Action::resume_current) {
        reschedule_required(cpu); // two candidates: let the queues decide
        enqueue_front(cpu, tcb);
    } else {
        cpu.action = Cpu::Action::try_candidate;
        cpu.candidate = &tcb;
    }
}

void reschedule_required(Cpu& cpu)
{
    if (cpu.action == Cpu::Action::try_candidate && is_schedulable(*cpu.candidate))
        enqueue_front(cpu, *cpu.candidate);
    cpu.action = Cpu::Action::choose_new;
}

void postpone(Cpu& cpu, SchedContext& sc)
{
    trace(cpu.events, Event::postpone, {.thread = sc.tcb, .object = &sc});
    dequeue(cpu, *sc.tcb);
    if (!sc.tcb->in_release_queue) release_queue::insert(cpu, *sc.tcb);
}

namespace {

bool domain_expired(Cpu const& cpu)
{
    return domain_count > 1 && cpu.domain_left == 0;
}

/// Takes `amount` off the current context's refills; `used` of it was CPU time.
void charge(Cpu& cpu, SchedContext& sc, Ticks amount, Ticks used)
{
    if (sc.is_round_robin())
        refill::renew_round_robin(sc);
    else
        refill::charge(cpu, sc, amount);
    sc.consumed += used;
    if (sc.is_feedback()) feedback::charge(cpu, sc, used);
    cpu.consumed = 0;
}

/// The current thread has no time left now: it waits for a refill, or goes behind its equals.
void end_slice(Cpu& cpu, SchedContext& sc, bool yields)
{
    if (sc.is_feedback())
        feedback::end_slice(cpu, *cpu.current, yields);
    else if (sc.is_round_robin() || refill::has_budget(cpu, sc))
        enqueue_back(cpu, *cpu.current);
    else
        postpone(cpu, sc);
    reschedule_required(cpu);
    cpu.reprogram_timer = true;
}

/// The current thread was stopped by its budget's end, of which its timeout handler hears.
void run_out(Cpu& cpu)
{
    SchedContext& sc = *cpu.current_sc;
    Ticks const used = cpu.consumed;
    charge(cpu, sc, used, used);
    Tcb& current = *cpu.current;
    if (!is_schedulable(current)) return;
    trace(cpu.events, Event::budget_end, {.thread = &current, .object = &sc, .value = u32(used)});
    if (sc.is_round_robin() || !has_timeout_handler(current)) return end_slice(cpu, sc, false);
    raise_timeout(cpu, current);
    reschedule_required(cpu);
    cpu.reprogram_timer = true;
}

} // namespace

bool check_budget_closely(Cpu& cpu)
{
    SchedContext const& sc = *cpu.current_sc;
    // An inactive context is the idle thread's, or was unbound or deleted under its thread, which
    // no longer runs on it.
    if (sc.is_active() && !refill::sufficient(cpu, sc, cpu.consumed)) {
        run_out(cpu);
        return false;
    }
    if (!domain_expired(cpu)) return true;
    reschedule_required(cpu);
    return &sc == &cpu.idle_sc.sc;
}

void commit_time(Cpu& cpu)
{
    SchedContext& sc = *cpu.current_sc;
    if (&sc != &cpu.idle_sc.sc && sc.is_active() && cpu.consumed > 0) {
        if (sc.is_round_robin())
            refill::use_round_robin(sc, cpu.consumed);
        else
            refill::charge(cpu, sc, cpu.consumed);
        sc.consumed += cpu.consumed;
        if (sc.is_feedback()) feedback::charge(cpu, sc, cpu.consumed);
    }
    cpu.consumed = 0;
}

void yield(Cpu& cpu)
{
    SchedContext& sc = *cpu.current_sc;
    trace(cpu.events, Event::yield, {.thread = cpu.current, .object = &sc});
    charge(cpu, sc, sc.head().amount, cpu.consumed); // what is given up was not consumed
    end_slice(cpu, sc, true);
}

namespace {

void next_domain(Cpu& cpu)
{
    unsigned const next = cpu.domain_index + 1u;
    bool const wrap = next >= domain_schedule_length || cpu.domain_schedule[next].duration == 0;
    cpu.domain_index = wrap ? cpu.domain_start : u16(next);
    DomainSlice const& slice = cpu.domain_schedule[cpu.domain_index];
    cpu.domain = slice.domain;
    cpu.domain_left = slice.duration;
    cpu.reprogram_timer = true;
}

void run(Cpu& cpu, Tcb& tcb)
{
    dequeue(cpu, tcb);
    cpu.current = &tcb;
}

void choose_new(Cpu& cpu)
{
    if (domain_expired(cpu)) next_domain(cpu);
    ReadyQueues& ready = cpu.ready_now();
    if (ready.empty()) return run(cpu, cpu.idle);
    unsigned const priority = ready.highest();
    PriorityQueues const& queues = ready.of(priority);
    bool const only_level_0 = queues.filled == 1;
    run(cpu, only_level_0 ? *queues.head[0] : feedback::choose(cpu, ready, priority));
}

/// The candidate runs if nothing ready beats it. A current thread that could go on keeps its turn
/// against an equal.
void try_candidate(Cpu& cpu, Tcb& previous, bool goes_on)
{
    Tcb& candidate = *cpu.candidate;
    SchedContext& sc = *candidate.sc;
    if (sc.is_feedback() && &sc != cpu.current_sc) feedback::make_ready(cpu, sc);
    // Who beats the thread that ran until now beats all that are ready.
    if (goes_on && cpu.has_turn(previous) && candidate.priority > previous.priority) {
        run(cpu, candidate);
    } else if (!beats_ready(cpu, candidate, sc)) {
        enqueue_front(cpu, candidate);
        choose_new(cpu);
    } else if (goes_on && candidate.priority == previous.priority) {
        enqueue_back(cpu, candidate);
        choose_new(cpu);
    } else {
        run(cpu, candidate);
    }
}

/// switch_context when one of the contexts is not plain.
[[gnu::noinline]] void leave_context(Cpu& cpu, SchedContext& left, SchedContext& next)
{
    if (!next.is_sporadic() && &next != &cpu.idle_sc.sc) refill::unblock(cpu, next);
    commit_time(cpu);
    if (left.is_feedback()) feedback::leave(cpu, left);
}

/// The newly chosen thread's context becomes the one that is charged.
void switch_context(Cpu& cpu)
{
    SchedContext& next = cpu.current == &cpu.idle ? cpu.idle_sc.sc : *cpu.current->sc;
    SchedContext& left = *cpu.current_sc;
    if (&next == &left) {
        if (cpu.reprogram_timer) commit_time(cpu);
        return;
    }
    if (left.is_plain() && next.is_plain()) [[likely]]
        charge_plain(cpu, left);
    else
        leave_context(cpu, left, next);
    cpu.current_sc = &next;
    cpu.reprogram_timer = true;
}

/// Makes the chosen thread able to go on: a restart repeats its instruction or system call.
void activate(Cpu& cpu, Tcb& tcb)
{
    if (tcb.yield_to != nullptr) complete_yield_to(cpu, tcb);
    if (tcb.state != ThreadState::restart) return;
    tcb.context.settle();
    tcb.context.rip = tcb.context.fault_ip;
    tcb.state = ThreadState::running;
}

} // namespace

void set_timer(Cpu& cpu)
{
    Ticks next = ~Ticks{0};
    if (cpu.current != &cpu.idle) next = cpu.now + cpu.current_sc->head().amount;
    if (domain_count > 1 && cpu.domain_left < next - cpu.now) next = cpu.now + cpu.domain_left;
    if (cpu.release_head != nullptr && cpu.release_head->sc->head().time < next)
        next = cpu.release_head->sc->head().time;
    arch::set_deadline(next);
}

void schedule_closely(Cpu& cpu)
{
    Tcb& previous = *cpu.current;
    if (release_queue::due(cpu)) release_queue::wake_ready(cpu);
    if (domain_expired(cpu)) reschedule_required(cpu);
    bool const goes_on = is_schedulable(previous);
    bool const may_stay = goes_on || &previous == &cpu.idle;
    if (cpu.action != Cpu::Action::resume_current || !may_stay) {
        if (goes_on) enqueue_front(cpu, previous);
        if (cpu.action == Cpu::Action::try_candidate && is_schedulable(*cpu.candidate))
            try_candidate(cpu, previous, goes_on);
        else
            choose_new(cpu);
        cpu.action = Cpu::Action::resume_current;
        cpu.candidate = nullptr;
    }
    switch_context(cpu);
    if (cpu.reprogram_timer) {
        set_timer(cpu);
        cpu.reprogram_timer = false;
    }
    if (cpu.current != &previous) {
        trace_switch(cpu, previous);
        arch::switch_to(cpu, *cpu.current);
    }
    activate(cpu, *cpu.current);
}

void set_priority(Cpu& cpu, Tcb& tcb, u8 priority)
{
    if (tcb.in_ready_queue || &tcb == cpu.current) {
        dequeue(cpu, tcb);
        tcb.priority = priority;
        if (is_schedulable(tcb)) enqueue_front(cpu, tcb);
        reschedule_required(cpu);
    } else if (tcb.state == ThreadState::blocked_on_send ||
               tcb.state == ThreadState::blocked_on_receive) {
        Endpoint& ep = *static_cast<Endpoint*>(tcb.blocked_on);
        Endpoint::State const state = ep.state();
        ep.remove(tcb);
        tcb.priority = priority;
        ep.enqueue(tcb, state);
    } else if (tcb.state == ThreadState::blocked_on_notification) {
        Notification& ntfn = *static_cast<Notification*>(tcb.blocked_on);
        ntfn.remove(tcb);
        tcb.priority = priority;
        ntfn.enqueue(tcb);
    } else {
        tcb.priority = priority;
    }
}

void set_domain(Cpu& cpu, Tcb& tcb, u8 domain)
{
    dequeue(cpu, tcb);
    tcb.domain = domain;
    // The current thread may yet stop, in the second phase of its system call: schedule() queues
    // it.
    if (&tcb == cpu.current) return reschedule_required(cpu);
    if (is_schedulable(tcb)) enqueue_front(cpu, tcb);
}

void start_domain_schedule(Cpu& cpu)
{
    cpu.domain_index = cpu.domain_start;
    cpu.domain = cpu.domain_schedule[cpu.domain_start].domain;
    cpu.domain_left = cpu.domain_schedule[cpu.domain_start].duration;
    cpu.reprogram_timer = true;
}

} // namespace mk

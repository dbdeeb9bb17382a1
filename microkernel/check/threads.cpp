// Threads, scheduling contexts and replies: whoever points to another object points to one that
// has a capability and points back.
#include "arch/arch.hpp"
#include "check/registry.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "sched/refill.hpp"
#include "sched/scheduler.hpp"

namespace mk::check {
namespace {

using S = ThreadState;

bool holds(Slot const& slot, CapType type)
{
    return slot.empty() || slot.cap().is(type);
}

void check_thread_slots(Subject const& subject, Tcb const& t)
{
    subject.must(holds(t.slot(Tcb::cspace), CapType::cnode), "has a CSpace that is no CNode");
    subject.must(holds(t.slot(Tcb::vspace), CapType::pml4), "has a VSpace that is no PML4");
    subject.must(holds(t.slot(Tcb::ipc_buffer), CapType::frame),
                 "has an IPC buffer that is no frame");
    subject.must(holds(t.slot(Tcb::fault_handler), CapType::endpoint) &&
                     holds(t.slot(Tcb::timeout_handler), CapType::endpoint),
                 "has a fault handler that is no endpoint");
    Slot const& work = t.slot(Tcb::workplace);
    subject.must(holds(work, CapType::zombie) || holds(work, CapType::cnode) ||
                     holds(work, CapType::tcb),
                 "has a workplace with what a revoke does not put there");
}

void check_wait(Subject const& subject, Tcb const& t, Totals& totals)
{
    bool const on_endpoint = t.state == S::blocked_on_receive || t.state == S::blocked_on_send;
    bool const on_notification = t.state == S::blocked_on_notification;
    totals.waiting += on_endpoint || on_notification;
    subject.must(!on_endpoint || registry.has(CapType::endpoint, t.blocked_on),
                 "waits on an endpoint without a capability");
    subject.must(!on_notification || registry.has(CapType::notification, t.blocked_on),
                 "waits on a notification without a capability");
    subject.must(t.state != S::idle, "is idle and has a capability");
    subject.must(!t.fault.exists() || !t.is_runnable(), "goes on and has a fault");
    bool const awaits_reply = t.state == S::blocked_on_reply;
    subject.must(t.reply != nullptr ? awaits_reply || t.state == S::blocked_on_receive
                                    : !awaits_reply,
                 "has a state and a reply that disagree");
}

void check_scheduling(Subject const& subject, Cpu const& cpu, Tcb const& t, Totals& totals)
{
    bool const queued = is_schedulable(t) && &t != cpu.current;
    subject.must(t.in_ready_queue || !queued, "could run and is in no ready queue");
    subject.must(!t.in_ready_queue || queued, "is in a ready queue and could not run");
    bool const throttled = t.is_runnable() && t.sc != nullptr && t.sc->is_active();
    subject.must(!t.in_release_queue || (throttled && &t != cpu.current),
                 "is in the release queue and waits for no refill");
    subject.must(t.domain < domain_count, "is in no domain");
    totals.ready += t.in_ready_queue;
    totals.released += t.in_release_queue;
}

} // namespace

void check_thread(Cpu const& cpu, Tcb const& t, Totals& totals)
{
    Subject const subject{"tcb", &t};
    check_thread_slots(subject, t);
    check_wait(subject, t, totals);
    check_scheduling(subject, cpu, t, totals);
    check_partner(subject, t, t.sc, CapType::sched_context, &SchedContext::tcb,
                  "and its scheduling context disagree");
    check_partner(subject, t, t.yield_to, CapType::sched_context, &SchedContext::yield_from,
                  "and the scheduling context that it yields to disagree");
    check_partner(subject, t, t.bound_notification, CapType::notification, &Notification::bound_tcb,
                  "and its notification disagree");
    check_partner(subject, t, t.reply, CapType::reply, &Reply::tcb, "and its reply disagree");
}

namespace {

void check_refills(Subject const& subject, Cpu const& cpu, SchedContext const& sc,
                   unsigned size_bits)
{
    subject.must(sc.refill_max <= max_refills(size_bits), "has more refills than fit");
    subject.must(sc.refill_head < sc.refill_max && sc.refill_tail < sc.refill_max,
                 "has refills outside of their ring");
    subject.must(sc.head().amount >= refill::min_budget(cpu),
                 "has a first refill that is too small to run on");
    Ticks sum = sc.head().amount;
    for (unsigned i = sc.refill_head; i != sc.refill_tail;) {
        Refill const& earlier = sc.refills()[i];
        i = i + 1 == sc.refill_max ? 0 : i + 1;
        Refill const& later = sc.refills()[i];
        subject.must(sc.is_round_robin() || earlier.time + earlier.amount <= later.time,
                     "has refills that overlap or are out of order");
        sum += later.amount;
    }
    subject.must(sum <= sc.period, "has more budget than period");
    subject.must(sum == sc.period || !sc.is_round_robin(), "is round robin and has lost budget");
}

} // namespace

void check_sched_context(Cpu const& cpu, SchedContext const& sc, unsigned size_bits)
{
    Subject const subject{"scheduling context", &sc};
    if (sc.is_active()) check_refills(subject, cpu, sc, size_bits);
    Feedback const& f = sc.feedback;
    subject.must(sc.is_feedback() ? sc.is_round_robin() && f.level <= PriorityQueues::fifo_levels
                                  : f.level == 0 && f.queue == 0,
                 "is at a level without being round robin and in the feedback class");
    subject.must(f.queue == 0 || f.level == (f.queue < PriorityQueues::fifo_levels
                                                 ? f.queue
                                                 : PriorityQueues::fifo_levels),
                 "goes to a queue that is not its level's");
    check_partner(subject, sc, sc.tcb, CapType::tcb, &Tcb::sc, "and its thread disagree");
    check_partner(subject, sc, sc.notification, CapType::notification, &Notification::sched_context,
                  "and its notification disagree");
    check_partner(subject, sc, sc.yield_from, CapType::tcb, &Tcb::yield_to,
                  "and the thread that yields to it disagree");
    if (sc.reply == nullptr) return;
    subject.must(registry.has(CapType::reply, sc.reply) && sc.reply->sched_context() == &sc,
                 "and the top of its call stack disagree");
}

void check_reply(Reply const& r, Totals& totals)
{
    Subject const subject{"reply", &r};
    ++totals.replies;
    check_partner(subject, r, r.tcb, CapType::tcb, &Tcb::reply, "and its thread disagree");
    bool const stacked = r.is_top() || r.next() != nullptr || r.prev != nullptr;
    subject.must(!stacked || (r.tcb != nullptr && r.tcb->state == S::blocked_on_reply),
                 "is in a call stack and nobody waits on it");
    if (SchedContext const* const sc = r.sched_context())
        subject.must(registry.has(CapType::sched_context, sc) && sc->reply == &r,
                     "and the context of its call stack disagree");
    if (Reply const* const newer = r.next()) {
        subject.must(registry.has(CapType::reply, newer) && newer->prev == &r,
                     "and the newer call disagree");
        return;
    }
    // The newest of its stack. Links agree (above), so what this does not reach goes in a circle.
    for (Reply const *each = &r, *above = nullptr; each; above = each, each = each->prev) {
        subject.must(registry.has(CapType::reply, each) && (!above || each->next() == above),
                     "and an older call of its stack disagree");
        ++totals.replies_in_stack;
    }
}

void check_cpu(Cpu const& cpu)
{
    Subject const subject{"cpu", &cpu};
    subject.must(cpu.action == Cpu::Action::resume_current && cpu.candidate == nullptr,
                 "has a choice of the scheduler left over");
    for (unsigned i = 0; i < arch::live_state_owners; ++i) {
        Tcb const* const owner = arch::live_state_owner(i);
        subject.must(owner == nullptr || registry.has(CapType::tcb, owner),
                     "holds the registers of a thread without a capability");
    }
    Tcb const& current = *cpu.current;
    Subject const runner{"current tcb", &current};
    if (&current == &cpu.idle)
        return subject.must(cpu.current_sc == &cpu.idle_sc.sc, "is idle and charges somebody");
    runner.must(registry.has(CapType::tcb, &current), "has no capability");
    runner.must(current.state == S::running && is_schedulable(current), "should not run");
    runner.must(current.sc == cpu.current_sc, "runs on one context, another is charged");
    runner.must(current.domain == cpu.domain, "runs in another domain's time");
    runner.must(refill::has_budget(cpu, *current.sc), "has no budget");
    ReadyQueues const& ready = cpu.ready[cpu.domain];
    runner.must(ready.empty() || ready.highest() <= current.priority,
                "runs before one of higher priority");
}

} // namespace mk::check

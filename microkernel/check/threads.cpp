// Threads, their queues, scheduling contexts and replies: whoever points to another object points
// to one that has a capability and points back.
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

void check_thread_slots(Subject const& must, Tcb const& t)
{
    must(holds(t.slot(Tcb::cspace), T::cnode), "has a CSpace that is no CNode");
    must(holds(t.slot(Tcb::vspace), T::pml4), "has a VSpace that is no PML4");
    must(holds(t.slot(Tcb::ipc_buffer), T::frame), "has an IPC buffer that is no frame");
    must(holds(t.slot(Tcb::fault_handler), T::endpoint) &&
             holds(t.slot(Tcb::timeout_handler), T::endpoint),
         "has a fault handler that is no endpoint");
    Slot const& work = t.slot(Tcb::workplace);
    must(holds(work, T::zombie) || holds(work, T::cnode) || holds(work, T::tcb),
         "has a workplace with what a revoke does not put there");
}

void check_wait(Subject const& must, Tcb const& t, Totals& totals)
{
    bool const on_endpoint = t.state == S::blocked_on_receive || t.state == S::blocked_on_send;
    bool const on_notification = t.state == S::blocked_on_notification;
    totals.waiting += on_endpoint || on_notification;
    must(!on_endpoint || registry.has(T::endpoint, t.blocked_on),
         "waits on an endpoint without a capability");
    must(!on_notification || registry.has(T::notification, t.blocked_on),
         "waits on a notification without a capability");
    must(t.state != S::idle, "is idle and has a capability");
    must(!t.fault.exists() || !t.is_runnable(), "goes on and has a fault");
    bool const awaits_reply = t.state == S::blocked_on_reply;
    must(t.reply != nullptr ? awaits_reply || t.state == S::blocked_on_receive : !awaits_reply,
         "has a state and a reply that disagree");
}

void check_scheduling(Subject const& must, Cpu const& cpu, Tcb const& t, Totals& totals)
{
    bool const queued = is_schedulable(t) && &t != cpu.current;
    must(t.in_ready_queue || !queued, "could run and is in no ready queue");
    must(!t.in_ready_queue || queued, "is in a ready queue and could not run");
    bool const throttled = t.is_runnable() && t.sc != nullptr && t.sc->is_active();
    must(!t.in_release_queue || (throttled && &t != cpu.current),
         "is in the release queue and waits for no refill");
    must(t.domain < domain_count, "is in no domain");
    totals.ready += t.in_ready_queue;
    totals.released += t.in_release_queue;
}

void check_refills(Subject const& must, Cpu const& cpu, SchedContext const& sc, unsigned size_bits)
{
    must(sc.refill_max <= max_refills(size_bits), "has more refills than fit");
    must(sc.refill_head < sc.refill_max && sc.refill_tail < sc.refill_max,
         "has refills outside of their ring");
    must(sc.head().amount >= refill::min_budget(cpu),
         "has a first refill that is too small to run on");
    Ticks sum = sc.head().amount;
    for (unsigned i = sc.refill_head; i != sc.refill_tail;) {
        Refill const& earlier = sc.refills()[i];
        i = i + 1 == sc.refill_max ? 0 : i + 1;
        Refill const& later = sc.refills()[i];
        must(sc.is_round_robin() || earlier.time + earlier.amount <= later.time,
             "has refills that overlap or are out of order");
        sum += later.amount;
    }
    must(sum <= sc.period, "has more budget than period");
    must(sum == sc.period || !sc.is_round_robin(), "is round robin and has lost budget");
}

/// Walks a list or a ring linked by `link`: every thread has a capability and points back, and
/// `member` (thread, the one before or null) checks the rest.
template <class Member>
void check_queue(Tcb const* head, bool ring, Link Tcb::*link, u64& count, Member&& member)
{
    constexpr char const* not_linked = "is in a queue that is not linked back";
    Tcb const *before = nullptr, *t = head;
    for (; t != nullptr && (t != head || before == nullptr); before = t, t = (t->*link).next) {
        Subject const must{"tcb", t};
        must(registry.has(T::tcb, t), "is in a queue and has no capability");
        must(before == nullptr || (t->*link).prev == before, not_linked);
        member(must, *t, before);
        ++count;
    }
    if (head == nullptr) return;
    Tcb const* const last = ring ? before : nullptr;
    Subject{"tcb", head}((t == head) == ring && (head->*link).prev == last, not_linked);
}

/// Threads that wait on `object` in `state`, highest priority first.
void check_waiters(void const* object, Tcb const* head, ThreadState state, Totals& totals)
{
    auto const waits = [&](Subject const& must, Tcb const& t, Tcb const* before) {
        must(t.state == state && t.blocked_on == object,
             "is in a wait queue that it does not wait in");
        must(!before || before->priority >= t.priority, "waits behind one of lower priority");
    };
    check_queue(head, false, &Tcb::wait_link, totals.waiting_in_queue, waits);
}

/// One queue of a priority: a ring, in order of waiting but for the first, which is plain.
void check_ring(Tcb const* head, unsigned priority, unsigned domain, unsigned q, Totals& totals)
{
    auto const ready = [&](Subject const& must, Tcb const& t, Tcb const* before) {
        must(t.in_ready_queue && t.ready_queue == q && t.priority == priority &&
                 t.domain == domain && t.sc != nullptr && t.sc->feedback.queue == q,
             "is in a ready queue that is not its own");
        Subject{"tcb", before}(q == 0 || before == nullptr ||
                                   before->sc->feedback.since <= t.sc->feedback.since,
                               "is in a ready queue before one that waits longer");
    };
    check_queue(head, true, &Tcb::sched_link, totals.ready_in_queue, ready);
}

void check_release_queue(Cpu const& cpu, Totals& totals)
{
    auto const awaits = [&](Subject const& must, Tcb const& t, Tcb const* before) {
        must(t.in_release_queue && t.sc != nullptr, "is in the release queue and does not know");
        must(!before || before->sc->head().time <= t.sc->head().time,
             "waits behind one with a later refill");
        must(!refill::ready(cpu, *t.sc), "waits for a refill that is there");
    };
    check_queue(cpu.release_head, false, &Tcb::sched_link, totals.released_in_queue, awaits);
}

} // namespace

void check_thread(Cpu const& cpu, Tcb const& t, Totals& totals)
{
    Subject const must{"tcb", &t};
    check_thread_slots(must, t);
    check_wait(must, t, totals);
    check_scheduling(must, cpu, t, totals);
    check_partner(must, t, t.sc, T::sched_context, &SchedContext::tcb,
                  "and its scheduling context disagree");
    check_partner(must, t, t.yield_to, T::sched_context, &SchedContext::yield_from,
                  "and the scheduling context that it yields to disagree");
    check_partner(must, t, t.bound_notification, T::notification, &Notification::bound_tcb,
                  "and its notification disagree");
    check_partner(must, t, t.reply, T::reply, &Reply::tcb, "and its reply disagree");
}

void check_sched_context(Cpu const& cpu, SchedContext const& sc, unsigned size_bits)
{
    Subject const must{"scheduling context", &sc};
    if (sc.is_active()) check_refills(must, cpu, sc, size_bits);
    Feedback const& f = sc.feedback;
    constexpr unsigned fifo = PriorityQueues::fifo_levels;
    must(sc.is_feedback() ? sc.is_round_robin() && f.level <= fifo : f.level == 0 && f.queue == 0,
         "is at a level without being round robin and in the feedback class");
    must(f.queue == 0 || f.level == (f.queue < fifo ? f.queue : fifo),
         "goes to a queue that is not its level's");
    check_partner(must, sc, sc.tcb, T::tcb, &Tcb::sc, "and its thread disagree");
    check_partner(must, sc, sc.notification, T::notification, &Notification::sched_context,
                  "and its notification disagree");
    check_partner(must, sc, sc.yield_from, T::tcb, &Tcb::yield_to,
                  "and the thread that yields to it disagree");
    if (sc.reply == nullptr) return;
    must(registry.has(T::reply, sc.reply) && sc.reply->sched_context() == &sc,
         "and the top of its call stack disagree");
}

void check_reply(Reply const& r, Totals& totals)
{
    Subject const must{"reply", &r};
    ++totals.replies;
    check_partner(must, r, r.tcb, T::tcb, &Tcb::reply, "and its thread disagree");
    bool const stacked = r.is_top() || r.next() != nullptr || r.prev != nullptr;
    must(!stacked || (r.tcb != nullptr && r.tcb->state == S::blocked_on_reply),
         "is in a call stack and nobody waits on it");
    if (SchedContext const* const sc = r.sched_context())
        must(registry.has(T::sched_context, sc) && sc->reply == &r,
             "and the context of its call stack disagree");
    if (Reply const* const newer = r.next()) {
        must(registry.has(T::reply, newer) && newer->prev == &r, "and the newer call disagree");
        return;
    }
    // The newest of its stack. Links agree (above), so what this does not reach goes in a circle.
    for (Reply const *each = &r, *above = nullptr; each; above = each, each = each->prev) {
        must(registry.has(T::reply, each) && (!above || each->next() == above),
             "and an older call of its stack disagree");
        ++totals.replies_in_stack;
    }
}

void check_cpu(Cpu const& cpu)
{
    Subject const must{"cpu", &cpu};
    must(cpu.action == Cpu::Action::resume_current && cpu.candidate == nullptr,
         "has a choice of the scheduler left over");
    for (unsigned i = 0; i < arch::live_state_owners; ++i) {
        Tcb const* const owner = arch::live_state_owner(i);
        must(owner == nullptr || registry.has(T::tcb, owner),
             "holds the registers of a thread without a capability");
    }
    Tcb const& current = *cpu.current;
    Subject const it{"current tcb", &current};
    if (&current == &cpu.idle)
        return must(cpu.current_sc == &cpu.idle_sc.sc, "is idle and charges somebody");
    it(registry.has(T::tcb, &current), "has no capability");
    it(current.state == S::running && is_schedulable(current), "should not run");
    it(current.sc == cpu.current_sc, "runs on one context, another is charged");
    it(current.domain == cpu.domain, "runs in another domain's time");
    it(refill::has_budget(cpu, *current.sc), "has no budget");
    ReadyQueues const& ready = cpu.ready[cpu.domain];
    it(ready.empty() || ready.highest() <= current.priority, "runs before one of higher priority");
}

void check_endpoint(Endpoint const& ep, Totals& totals)
{
    using E = Endpoint::State;
    Subject const must{"endpoint", &ep};
    S const waits = ep.state() == E::send ? S::blocked_on_send : S::blocked_on_receive;
    must((ep.head() == nullptr) == (ep.state() == E::idle),
         "has a state and a queue that disagree");
    check_waiters(&ep, ep.head(), waits, totals);
}

void check_notification(Notification const& n, Totals& totals)
{
    using N = Notification::State;
    Subject const must{"notification", &n};
    must((n.head() != nullptr) == (n.state == N::waiting), "has a state and a queue that disagree");
    must(n.state == N::active || n.pending == 0, "has pending signals and is not active");
    check_waiters(&n, n.head(), S::blocked_on_notification, totals);
    check_partner(must, n, n.bound_tcb, T::tcb, &Tcb::bound_notification,
                  "and its thread disagree");
    check_partner(must, n, n.sched_context, T::sched_context, &SchedContext::notification,
                  "and its scheduling context disagree");
}

void check_scheduler_queues(Cpu const& cpu, Totals& totals)
{
    for (unsigned domain = 0; domain < domain_count; ++domain) {
        ReadyQueues const& ready = cpu.ready[domain];
        Subject const must{"ready queues", &ready};
        must(ready.maps_fit(), "have a bitmap that is wrong");
        for (unsigned p = 0; p < ReadyQueues::priorities; ++p) {
            PriorityQueues const& queues = ready.of(p);
            for (unsigned q = 0; queues.filled != 0 && q < PriorityQueues::count; ++q) {
                must((queues.filled >> q & 1) == u64{queues.head[q] != nullptr},
                     "have a bitmap that is wrong");
                check_ring(queues.head[q], p, domain, q, totals);
            }
        }
    }
    check_release_queue(cpu, totals);
}

} // namespace mk::check

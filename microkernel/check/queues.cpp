// Queues: doubly linked, in order, and of exactly the threads whose state says that they are in.
#include "check/registry.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "sched/refill.hpp"
#include "sched/scheduler.hpp"

namespace mk::check {
namespace {

/// Walks a queue linked by `link`: every thread has a capability and points back, and `member`
/// (thread, the one before or null) checks the rest. Answers the last thread.
template <class Member>
Tcb const* check_queue(Tcb const* head, Link Tcb::*link, u64& count, Member&& member)
{
    Tcb const* before = nullptr;
    for (Tcb const* t = head; t != nullptr; before = t, t = (t->*link).next) {
        Subject const subject{"tcb", t};
        subject.must(registry.has(CapType::tcb, t), "is in a queue and has no capability");
        subject.must((t->*link).prev == before, "is in a queue that is not linked back");
        member(subject, *t, before);
        ++count;
    }
    return before;
}

/// Threads that wait on `object` in `state`, highest priority first.
void check_waiters(void const* object, Tcb const* head, ThreadState state, Totals& totals)
{
    check_queue(head, &Tcb::wait_link, totals.waiting_in_queue,
                [&](Subject const& subject, Tcb const& t, Tcb const* before) {
                    subject.must(t.state == state && t.blocked_on == object,
                                 "is in a wait queue that it does not wait in");
                    subject.must(before == nullptr || before->priority >= t.priority,
                                 "waits behind one of lower priority");
                });
}

} // namespace

void check_endpoint(Endpoint const& ep, Totals& totals)
{
    using S = Endpoint::State;
    Subject const subject{"endpoint", &ep};
    subject.must((ep.head() == nullptr) == (ep.state() == S::idle),
                 "has a state and a queue that disagree");
    check_waiters(&ep, ep.head(),
                  ep.state() == S::send ? ThreadState::blocked_on_send
                                        : ThreadState::blocked_on_receive,
                  totals);
}

void check_notification(Notification const& n, Totals& totals)
{
    using S = Notification::State;
    Subject const subject{"notification", &n};
    subject.must((n.head() != nullptr) == (n.state == S::waiting),
                 "has a state and a queue that disagree");
    subject.must(n.state == S::active || n.pending == 0, "has pending signals and is not active");
    check_waiters(&n, n.head(), ThreadState::blocked_on_notification, totals);
    check_partner(subject, n, n.bound_tcb, CapType::tcb, &Tcb::bound_notification,
                  "and its thread disagree");
    check_partner(subject, n, n.sched_context, CapType::sched_context, &SchedContext::notification,
                  "and its scheduling context disagree");
}

namespace {

struct Place {
    u8 priority, domain;
};

/// One queue of a priority: a ring, in order of waiting but for the first, which is plain.
void check_ring(Tcb const* head, Place const& like, unsigned q, Totals& totals)
{
    Tcb const* t = head;
    do {
        Subject const subject{"tcb", t};
        subject.must(registry.has(CapType::tcb, t), "is in a queue and has no capability");
        subject.must(t->in_ready_queue && t->ready_queue == q && t->priority == like.priority &&
                         t->domain == like.domain && t->sc != nullptr && t->sc->feedback.queue == q,
                     "is in a ready queue that is not its own");
        Tcb const* const next = t->sched_link.next;
        subject.must(registry.has(CapType::tcb, next) && next->sched_link.prev == t,
                     "is in a queue that is not linked back");
        subject.must(q == 0 || next == head || next->sc == nullptr ||
                         t->sc->feedback.since <= next->sc->feedback.since,
                     "is in a ready queue before one that waits longer");
        ++totals.ready_in_queue;
        t = next;
    } while (t != head);
}

void check_ready(ReadyQueues const& ready, Place const& like, Totals& totals)
{
    PriorityQueues const& queues = ready.of(like.priority);
    for (unsigned q = 0; q < PriorityQueues::count; ++q) {
        Tcb const* const head = queues.head[q];
        Subject{"ready queues", &queues}.must((queues.filled >> q & 1) == u64{head != nullptr},
                                              "have a bitmap that is wrong");
        if (head != nullptr) check_ring(head, like, q, totals);
    }
}

void check_release_queue(Cpu const& cpu, Totals& totals)
{
    check_queue(cpu.release_head, &Tcb::sched_link, totals.released_in_queue,
                [](Subject const& subject, Tcb const& t, Tcb const* before) {
                    subject.must(t.in_release_queue && t.sc != nullptr,
                                 "is in the release queue and does not know");
                    subject.must(!before || before->sc->head().time <= t.sc->head().time,
                                 "waits behind one with a later refill");
                });
    Subject{"tcb", cpu.release_head}.must(cpu.release_head == nullptr ||
                                              !refill::ready(cpu, *cpu.release_head->sc),
                                          "waits for a refill that is there");
}

} // namespace

void check_scheduler_queues(Cpu const& cpu, Totals& totals)
{
    for (unsigned domain = 0; domain < domain_count; ++domain) {
        ReadyQueues const& ready = cpu.ready[domain];
        Subject{"ready queues", &ready}.must(ready.maps_fit(), "have a bitmap that is wrong");
        for (unsigned p = 0; p < ReadyQueues::priorities; ++p)
            if (ready.of(p).filled != 0) check_ready(ready, {u8(p), u8(domain)}, totals);
    }
    check_release_queue(cpu, totals);
}

} // namespace mk::check

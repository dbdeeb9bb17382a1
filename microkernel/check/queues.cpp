// Queues: doubly linked, in order, and of exactly the threads whose state says that they are in.
#include "check/registry.hpp"
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "sched/refill.hpp"
#include "sched/scheduler.hpp"

namespace mk::check {
namespace {

/// Threads that wait on `object` in `state`, linked by wait_link, highest priority first.
u64 check_waiters(char const* name, void const* object, Tcb const* head, ThreadState state)
{
    u64 count = 0;
    Tcb const* before = nullptr;
    for (Tcb const* t = head; t != nullptr; before = t, t = t->wait_link.next) {
        require(registry.has(CapType::tcb, t), name, object,
                "a thread without a capability is in its queue");
        require(t->wait_link.prev == before, "tcb", t, "its wait queue is not linked back");
        require(t->state == state && t->blocked_on == object, "tcb", t,
                "is in a wait queue that it does not wait in");
        require(before == nullptr || before->priority >= t->priority, "tcb", t,
                "waits behind one of lower priority");
        ++count;
    }
    return count;
}

} // namespace

void check_endpoint(Endpoint const& ep, Totals& totals)
{
    using S = Endpoint::State;
    require((ep.head() == nullptr) == (ep.state() == S::idle), "endpoint", &ep,
            "its state and its queue disagree");
    totals.waiting_in_queue += check_waiters(
        "endpoint", &ep, ep.head(),
        ep.state() == S::send ? ThreadState::blocked_on_send : ThreadState::blocked_on_receive);
}

void check_notification(Notification const& n, Totals& totals)
{
    using S = Notification::State;
    require((n.head() != nullptr) == (n.state == S::waiting), "notification", &n,
            "its state and its queue disagree");
    require(n.state == S::active || n.pending == 0, "notification", &n,
            "has pending signals and is not active");
    totals.waiting_in_queue +=
        check_waiters("notification", &n, n.head(), ThreadState::blocked_on_notification);
    if (n.bound_tcb != nullptr) {
        require(registry.has(CapType::tcb, n.bound_tcb), "notification", &n,
                "its thread has no capability");
        require(n.bound_tcb->bound_notification == &n, "notification", &n,
                "its thread is bound to another");
    }
    if (n.sched_context != nullptr) {
        require(registry.has(CapType::sched_context, n.sched_context), "notification", &n,
                "its scheduling context has no capability");
        require(n.sched_context->notification == &n, "notification", &n,
                "its scheduling context is bound to another");
    }
}

namespace {

u64 check_ready(ReadyQueues const& ready, unsigned domain, unsigned priority)
{
    u64 count = 0;
    Tcb const* before = nullptr;
    for (Tcb const* t = ready.first(priority); t != nullptr; before = t, t = t->sched_link.next) {
        require(registry.has(CapType::tcb, t), "tcb", t, "is ready and has no capability");
        require(t->sched_link.prev == before, "tcb", t, "its ready queue is not linked back");
        require(t->in_ready_queue, "tcb", t, "is in a ready queue and does not know");
        require(t->priority == priority && t->domain == domain, "tcb", t,
                "is in the ready queue of another priority or domain");
        ++count;
    }
    require(before == nullptr || ready.last(priority) == before, "cpu", &ready,
            "a ready queue does not end at its end");
    return count;
}

void check_release_queue(Cpu const& cpu, Totals& totals)
{
    Tcb const* before = nullptr;
    for (Tcb const* t = cpu.release_head; t != nullptr; before = t, t = t->sched_link.next) {
        require(registry.has(CapType::tcb, t), "tcb", t, "awaits a refill and has no capability");
        require(t->in_release_queue && t->sc != nullptr, "tcb", t,
                "is in the release queue and does not know");
        require(t->sched_link.prev == before, "tcb", t, "the release queue is not linked back");
        require(before == nullptr || before->sc->head().time <= t->sc->head().time, "tcb", t,
                "waits behind one with a later refill");
        ++totals.released_in_queue;
    }
    require(cpu.release_head == nullptr || !refill::ready(cpu, *cpu.release_head->sc), "tcb",
            cpu.release_head, "waits for a refill that is there");
}

} // namespace

void check_scheduler_queues(Cpu const& cpu, Totals& totals)
{
    for (unsigned domain = 0; domain < domain_count; ++domain) {
        ReadyQueues const& ready = cpu.ready[domain];
        require(ready.bitmap_fits(), "cpu", &ready, "bitmap and ready queues disagree");
        for (unsigned p = 0; p < ReadyQueues::priorities; ++p)
            if (ready.first(p) != nullptr) totals.ready_in_queue += check_ready(ready, domain, p);
    }
    check_release_queue(cpu, totals);
}

} // namespace mk::check

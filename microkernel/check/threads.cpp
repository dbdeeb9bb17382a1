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

constexpr char const *tcb_name = "tcb", *sc_name = "scheduling context", *reply_name = "reply";

bool holds(Slot const& slot, CapType type)
{
    return slot.empty() || slot.cap().is(type);
}

void check_thread_slots(Tcb const& t)
{
    require(holds(t.slot(Tcb::cspace), CapType::cnode), tcb_name, &t, "its CSpace is no CNode");
    require(holds(t.slot(Tcb::vspace), CapType::pml4), tcb_name, &t, "its VSpace is no PML4");
    require(holds(t.slot(Tcb::ipc_buffer), CapType::frame), tcb_name, &t,
            "its IPC buffer is no frame");
    require(holds(t.slot(Tcb::fault_handler), CapType::endpoint) &&
                holds(t.slot(Tcb::timeout_handler), CapType::endpoint),
            tcb_name, &t, "a fault handler of it is no endpoint");
    Slot const& work = t.slot(Tcb::workplace);
    require(holds(work, CapType::zombie) || work.cap().is(CapType::cnode) ||
                work.cap().is(CapType::tcb),
            tcb_name, &t, "its workplace holds what a revoke does not put there");
}

void check_wait(Tcb const& t, Totals& totals)
{
    switch (t.state) {
    case ThreadState::blocked_on_receive:
    case ThreadState::blocked_on_send:
        require(registry.has(CapType::endpoint, t.blocked_on), tcb_name, &t,
                "waits on an endpoint without a capability");
        ++totals.waiting;
        break;
    case ThreadState::blocked_on_notification:
        require(registry.has(CapType::notification, t.blocked_on), tcb_name, &t,
                "waits on a notification without a capability");
        ++totals.waiting;
        break;
    case ThreadState::idle:
        violated(tcb_name, &t, "is idle and has a capability");
    default:
        break;
    }
    require(!t.fault.exists() || t.state == ThreadState::blocked_on_send ||
                t.state == ThreadState::blocked_on_reply || t.state == ThreadState::inactive,
            tcb_name, &t, "goes on and has a fault");
    bool const may_have_reply =
        t.state == ThreadState::blocked_on_receive || t.state == ThreadState::blocked_on_reply;
    require(t.reply != nullptr ? may_have_reply : t.state != ThreadState::blocked_on_reply,
            tcb_name, &t, "its state and its reply disagree");
    if (t.reply == nullptr) return;
    require(registry.has(CapType::reply, t.reply), tcb_name, &t, "its reply has no capability");
    require(t.reply->tcb == &t, tcb_name, &t, "its reply belongs to another");
}

void check_scheduling(Cpu const& cpu, Tcb const& t, Totals& totals)
{
    bool const queued = is_schedulable(t) && &t != cpu.current;
    require(t.in_ready_queue || !queued, tcb_name, &t, "could run and is in no ready queue");
    require(!t.in_ready_queue || queued, tcb_name, &t, "is in a ready queue and could not run");
    require(!t.in_release_queue ||
                (t.is_runnable() && t.sc != nullptr && t.sc->is_active() && &t != cpu.current),
            tcb_name, &t, "is in the release queue and waits for no refill");
    require(t.domain < domain_count, tcb_name, &t, "is in no domain");
    totals.ready += t.in_ready_queue;
    totals.released += t.in_release_queue;
}

} // namespace

void check_thread(Cpu const& cpu, Tcb const& t, Totals& totals)
{
    check_thread_slots(t);
    check_wait(t, totals);
    check_scheduling(cpu, t, totals);
    if (t.sc != nullptr) {
        require(registry.has(CapType::sched_context, t.sc), tcb_name, &t,
                "its scheduling context has no capability");
        require(t.sc->tcb == &t, tcb_name, &t, "its scheduling context belongs to another");
    }
    if (t.yield_to != nullptr) {
        require(registry.has(CapType::sched_context, t.yield_to), tcb_name, &t,
                "yields to a scheduling context without a capability");
        require(t.yield_to->yield_from == &t, tcb_name, &t, "yields to one that does not know");
    }
    if (Notification const* const bound = t.bound_notification) {
        require(registry.has(CapType::notification, bound), tcb_name, &t,
                "its notification has no capability");
        require(bound->bound_tcb == &t, tcb_name, &t, "its notification belongs to another");
    }
}

namespace {

void check_refills(Cpu const& cpu, SchedContext const& sc, unsigned size_bits)
{
    require(sc.refill_max <= max_refills(size_bits), sc_name, &sc, "has more refills than fit");
    require(sc.refill_head < sc.refill_max && sc.refill_tail < sc.refill_max, sc_name, &sc,
            "its refills begin or end outside of their ring");
    require(sc.head().amount >= refill::min_budget(cpu), sc_name, &sc,
            "its first refill is too small to run on");
    Ticks sum = sc.head().amount;
    for (unsigned i = sc.refill_head; i != sc.refill_tail;) {
        Refill const& earlier = sc.refills()[i];
        i = i + 1 == sc.refill_max ? 0 : i + 1;
        Refill const& later = sc.refills()[i];
        require(sc.is_round_robin() || earlier.time + earlier.amount <= later.time, sc_name, &sc,
                "two refills overlap or are out of order");
        sum += later.amount;
    }
    require(sum <= sc.period, sc_name, &sc, "has more budget than period");
    require(sum == sc.period || !sc.is_round_robin(), sc_name, &sc,
            "is round robin and has lost budget");
}

} // namespace

void check_sched_context(Cpu const& cpu, SchedContext const& sc, unsigned size_bits)
{
    if (sc.is_active()) check_refills(cpu, sc, size_bits);
    if (sc.tcb != nullptr) {
        require(registry.has(CapType::tcb, sc.tcb), sc_name, &sc, "its thread has no capability");
        require(sc.tcb->sc == &sc, sc_name, &sc, "its thread runs on another");
    }
    if (sc.notification != nullptr) {
        require(registry.has(CapType::notification, sc.notification), sc_name, &sc,
                "its notification has no capability");
        require(sc.notification->sched_context == &sc, sc_name, &sc,
                "its notification is bound to another");
    }
    if (sc.yield_from != nullptr) {
        require(registry.has(CapType::tcb, sc.yield_from), sc_name, &sc,
                "the thread that yields to it has no capability");
        require(sc.yield_from->yield_to == &sc, sc_name, &sc, "is yielded to by one not so");
    }
    if (sc.reply != nullptr) {
        require(registry.has(CapType::reply, sc.reply), sc_name, &sc,
                "the top of its call stack has no capability");
        require(sc.reply->sched_context() == &sc, sc_name, &sc,
                "the top of its call stack is another's");
    }
}

void check_reply(Reply const& r, Totals& totals)
{
    ++totals.replies;
    if (r.tcb != nullptr) {
        require(registry.has(CapType::tcb, r.tcb), reply_name, &r, "its thread has no capability");
        require(r.tcb->reply == &r, reply_name, &r, "its thread uses another");
    }
    bool const stacked = r.is_top() || r.next() != nullptr || r.prev != nullptr;
    require(!stacked || (r.tcb != nullptr && r.tcb->state == ThreadState::blocked_on_reply),
            reply_name, &r, "is in a call stack and nobody waits on it");
    if (SchedContext const* const sc = r.sched_context()) {
        require(registry.has(CapType::sched_context, sc), reply_name, &r,
                "its scheduling context has no capability");
        require(sc->reply == &r, reply_name, &r, "is not the top of the call stack it is in");
    }
    if (Reply const* const newer = r.next()) {
        require(registry.has(CapType::reply, newer), reply_name, &r,
                "the newer call has no capability");
        require(newer->prev == &r, reply_name, &r, "the newer call is on top of another");
        return;
    }
    // The newest of its stack. Links agree (above), so what this does not reach goes in a circle.
    for (Reply const* each = &r; each != nullptr; each = each->prev) {
        require(registry.has(CapType::reply, each), reply_name, &r,
                "an older call has no capability");
        require(each == &r ||
                    (!each->is_top() && each->next() != nullptr && each->next()->prev == each),
                reply_name, each, "the call above it does not know");
        ++totals.replies_in_stack;
    }
}

void check_cpu(Cpu const& cpu)
{
    require(cpu.action == Cpu::Action::resume_current && cpu.candidate == nullptr, "cpu", &cpu,
            "a choice of the scheduler is left over");
    for (unsigned i = 0; i < arch::live_state_owners; ++i) {
        Tcb const* const owner = arch::live_state_owner(i);
        require(owner == nullptr || registry.has(CapType::tcb, owner), "cpu", &cpu,
                "holds the registers of a thread without a capability");
    }
    Tcb const& current = *cpu.current;
    if (&current == &cpu.idle) {
        require(cpu.current_sc == &cpu.idle_sc.sc, "cpu", &cpu, "is idle and charges somebody");
        return;
    }
    require(registry.has(CapType::tcb, &current), tcb_name, &current, "runs without a capability");
    require(current.state == ThreadState::running && is_schedulable(current), tcb_name, &current,
            "runs and should not");
    require(current.sc == cpu.current_sc, tcb_name, &current, "runs and another is charged");
    require(current.domain == cpu.domain, tcb_name, &current, "runs in another domain's time");
    require(refill::has_budget(cpu, *current.sc), tcb_name, &current, "runs without budget");
    ReadyQueues const& ready = cpu.ready[cpu.domain];
    require(ready.empty() || ready.highest() <= current.priority, tcb_name, &current,
            "runs before one of higher priority");
}

} // namespace mk::check

// Scheduling contexts and the right to give them time.
// Source: seL4 manual, "Scheduling Contexts"; libsel4 interface description.
#include "abi/constants.hpp"
#include "api/decode.hpp"
#include "api/tcb_arguments.hpp"
#include "ipc/transfer.hpp"
#include "object/notification.hpp"
#include "sched/binding.hpp"
#include "sched/feedback.hpp"
#include "sched/refill.hpp"
#include "sched/release_queue.hpp"
#include "sched/scheduler.hpp"

namespace mk {
namespace {

SchedContext& target(Invocation const& in)
{
    return *in.cap.object<SchedContext>();
}

struct ConfigurePlan {
    SchedContext* sc;
    Ticks budget, period;
    u64 badge;
    u16 max_refills;
    bool sporadic;
};

void perform_configure(Cpu& cpu, Tcb&, ConfigurePlan const& plan)
{
    SchedContext& sc = *plan.sc;
    sc.badge = plan.badge;
    sc.set_flag(SchedContext::sporadic, plan.sporadic);
    if (sc.tcb != nullptr) {
        dequeue(cpu, *sc.tcb);
        release_queue::remove(cpu, *sc.tcb);
        if (&sc == cpu.current_sc) {
            commit_time(cpu);
            cpu.reprogram_timer = true; // its head may end sooner now
        }
    }
    feedback::configure(sc, false);
    // A context in use keeps what it has used; one that is idle starts afresh.
    if (sc.is_active() && sc.tcb != nullptr && sc.tcb->is_runnable())
        refill::reconfigure(cpu, sc, plan.max_refills, plan.budget, plan.period);
    else
        refill::configure(cpu, sc, plan.max_refills, plan.budget, plan.period);
    if (sc.tcb != nullptr) {
        resume(cpu, sc);
        if (sc.tcb == cpu.current)
            reschedule_required(cpu);
        else if (is_schedulable(*sc.tcb))
            possible_switch_to(cpu, *sc.tcb);
    }
}

struct FeedbackPlan {
    SchedContext* sc;
    bool enabled;
};

void perform_configure_feedback(Cpu& cpu, Tcb&, FeedbackPlan const& plan)
{
    Tcb* const tcb = plan.sc->tcb;
    bool const queued = tcb != nullptr && tcb->in_ready_queue;
    if (queued) dequeue(cpu, *tcb);
    feedback::configure(*plan.sc, plan.enabled);
    if (queued) {
        enqueue_back(cpu, *tcb);
        reschedule_required(cpu); // level 0 may beat the caller's
    }
}

struct BindPlan {
    SchedContext* sc;
    Tcb* tcb;
    Notification* notification;
};

void perform_bind(Cpu& cpu, Tcb&, BindPlan const& plan)
{
    if (plan.tcb != nullptr)
        bind_thread(cpu, *plan.sc, *plan.tcb);
    else
        bind_notification(*plan.sc, *plan.notification);
}

void perform_unbind_object(Cpu& cpu, Tcb&, BindPlan const& plan)
{
    if (plan.tcb != nullptr)
        unbind_thread(cpu, *plan.sc);
    else
        unbind_notification(*plan.sc);
}

void perform_unbind(Cpu& cpu, Tcb&, SchedContext* const& sc)
{
    unbind_thread(cpu, *sc);
    unbind_notification(*sc);
    unbind_replies(*sc);
}

Performed answer_consumed(Cpu& cpu, Tcb& caller, SchedContext& sc)
{
    message_register(caller.context, 0) = take_consumed_us(cpu, sc);
    return Performed::reply(1);
}

Performed perform_consumed(Cpu& cpu, Tcb& caller, SchedContext* const& sc)
{
    (void)answer_consumed(cpu, caller, *sc);
    message_register(caller.context, 1) = sc->feedback.level;
    return Performed::reply(2);
}

/// Lets the context's thread run before the caller, if its priority is high enough for that; the
/// answer then comes when the caller runs again.
Performed perform_yield_to(Cpu& cpu, Tcb& caller, SchedContext* const& target)
{
    SchedContext& sc = *target;
    Tcb& other = *sc.tcb;
    if (sc.yield_from != nullptr) complete_yield_to(cpu, *sc.yield_from);
    if (sc.is_active() && !sc.is_sporadic()) refill::unblock(cpu, sc);
    if (sc.is_active()) resume(cpu, sc);
    if (!is_schedulable(other)) return answer_consumed(cpu, caller, sc);
    dequeue(cpu, other);
    if (other.priority < caller.priority) {
        enqueue_first(cpu, other);
        return answer_consumed(cpu, caller, sc);
    }
    caller.yield_to = &sc;
    sc.yield_from = &caller;
    caller.state = ThreadState::running; // is past its call; the answer comes on activation
    enqueue_front(cpu, caller);
    enqueue_first(cpu, other);
    reschedule_required(cpu);
    return Performed::deferred();
}

/// Capability argument 1 of Bind and UnbindObject: a thread or a notification.
Checked<BindPlan> checked_partner(Invocation const& in)
{
    Cap const& cap = in.caps[0]->cap();
    if (cap.is(CapType::tcb)) return BindPlan{&target(in), cap.object<Tcb>(), nullptr};
    if (cap.is(CapType::notification))
        return BindPlan{&target(in), nullptr, cap.object<Notification>()};
    return SyscallError::invalid_capability(1);
}

} // namespace

/// Gives a scheduling context its budget. Equal budget and period: round robin. The context leaves
/// the feedback class, if it was there.
/// Words: budget (us), period (us), extra refills, badge (of timeout faults), flags (bit 0:
/// sporadic; others are ignored). Capabilities: scheduling context. Errors, in this order:
/// invalid_capability 1, range (20, longest) (budget or period), range (20, period) (budget above
/// it), range (0, what the object's size has room for) (extra refills).
Checked<Plan> decode_sched_control_configure_flags(Invocation const& in)
{
    Cpu const& cpu = *in.cpu;
    Cap const& cap = in.caps[0]->cap();
    if (!cap.is(CapType::sched_context)) return SyscallError::invalid_capability(1);
    u64 const budget = in.word(0), period = in.word(1), extra = in.word(2);
    u64 const most = refill::max_period_us(cpu);
    if (budget < refill::min_budget_us || budget > most || period < refill::min_budget_us ||
        period > most)
        return SyscallError::range(refill::min_budget_us, most);
    if (budget > period) return SyscallError::range(refill::min_budget_us, period);
    u64 const most_extra = max_refills(cap.sched_context_bits()) - refill::min_refills;
    if (extra > most_extra) return SyscallError::range(0, most_extra);
    // Round robin needs no more than the two refills of its slice.
    u16 const count = u16(budget == period ? refill::min_refills : refill::min_refills + extra);
    return Plan::of<perform_configure>(ConfigurePlan{
        cap.object<SchedContext>(), budget * cpu.ticks_per_us, period * cpu.ticks_per_us,
        in.word(3), count, (in.word(4) & abi::sched_context_sporadic) != 0});
}

/// Puts a round robin context at level 0 of the feedback class, or makes it a plain one again.
/// Words: 1 (into the class) or 0 (out of it). Capabilities: scheduling context. Errors, in this
/// order: invalid_capability 1, range (0, 1), invalid_argument 1 (word 0 is 1 and the context has
/// no budget, or one that differs from its period).
Checked<Plan> decode_sched_control_configure_feedback(Invocation const& in)
{
    Cap const& cap = in.caps[0]->cap();
    if (!cap.is(CapType::sched_context)) return SyscallError::invalid_capability(1);
    u64 const enabled = in.word(0);
    if (enabled > 1) return SyscallError::range(0, 1);
    SchedContext& sc = *cap.object<SchedContext>();
    if (enabled != 0 && (!sc.is_active() || !sc.is_round_robin()))
        return SyscallError::invalid_argument(1);
    return Plan::of<perform_configure_feedback>(FeedbackPlan{&sc, enabled != 0});
}

/// Binds to a thread, or to a notification whose passive receivers then run on it.
/// Capabilities: TCB or notification. Errors: invalid_capability 1 (neither), illegal_operation
/// (either has a partner already; or the thread is blocked and the context has no budget now).
Checked<Plan> decode_sched_context_bind(Invocation const& in)
{
    BindPlan const plan = TRY(checked_partner(in));
    bool const legal = plan.tcb != nullptr ? may_bind(*in.cpu, *plan.tcb, *plan.sc)
                                           : plan.sc->notification == nullptr &&
                                                 plan.notification->sched_context == nullptr;
    if (!legal) return SyscallError::illegal_operation();
    return Plan::of<perform_bind>(plan);
}

/// Unbinds from thread, notification and call stack. Errors: illegal_operation (the caller runs on
/// it).
Checked<Plan> decode_sched_context_unbind(Invocation const& in)
{
    if (target(in).tcb == in.caller) return SyscallError::illegal_operation();
    return Plan::of<perform_unbind>(&target(in));
}

/// Unbinds from the thread or notification named.
/// Capabilities: TCB or notification. Errors: invalid_capability 1 (neither), illegal_operation
/// (not bound to it, or it is the caller).
Checked<Plan> decode_sched_context_unbind_object(Invocation const& in)
{
    BindPlan const plan = TRY(checked_partner(in));
    bool const bound =
        plan.tcb != nullptr ? plan.sc->tcb == plan.tcb : plan.sc->notification == plan.notification;
    if (!bound || plan.tcb == in.caller) return SyscallError::illegal_operation();
    return Plan::of<perform_unbind_object>(plan);
}

/// Answers the time charged since the last question and starts a new count.
/// Answer: microseconds; extension: the level in the feedback class, 0 outside it. Errors: none.
Checked<Plan> decode_sched_context_consumed(Invocation const& in)
{
    return Plan::of<perform_consumed>(&target(in));
}

/// Lets the context's thread run before the caller, if its priority is not below the caller's.
/// Answer: microseconds charged, when the caller runs again. Errors: illegal_operation (no thread,
/// the caller itself, or a priority above the caller's maximum controlled priority).
Checked<Plan> decode_sched_context_yield_to(Invocation const& in)
{
    Tcb const* const other = target(in).tcb;
    if (other == nullptr || other == in.caller || other->priority > in.caller->mcp)
        return SyscallError::illegal_operation();
    return Plan::of<perform_yield_to>(&target(in));
}

} // namespace mk

// TCB methods on priority, state, notification and flags.
// Source: seL4 manual, "seL4_TCB"; libsel4 interface description.
#include "abi/constants.hpp"
#include "api/decode.hpp"
#include "api/tcb_arguments.hpp"
#include "arch/arch.hpp"
#include "ipc/signal.hpp"
#include "ipc/thread.hpp"
#include "ipc/transfer.hpp"
#include "sched/binding.hpp"
#include "sched/scheduler.hpp"

namespace mk {
namespace {

struct PriorityPlan {
    Tcb* target;
    u8 priority;
};

void perform_set_priority(Cpu& cpu, Tcb&, PriorityPlan const& plan)
{
    set_priority(cpu, *plan.target, plan.priority);
}

void perform_set_mc_priority(Cpu&, Tcb&, PriorityPlan const& plan)
{
    plan.target->mcp = plan.priority;
}

struct SchedParamsPlan {
    Tcb* target;
    Slot* handler_slot;
    Cap handler;
    SchedContext* sc; ///< null: take the present one away
    u8 mcp, priority;
};

void perform_set_sched_params(Cpu& cpu, Tcb&, SchedParamsPlan const& plan)
{
    Tcb& tcb = *plan.target;
    install(cpu, tcb.slot(Tcb::fault_handler), plan.handler_slot, plan.handler);
    tcb.mcp = plan.mcp;
    set_priority(cpu, tcb, plan.priority);
    if (plan.sc != nullptr && plan.sc != tcb.sc)
        bind_thread(cpu, *plan.sc, tcb);
    else if (plan.sc == nullptr && tcb.sc != nullptr)
        unbind_thread(cpu, *tcb.sc);
}

/// The scheduling context argument (number 2): one that can be bound, or null to unbind.
Checked<SchedContext*> checked_sched_context(Invocation const& in, Slot const& slot, Tcb const& tcb)
{
    Cap const& cap = slot.cap();
    if (cap.is_null()) {
        if (&tcb == in.caller) return SyscallError::illegal_operation();
        return static_cast<SchedContext*>(nullptr);
    }
    if (!cap.is(CapType::sched_context)) return SyscallError::invalid_capability(2);
    auto* const sc = cap.object<SchedContext>();
    if (!may_bind(*in.cpu, tcb, *sc)) return SyscallError::illegal_operation();
    return sc;
}

struct HandlerPlan {
    Tcb* target;
    Slot* source;
    Cap cap;
};

void perform_set_timeout_endpoint(Cpu& cpu, Tcb&, HandlerPlan const& plan)
{
    install(cpu, plan.target->slot(Tcb::timeout_handler), plan.source, plan.cap);
}

void perform_suspend(Cpu& cpu, Tcb&, Tcb* const& target)
{
    suspend(cpu, *target);
}

void perform_resume(Cpu& cpu, Tcb&, Tcb* const& target)
{
    restart(cpu, *target);
}

struct BindPlan {
    Tcb* target;
    Notification* notification;
};

void perform_bind_notification(Cpu&, Tcb&, BindPlan const& plan)
{
    bind_to_thread(*plan.notification, *plan.target);
}

void perform_unbind_notification(Cpu&, Tcb&, Tcb* const& target)
{
    unbind_from_thread(*target->bound_notification);
}

struct FlagsPlan {
    Tcb* target;
    u64 clear, set;
};

Performed perform_set_flags(Cpu& cpu, Tcb& caller, FlagsPlan const& plan)
{
    Tcb& tcb = *plan.target;
    u64 const flags = ((tcb.flags & ~plan.clear) | plan.set) & abi::tcb_flags_known;
    tcb.flags = u8((tcb.flags & Tcb::foreign) | flags);
    arch::drop_live_state(tcb);
    if (&tcb == cpu.current) arch::refresh(cpu, tcb);
    message_register(caller.context, 0) = flags;
    return Performed::reply(1);
}

static_assert((abi::tcb_flags_known & Tcb::foreign) == 0);

struct ForeignPlan {
    Tcb* target;
    bool on;
};

void perform_set_foreign(Cpu&, Tcb&, ForeignPlan const& plan)
{
    u8 const others = plan.target->flags & u8(~Tcb::foreign);
    plan.target->flags = plan.on ? u8(others | Tcb::foreign) : others;
}

} // namespace

/// Sets a thread's priority.
/// Words: priority. Capabilities: authority (a TCB). Errors, in this order: invalid_capability 1
/// (no TCB), range (0, authority's maximum controlled priority).
Checked<Plan> decode_tcb_set_priority(Invocation const& in)
{
    u8 const priority = TRY(checked_priority(*in.caps[0], in.word(0)));
    return Plan::of<perform_set_priority>(PriorityPlan{&target_tcb(in), priority});
}

/// Sets a thread's maximum controlled priority.
/// Words: maximum controlled priority. Capabilities: authority (a TCB). Errors, in this order:
/// invalid_capability 1 (no TCB), range (0, authority's maximum controlled priority).
Checked<Plan> decode_tcb_set_mc_priority(Invocation const& in)
{
    u8 const mcp = TRY(checked_priority(*in.caps[0], in.word(0)));
    return Plan::of<perform_set_mc_priority>(PriorityPlan{&target_tcb(in), mcp});
}

/// Sets both priorities, the scheduling context and the fault handler.
/// Words: maximum controlled priority, priority. Capabilities: authority (a TCB), scheduling
/// context (null: takes the present one away), fault endpoint (may be null). Errors, in this order:
/// invalid_capability 1 (authority), range (0, authority's maximum controlled priority);
/// illegal_operation (null on oneself), invalid_capability 2 (no scheduling context),
/// illegal_operation (thread or context has a partner already, or the thread is blocked and the
/// context has no budget now), invalid_capability 3 (handler). Rights: the fault endpoint has
/// write, and grant or grant-reply, else invalid_capability 3.
Checked<Plan> decode_tcb_set_sched_params(Invocation const& in)
{
    Tcb& tcb = target_tcb(in);
    u8 const mcp = TRY(checked_priority(*in.caps[0], in.word(0)));
    u8 const priority = TRY(checked_priority(*in.caps[0], in.word(1)));
    SchedContext* const sc = TRY(checked_sched_context(in, *in.caps[1], tcb));
    Cap const handler = TRY(checked_handler(*in.caps[2], 3));
    return Plan::of<perform_set_sched_params>(
        SchedParamsPlan{&tcb, in.caps[2], handler, sc, mcp, priority});
}

/// Sets the endpoint that timeout faults go to.
/// Capabilities: endpoint (may be null). Errors: invalid_capability 1. Rights: the endpoint has
/// write, and grant or grant-reply, else invalid_capability 1.
Checked<Plan> decode_tcb_set_timeout_endpoint(Invocation const& in)
{
    Cap const handler = TRY(checked_handler(*in.caps[0], 1));
    return Plan::of<perform_set_timeout_endpoint>(
        HandlerPlan{&target_tcb(in), in.caps[0], handler});
}

/// Takes a thread off whatever it does; a wait it is in is cancelled. Errors: none.
Checked<Plan> decode_tcb_suspend(Invocation const& in)
{
    return Plan::of<perform_suspend>(&target_tcb(in));
}

/// Lets a stopped thread go on; a blocked one repeats its system call. Errors: none.
Checked<Plan> decode_tcb_resume(Invocation const& in)
{
    return Plan::of<perform_resume>(&target_tcb(in));
}

/// The thread gets the notification's signals while it waits on an endpoint.
/// Capabilities: notification. Errors: illegal_operation (the thread has one already; no
/// notification; the notification is bound or somebody waits on it). Rights: the notification has
/// read, else illegal_operation.
Checked<Plan> decode_tcb_bind_notification(Invocation const& in)
{
    Tcb& tcb = target_tcb(in);
    Cap const& cap = in.caps[0]->cap();
    if (tcb.bound_notification != nullptr) return SyscallError::illegal_operation();
    if (!cap.is(CapType::notification) || !contains(cap.rights(), Rights::read))
        return SyscallError::illegal_operation();
    auto* const ntfn = cap.object<Notification>();
    if (ntfn->bound_tcb != nullptr || ntfn->head() != nullptr)
        return SyscallError::illegal_operation();
    return Plan::of<perform_bind_notification>(BindPlan{&tcb, ntfn});
}

/// Ends the binding. Errors: illegal_operation (none is bound).
Checked<Plan> decode_tcb_unbind_notification(Invocation const& in)
{
    if (target_tcb(in).bound_notification == nullptr) return SyscallError::illegal_operation();
    return Plan::of<perform_unbind_notification>(&target_tcb(in));
}

/// Clears, then sets flags: bit 0 bars the thread from the FPU. Unknown bits are ignored.
/// Words: clear, set. Answer: the flags now. Errors: none.
Checked<Plan> decode_tcb_set_flags(Invocation const& in)
{
    return Plan::of<perform_set_flags>(FlagsPlan{&target_tcb(in), in.word(0), in.word(1)});
}

/// Extension: from its next one on, every system call of the thread is an UnknownSyscall fault,
/// whatever its number is.
/// Words: on (1) or off (0). Errors: range (0, 1).
Checked<Plan> decode_tcb_set_foreign(Invocation const& in)
{
    if (in.word(0) > 1) return SyscallError::range(0, 1);
    return Plan::of<perform_set_foreign>(ForeignPlan{&target_tcb(in), in.word(0) == 1});
}

} // namespace mk

#include "ipc/reply_stack.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "ipc/fault.hpp"
#include "ipc/transfer.hpp"
#include "sched/binding.hpp"
#include "sched/refill.hpp"
#include "sched/scheduler.hpp"

namespace mk::reply_stack {
namespace {

void unlink(Reply& reply)
{
    reply.tcb->reply = nullptr;
    reply.tcb = nullptr;
}

} // namespace

void withdraw(Tcb& receiver)
{
    if (receiver.reply != nullptr) unlink(*receiver.reply);
}

void push(Cpu& cpu, Tcb& caller, Tcb& callee, Reply& reply, bool may_donate)
{
    SchedContext* const sc = caller.sc;
    offer(reply, caller); // tracks the caller from now on
    caller.state = ThreadState::blocked_on_reply;
    if (!may_donate || sc == nullptr || callee.sc != nullptr) return;
    push_top(reply, *sc);
    donate(cpu, *sc, callee);
}

void remove(Cpu& cpu, Reply& reply)
{
    Tcb& caller = *reply.tcb;
    if (SchedContext* const sc = reply.sched_context()) {
        pop_top(reply, *sc);
        if (caller.sc == nullptr) donate(cpu, *sc, caller);
    } else {
        if (Reply* const newer = reply.next()) newer->prev = reply.prev;
        if (reply.prev != nullptr) reply.prev->set_next(reply.next());
        reply.prev = nullptr;
        reply.set_next(nullptr);
    }
    unlink(reply);
}

void abandon(Tcb& caller)
{
    Reply& reply = *caller.reply;
    if (SchedContext* const sc = reply.sched_context())
        sc->reply = nullptr;
    else if (Reply* const newer = reply.next())
        newer->prev = nullptr;
    if (reply.prev != nullptr) reply.prev->set_next(nullptr);
    reply.prev = nullptr;
    reply.set_next(nullptr);
    unlink(reply);
}

void clear(Cpu& cpu, Reply& reply)
{
    if (reply.tcb == nullptr) return;
    Tcb& tcb = *reply.tcb;
    if (tcb.state == ThreadState::blocked_on_reply) {
        remove(cpu, reply);
        tcb.fault = {};
        tcb.state = ThreadState::inactive;
    } else {
        cancel_ipc(tcb);
    }
}

namespace {

/// An answered thread goes on if its budget allows: else its timeout handler hears, or it waits.
void wake_answered(Cpu& cpu, Tcb& receiver, bool was_timeout)
{
    SchedContext* const sc = receiver.sc;
    if (sc == nullptr || !sc->is_active() || !receiver.is_runnable()) return;
    if (refill::has_budget(cpu, *sc)) {
        possible_switch_to(cpu, receiver);
    } else if (has_timeout_handler(receiver) && !was_timeout) {
        // It has its answer: when the handler lets it go on it must not repeat the call.
        if (receiver.state == ThreadState::running) {
            receiver.context.settle();
            receiver.context.fault_ip = receiver.context.rip;
        }
        raise_timeout(cpu, receiver);
    } else {
        postpone(cpu, *sc);
    }
}

} // namespace

void answer(Cpu& cpu, Tcb& sender, Reply& reply, bool grant)
{
    Tcb* const receiver = reply.tcb;
    if (receiver == nullptr || receiver->state != ThreadState::blocked_on_reply) return;
    remove(cpu, reply);
    note_unblock(cpu, *receiver);
    bool was_timeout = false;
    if (!receiver->fault.exists()) {
        transfer_message(cpu, sender, nullptr, 0, grant, *receiver);
        receiver->state = ThreadState::running;
    } else {
        was_timeout = receiver->fault.kind == abi::FaultLabel::timeout;
        bool const goes_on = apply_fault_reply(*receiver, sender);
        receiver->fault = {};
        receiver->state = goes_on ? ThreadState::restart : ThreadState::inactive;
    }
    wake_answered(cpu, *receiver, was_timeout);
}

} // namespace mk::reply_stack

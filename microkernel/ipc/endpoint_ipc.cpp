#include "ipc/endpoint_ipc.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/signal.hpp"
#include "ipc/transfer.hpp"
#include "object/notification.hpp"
#include "sched/binding.hpp"
#include "sched/scheduler.hpp"

namespace mk {
namespace {

void block_sender(Tcb& thread, Endpoint& ep, u64 badge, SendFlags flags)
{
    thread.state = ThreadState::blocked_on_send;
    thread.blocked_on = &ep;
    thread.badge = badge;
    thread.is_call = flags.call;
    thread.can_grant = flags.grant;
    thread.can_grant_reply = flags.grant_reply;
    ep.enqueue(thread, Endpoint::State::send);
}

void block_receiver(Tcb& thread, Endpoint& ep, bool grant, Reply* reply)
{
    thread.state = ThreadState::blocked_on_receive;
    thread.blocked_on = &ep;
    thread.can_grant = grant;
    if (reply != nullptr) reply_stack::offer(*reply, thread);
    ep.enqueue(thread, Endpoint::State::receive);
}

/// The sender of a call (or fault) waits for the answer, if it may be given one at all.
void await_answer(Cpu& cpu, Tcb& caller, Tcb& callee, Reply* reply, bool answerable,
                  bool may_donate)
{
    if (reply != nullptr && answerable)
        reply_stack::push(cpu, caller, callee, *reply, may_donate);
    else
        caller.state = ThreadState::inactive;
}

void make_runnable(Cpu& cpu, Tcb& thread)
{
    thread.state = ThreadState::running;
    note_unblock(cpu, thread);
    possible_switch_to(cpu, thread);
}

} // namespace

void send_ipc(Cpu& cpu, Tcb& thread, Endpoint& ep, u64 badge, SendFlags flags)
{
    if (ep.state() != Endpoint::State::receive) {
        if (flags.blocking) block_sender(thread, ep, badge, flags);
        return;
    }
    Tcb& receiver = *ep.head();
    ep.remove(receiver);
    transfer_message(cpu, thread, &ep, badge, flags.grant, receiver);
    Reply* const reply = receiver.reply;
    reply_stack::withdraw(receiver);
    if (flags.call || thread.fault.exists())
        await_answer(cpu, thread, receiver, reply, flags.grant || flags.grant_reply,
                     flags.may_donate);
    else if (flags.may_donate && receiver.sc == nullptr && thread.sc != nullptr)
        donate(cpu, *thread.sc, receiver);
    make_runnable(cpu, receiver);
}

namespace {

void receive_from_sender(Cpu& cpu, Tcb& thread, Endpoint& ep, Reply* reply)
{
    Tcb& sender = *ep.head();
    ep.remove(sender);
    transfer_message(cpu, sender, &ep, sender.badge, sender.can_grant, thread);
    if (sender.is_call || sender.fault.exists()) {
        bool const may_donate = sender.fault.kind != abi::FaultLabel::timeout;
        await_answer(cpu, sender, thread, reply, sender.can_grant || sender.can_grant_reply,
                     may_donate);
    } else {
        make_runnable(cpu, sender);
    }
}

} // namespace

void receive_ipc(Cpu& cpu, Tcb& thread, Endpoint& ep, bool blocking, bool grant, Reply* reply)
{
    // An object that another thread offered or waits on changes hands: that thread's wait ends.
    if (reply != nullptr && reply->tcb != nullptr && reply->tcb != &thread) cancel_ipc(*reply->tcb);
    Notification* const bound = thread.bound_notification;
    if (bound != nullptr && bound->state == Notification::State::active) {
        take_signal(cpu, *bound, thread);
        return;
    }
    if (bound != nullptr && blocking) maybe_return(cpu, *bound, thread);
    if (ep.state() == Endpoint::State::send)
        receive_from_sender(cpu, thread, ep, reply);
    else if (blocking)
        block_receiver(thread, ep, grant, reply);
    else
        set_badge(thread, 0);
}

void cancel_ipc(Tcb& thread)
{
    thread.fault = {}; // also of one that stopped for a fault which nobody can answer
    switch (thread.state) {
    case ThreadState::blocked_on_receive:
        reply_stack::withdraw(thread);
        [[fallthrough]];
    case ThreadState::blocked_on_send:
        static_cast<Endpoint*>(thread.blocked_on)->remove(thread);
        break;
    case ThreadState::blocked_on_notification:
        static_cast<Notification*>(thread.blocked_on)->remove(thread);
        break;
    case ThreadState::blocked_on_reply:
        reply_stack::abandon(thread);
        break;
    default:
        return;
    }
    thread.blocked_on = nullptr;
    thread.state = ThreadState::inactive;
}

namespace {

/// A waiter whose endpoint is gone repeats its system call; a faulted one stays stopped.
void restart_waiter(Cpu& cpu, Tcb& thread)
{
    bool const faulted = thread.fault.exists();
    cancel_ipc(thread);
    if (faulted) return;
    thread.state = ThreadState::restart;
    note_unblock(cpu, thread);
    possible_switch_to(cpu, thread);
}

} // namespace

void cancel_all_ipc(Cpu& cpu, Endpoint& ep)
{
    while (Tcb* const thread = ep.head()) restart_waiter(cpu, *thread);
    reschedule_required(cpu);
}

void cancel_badged_sends(Cpu& cpu, Endpoint& ep, u64 badge)
{
    if (ep.state() != Endpoint::State::send) return;
    for (Tcb* thread = ep.head(); thread != nullptr;) {
        Tcb* const next = thread->wait_link.next;
        if (thread->badge == badge) restart_waiter(cpu, *thread);
        thread = next;
    }
    reschedule_required(cpu);
}

} // namespace mk

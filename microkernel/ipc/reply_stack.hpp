// Reply objects at work: who waits for whom, and the way back of a donated scheduling context.
// Invariants: a Reply with a tcb is that thread's `reply`, and the thread is blocked_on_receive
// (offered) or blocked_on_reply (in use); a Reply that is in a call stack is in use.
// Source: seL4 manual, "Reply Objects", "Scheduling Context Donation".
#pragma once

#include "object/reply.hpp"
#include "sched/cpu.hpp"

namespace mk::reply_stack {

/// `receiver` offers `reply` for the next call it takes / no longer does.
inline void offer(Reply& reply, Tcb& receiver)
{
    reply.tcb = &receiver;
    receiver.reply = &reply;
}
void withdraw(Tcb& receiver);
/// `caller` waits on `reply` for an answer from `callee`; with `may_donate` its scheduling context
/// goes to a passive callee.
void push(Cpu& cpu, Tcb& caller, Tcb& callee, Reply& reply, bool may_donate);
/// `reply` becomes, or ceases to be, the top of the stack of calls along which `sc` was donated.
inline void push_top(Reply& reply, SchedContext& sc)
{
    if (sc.reply != nullptr) sc.reply->set_next(&reply);
    reply.prev = sc.reply;
    reply.set_top_of(sc);
    sc.reply = &reply;
}
inline void pop_top(Reply& reply, SchedContext& sc)
{
    sc.reply = reply.prev;
    if (reply.prev != nullptr) reply.prev->set_top_of(sc);
    reply.prev = nullptr;
    reply.set_next(nullptr);
}
/// Ends the wait that `reply` stands for: at the top of a stack the scheduling context returns to
/// the caller; elsewhere the call is taken out and the stack stays joined. Caller's state is not
/// changed.
void remove(Cpu& cpu, Reply& reply);
/// The caller stopped waiting (suspended, destroyed): the stack breaks here, the scheduling
/// context stays where it is.
void abandon(Tcb& caller);
/// The reply object goes away in whatever use it is.
void clear(Cpu& cpu, Reply& reply);

/// Answers the caller that waits on `reply` with sender's message; nothing when nobody waits.
void answer(Cpu& cpu, Tcb& sender, Reply& reply, bool grant);

} // namespace mk::reply_stack

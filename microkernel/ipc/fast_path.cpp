#include "ipc/fast_path.hpp"

#include "arch/arch.hpp"
#include "debug/panic.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/transfer.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "sched/scheduler.hpp"
#include "vspace/vspace.hpp"

namespace mk::fast_path {
namespace {

/// Whether the words that do not fit into registers have been copied to the receiver's buffer.
/// The last check of a path: until the receiver runs nobody reads what is in there. A path for
/// short messages makes no calls at all, so it need not save registers.
template <MessageSize size>
bool copy_long_part(Tcb const& sender, Tcb const& receiver, unsigned length)
{
    if (size == MessageSize::registers) return true;
    abi::IpcBuffer const* const from = ipc_buffer(sender, false);
    abi::IpcBuffer* const to = ipc_buffer(receiver, true);
    if (from == nullptr || to == nullptr) return false;
    for (unsigned i = message_registers; i < length; ++i) to->msg[i] = from->msg[i];
    return true;
}

void copy_registers(Context const& from, Context& to, unsigned length)
{
    if (length == 0) return;
    to.r10 = from.r10;
    if (length == 1) return;
    to.r8 = from.r8;
    if (length == 2) return;
    to.r9 = from.r9;
    if (length == 3) return;
    to.r15 = from.r15;
}

/// Label and length: what a receiver hears of a message without capabilities.
abi::MessageInfo without_caps(abi::MessageInfo info)
{
    constexpr u64 capability_bits = 0xf80;
    return abi::MessageInfo{info.word() & ~capability_bits};
}

/// Whether the scheduler would let `next` run on the current context when the current thread stops.
/// That one was the best, so only a thread below it must be compared with the queues, or a context
/// whose turn depends on more than its place in a queue.
[[gnu::always_inline]] inline bool would_run(Cpu const& cpu, Tcb const& current, Tcb const& next)
{
    if (domain_count > 1 && next.domain != cpu.domain) return false;
    SchedContext const& sc = *cpu.current_sc;
    bool const not_below = next.priority >= current.priority && sc.feedback.queue == 0;
    return not_below || beats_ready(cpu, next, sc);
}

/// `from` has stopped and gives its context to `to`, which goes on.
void hand_over(Cpu& cpu, Tcb& from, Tcb& to, SchedContext& sc, PageTable& space)
{
    from.sc = nullptr;
    to.sc = &sc;
    sc.tcb = &to;
    to.state = ThreadState::running;
    cpu.current = &to;
    arch::switch_between(from, to, space);
}

} // namespace

template <MessageSize size> bool call(Cpu& cpu, CPtr target, abi::MessageInfo info)
{
    Tcb& caller = *cpu.current;
    Slot const* const slot = find_slot(caller.slot(Tcb::cspace).cap(), target);
    if (slot == nullptr) return false;
    Cap const& cap = slot->cap();
    if (!cap.is(CapType::endpoint, Rights::write)) return false;
    if (!cap.has_any(Rights::grant | Rights::grant_reply)) return false;
    Endpoint& ep = *cap.object<Endpoint>();
    if (ep.state() != Endpoint::State::receive) return false;
    Tcb& callee = *ep.head();
    Reply* const reply = callee.reply;
    if (reply == nullptr || callee.sc != nullptr || !would_run(cpu, caller, callee)) return false;
    PageTable* const space = vspace_of(callee.slot(Tcb::vspace).cap());
    if (space == nullptr) return false;
    unsigned const length = unsigned(info.raw_length());
    if (!copy_long_part<size>(caller, callee, length)) return false;

    SchedContext& sc = *cpu.current_sc;
    KASSERT(caller.sc == &sc && callee.yield_to == nullptr);
    ep.remove_first(callee, Endpoint::State::receive);
    copy_registers(caller.context, callee.context, length);
    set_badge(callee, cap.badge());
    set_message_info(callee, without_caps(info));
    callee.reply = nullptr;
    caller.state = ThreadState::blocked_on_reply;
    reply_stack::offer(*reply, caller);
    reply_stack::push_top(*reply, sc);
    hand_over(cpu, caller, callee, sc, *space);
    return true;
}

template <MessageSize size> bool reply_recv(Cpu& cpu, CPtr source, abi::MessageInfo info)
{
    Tcb& server = *cpu.current;
    SchedContext& sc = *cpu.current_sc;
    Cap const& root = server.slot(Tcb::cspace).cap();
    Slot const* const reply_slot = find_slot(root, server.context.r12);
    if (reply_slot == nullptr || !reply_slot->cap().is(CapType::reply)) return false;
    Reply& reply = *reply_slot->cap().object<Reply>();
    // The top of the call stack of the context that the server runs on: its caller waits for it.
    if (!reply.is_top_of(sc)) return false;
    Tcb& caller = *reply.tcb;
    if (caller.sc != nullptr || caller.fault.exists()) return false;
    if (!would_run(cpu, server, caller)) return false;
    Slot const* const source_slot = find_slot(root, source);
    if (source_slot == nullptr) return false;
    Cap const& cap = source_slot->cap();
    if (!cap.is(CapType::endpoint, Rights::read)) return false;
    Endpoint& ep = *cap.object<Endpoint>();
    if (ep.state() == Endpoint::State::send) return false;
    Notification const* const bound = server.bound_notification;
    if (bound != nullptr && bound->state == Notification::State::active) return false;
    PageTable* const space = vspace_of(caller.slot(Tcb::vspace).cap());
    if (space == nullptr) return false;
    unsigned const length = unsigned(info.raw_length());
    if (!copy_long_part<size>(server, caller, length)) return false;

    KASSERT(server.sc == &sc && caller.state == ThreadState::blocked_on_reply);
    copy_registers(server.context, caller.context, length);
    set_badge(caller, 0);
    set_message_info(caller, without_caps(info));
    caller.reply = nullptr;
    reply_stack::pop_top(reply, sc);
    reply_stack::offer(reply, server);
    server.state = ThreadState::blocked_on_receive;
    server.blocked_on = &ep;
    server.can_grant = contains(cap.rights(), Rights::grant);
    ep.enqueue(server, Endpoint::State::receive);
    hand_over(cpu, server, caller, sc, *space);
    return true;
}

bool signal(Cpu& cpu, CPtr target)
{
    Tcb& sender = *cpu.current;
    Slot const* const slot = find_slot(sender.slot(Tcb::cspace).cap(), target);
    if (slot == nullptr) return false;
    Cap const& cap = slot->cap();
    if (!cap.is(CapType::notification, Rights::write)) return false;
    Notification& ntfn = *cap.object<Notification>();
    if (ntfn.state == Notification::State::active) {
        ntfn.pending |= cap.badge();
        return true;
    }
    if (ntfn.state == Notification::State::idle) {
        Tcb const* const bound = ntfn.bound_tcb;
        if (bound != nullptr && bound->state == ThreadState::blocked_on_receive) return false;
        ntfn.state = Notification::State::active;
        ntfn.pending = cap.badge();
        return true;
    }
    Tcb& waiter = *ntfn.head();
    if (domain_count > 1 && waiter.domain != cpu.domain) return false;
    // The waiter goes on by a context of its own, later, and needs no account of the time.
    SchedContext const* const sc = waiter.sc;
    if (waiter.priority > sender.priority || sc == nullptr || !sc->is_active()) return false;
    if (sc->is_sporadic() || sc->is_feedback()) return false;
    if (waiter.in_release_queue) return false;

    ntfn.remove(waiter);
    waiter.state = ThreadState::running;
    set_badge(waiter, cap.badge());
    if (waiter.priority == sender.priority)
        enqueue_back(cpu, waiter);
    else
        enqueue_front(cpu, waiter);
    return true;
}

template bool call<MessageSize::registers>(Cpu&, CPtr, abi::MessageInfo);
template bool call<MessageSize::buffer>(Cpu&, CPtr, abi::MessageInfo);
template bool reply_recv<MessageSize::registers>(Cpu&, CPtr, abi::MessageInfo);
template bool reply_recv<MessageSize::buffer>(Cpu&, CPtr, abi::MessageInfo);

} // namespace mk::fast_path

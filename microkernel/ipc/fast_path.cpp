#include "ipc/fast_path.hpp"

#include "arch/arch.hpp"
#include "debug/panic.hpp"
#include "ipc/fault.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/transfer.hpp"
#include "object/irq_handler.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "sched/take_over.hpp"
#include "sched/trace_switch.hpp"
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

/// Whether the scheduler would let `next` run on the current context when the current thread stops.
/// That one was the best, so only a thread below it must be compared with the queues, or a context
/// whose turn depends on more than its place in a queue.
[[gnu::always_inline]] inline bool would_run(Cpu const& cpu, SchedContext const& sc,
                                             Tcb const& current, Tcb const& next)
{
    bool const not_below = next.priority >= current.priority && sc.feedback.queue == 0;
    return cpu.has_turn(next) && (not_below || beats_ready(cpu, next, sc));
}
/// The same for a server, which is rarely below its client: then nobody else may be ready.
[[gnu::always_inline]] inline bool server_would_run(Cpu const& cpu, SchedContext const& sc,
                                                    Tcb const& client, Tcb const& server)
{
    bool const not_below = server.priority >= client.priority && sc.feedback.queue == 0;
    return cpu.has_turn(server) && (not_below || cpu.ready_now().empty());
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

// What the slow path records of the same entry, in its order. Worked out afterwards from what the
// path has left behind, so that it keeps nothing in registers for this.

[[gnu::cold]] void record_syscall(Cpu& cpu, Tcb const& thread)
{
    cpu.events.write(Event::syscall, {.thread = &thread, .value = u32(thread.context.rdx)});
}

/// `woken` goes on, at once or later, on a context of its own or on the one that `from` gave it.
[[gnu::cold]] void record_wake(Cpu& cpu, Tcb const& from, Tcb const& woken)
{
    if (from.sc == nullptr)
        cpu.events.write(Event::donate, {.thread = &woken, .other = &from, .object = woken.sc});
    cpu.events.write(
        Event::wake,
        {.thread = &woken, .other = &from, .object = woken.sc, .level = woken.sc->feedback.level});
    if (cpu.current == &woken) record_switch(cpu, from);
}

/// A message that `from` sent, or that its fault is: `kind` is call, send or reply. Whoever got it
/// runs now.
[[gnu::cold, gnu::noinline]] void record_message(Cpu& cpu, Tcb const& from, Event kind)
{
    Tcb const& to = *cpu.current;
    if (from.fault.exists())
        cpu.events.write(Event::fault, {.thread = &from, .detail = u16(from.fault.kind)});
    else
        record_syscall(cpu, from);
    void const* const through = kind == Event::reply ? from.reply : to.blocked_on;
    cpu.events.write(kind, {.thread = &from, .other = &to, .object = through});
    record_wake(cpu, from, to);
}

constexpr unsigned no_irq = ~0u;

/// A signal by `current`, or by the interrupt that it met; `woken` may be null.
[[gnu::cold, gnu::noinline]] void record_signal(Cpu& cpu, Tcb const& current, unsigned irq,
                                                Notification const& ntfn, Tcb const* woken)
{
    if (irq == no_irq)
        record_syscall(cpu, current);
    else
        cpu.events.write(Event::interrupt, {.thread = &current, .detail = u16(irq)});
    cpu.events.write(Event::signal, {.thread = &current, .object = &ntfn});
    if (woken != nullptr) record_wake(cpu, current, *woken);
}

[[gnu::cold, gnu::noinline]] void record_yield(Cpu& cpu, Tcb const& from)
{
    record_syscall(cpu, from);
    cpu.events.write(Event::yield, {.thread = &from, .object = from.sc});
    record_switch(cpu, from);
}

} // namespace

template <MessageSize size> bool call(Cpu& cpu, CPtr target, abi::MessageInfo info)
{
    Tcb& caller = *cpu.current;
    if (caller.flags != 0) return false;
    Slot const* const slot = find_slot(caller.slot(Tcb::cspace).cap(), target);
    if (slot == nullptr) return false;
    Cap const& cap = slot->cap();
    if (!cap.is(CapType::endpoint, Rights::write)) return false;
    if (!cap.has_any(Rights::grant | Rights::grant_reply)) return false;
    Endpoint& ep = *cap.object<Endpoint>();
    if (ep.state() != Endpoint::State::receive) return false;
    Tcb& callee = *ep.head();
    Reply* const reply = callee.reply;
    SchedContext& sc = *cpu.current_sc;
    if (reply == nullptr || callee.sc != nullptr) return false;
    if (!server_would_run(cpu, sc, caller, callee)) return false;
    PageTable* const space = vspace_of(callee.slot(Tcb::vspace).cap());
    if (space == nullptr) return false;
    unsigned const length = unsigned(info.raw_length());
    if (!copy_long_part<size>(caller, callee, length)) return false;

    KASSERT(caller.sc == &sc && callee.yield_to == nullptr);
    ep.remove_first(callee, Endpoint::State::receive);
    copy_message_registers(caller.context, callee.context, length);
    set_badge(callee, cap.badge());
    set_message_info(callee, info.without_caps());
    callee.reply = nullptr;
    caller.state = ThreadState::blocked_on_reply;
    reply_stack::offer(*reply, caller);
    reply_stack::push_top(*reply, sc);
    hand_over(cpu, caller, callee, sc, *space);
    if (cpu.events.on()) [[unlikely]]
        record_message(cpu, caller, Event::call);
    return true;
}

namespace {

/// The reply object that ReplyRecv names; null when find_slot finds none.
[[gnu::always_inline]] inline Reply* named_reply(Tcb const& server)
{
    Slot const* const slot = find_slot(server.slot(Tcb::cspace).cap(), server.context.r12);
    if (slot == nullptr || !slot->cap().is(CapType::reply)) return nullptr;
    Reply* const reply = slot->cap().object<Reply>();
    if (reply == nullptr) __builtin_unreachable(); // spares the caller's check a second test
    return reply;
}

/// An endpoint, and the capability to wait there.
struct Place {
    Endpoint* endpoint;
    Cap const* cap;
};

/// Where `server` would have to wait: no message is waiting there, and no signal for it. Without an
/// endpoint if it would not.
[[gnu::always_inline]] inline Place place_to_wait(Tcb const& server, CPtr source)
{
    Slot const* const slot = find_slot(server.slot(Tcb::cspace).cap(), source);
    if (slot == nullptr || !slot->cap().is(CapType::endpoint, Rights::read)) return {};
    Endpoint* const ep = slot->cap().object<Endpoint>();
    Notification const* const bound = server.bound_notification;
    bool const signalled = bound != nullptr && bound->state == Notification::State::active;
    if (ep->state() == Endpoint::State::send || signalled) return {};
    return {ep, &slot->cap()};
}

/// The server's words, or those that are in registers, become the answer to `caller`.
void write_answer(Tcb const& server, Tcb& caller, abi::MessageInfo info)
{
    copy_message_registers(server.context, caller.context, unsigned(info.raw_length()));
    set_badge(caller, 0);
    set_message_info(caller, info.without_caps());
}

/// `caller` waits no longer for `reply`, which `server` offers anew while it waits at `place`.
/// `sc`: along which the call came, null if along none.
[[gnu::always_inline]] inline void wait_for_next(Reply& reply, Tcb& caller, SchedContext* sc,
                                                 Tcb& server, Place place)
{
    caller.reply = nullptr;
    if (sc != nullptr) reply_stack::pop_top(reply, *sc);
    reply_stack::offer(reply, server);
    server.state = ThreadState::blocked_on_receive;
    server.blocked_on = place.endpoint;
    server.can_grant = contains(place.cap->rights(), Rights::grant);
    place.endpoint->enqueue(server, Endpoint::State::receive);
}

/// Whether `caller`, once it is answered, goes on at once on its own context when `current` waits.
bool goes_on_alone(Cpu const& cpu, Reply const& reply, Tcb const& caller)
{
    // A server on its notification's context gives that back before it waits.
    if (cpu.current_sc->notification != nullptr) return false;
    bool const in_stack = reply.is_top() || reply.next() != nullptr || reply.prev != nullptr;
    SchedContext const* const sc = caller.sc;
    return domain_count == 1 && !in_stack && sc != nullptr && sc->is_plain() &&
           cpu.current_sc->is_plain() && !caller.in_release_queue && refill::has_budget(cpu, *sc) &&
           beats_ready(cpu, caller, *sc);
}

} // namespace

[[gnu::flatten]] bool reply_recv_apart(Cpu& cpu, CPtr source, abi::MessageInfo info)
{
    Tcb& server = *cpu.current;
    if (server.flags != 0) return false;
    SchedContext& sc = *cpu.current_sc;
    Reply* const reply = named_reply(server);
    if (reply == nullptr || reply->tcb == nullptr) return false;
    Tcb& caller = *reply->tcb;
    if (caller.state != ThreadState::blocked_on_reply) return false;
    bool const faulted = caller.fault.exists();
    bool const stays_stopped = info.label() != 0;
    if (faulted && (stays_stopped || caller.fault.kind == abi::FaultLabel::timeout)) return false;
    bool const lent = reply->is_top_of(sc);
    if (lent ? caller.sc != nullptr || !would_run(cpu, sc, server, caller)
             : !goes_on_alone(cpu, *reply, caller))
        return false;
    Place const place = place_to_wait(server, source);
    PageTable* const space = vspace_of(caller.slot(Tcb::vspace).cap());
    if (place.endpoint == nullptr || space == nullptr || (!lent && !take_time(cpu))) return false;

    if (faulted) {
        apply_fault_reply(caller, server);
        caller.fault.kind = abi::FaultLabel::null_fault;
        caller.context.settle();
        caller.context.rip = caller.context.fault_ip;
    } else {
        write_answer(server, caller, info);
    }
    wait_for_next(*reply, caller, lent ? &sc : nullptr, server, place);
    if (lent)
        hand_over(cpu, server, caller, sc, *space);
    else
        take_over(cpu, server, caller, *space);
    if (cpu.events.on()) [[unlikely]]
        record_message(cpu, server, Event::reply);
    return true;
}

template <MessageSize size> bool reply_recv(Cpu& cpu, CPtr source, abi::MessageInfo info)
{
    Tcb& server = *cpu.current;
    if (server.flags != 0) return false;
    SchedContext& sc = *cpu.current_sc;
    Reply* const reply = named_reply(server);
    // The top of the call stack of the context that the server runs on: its caller waits for it.
    if (reply == nullptr || !reply->is_top_of(sc)) return false;
    Tcb& caller = *reply->tcb;
    if (caller.fault.exists() || caller.sc != nullptr || !would_run(cpu, sc, server, caller))
        return false;
    Place const place = place_to_wait(server, source);
    if (place.endpoint == nullptr) return false;
    PageTable* const space = vspace_of(caller.slot(Tcb::vspace).cap());
    if (space == nullptr) return false;
    if (!copy_long_part<size>(server, caller, unsigned(info.raw_length()))) return false;

    KASSERT(server.sc == &sc && caller.state == ThreadState::blocked_on_reply);
    write_answer(server, caller, info);
    wait_for_next(*reply, caller, &sc, server, place);
    hand_over(cpu, server, caller, sc, *space);
    if (cpu.events.on()) [[unlikely]]
        record_message(cpu, server, Event::reply);
    return true;
}

namespace {

/// Signals on behalf of the current thread, or of the interrupt that it met.
bool deliver_signal(Cpu& cpu, Notification& ntfn, u64 badge, unsigned irq)
{
    Tcb& current = *cpu.current;
    Tcb* woken = nullptr;
    if (ntfn.state == Notification::State::active) {
        ntfn.pending |= badge;
    } else if (ntfn.state == Notification::State::idle) {
        Tcb const* const bound = ntfn.bound_tcb;
        if (bound != nullptr && bound->state == ThreadState::blocked_on_receive) return false;
        ntfn.state = Notification::State::active;
        ntfn.pending = badge;
    } else {
        Tcb& waiter = *ntfn.head();
        if (takes_over(cpu, current, waiter)) {
            PageTable* const space = vspace_of(waiter.slot(Tcb::vspace).cap());
            if (space == nullptr || !take_time(cpu)) return false;
            ntfn.remove(waiter);
            set_badge(waiter, badge);
            enqueue_front(cpu, current);
            take_over(cpu, current, waiter, *space);
        } else {
            // The waiter goes on later, on its own context, and needs no account of the time.
            if (waiter.priority > current.priority || waiter.sc == nullptr) return false;
            if (cpu.current_sc->is_feedback() || !waiter.sc->is_plain() ||
                waiter.in_release_queue || !cpu.has_turn(waiter))
                return false;
            ntfn.remove(waiter);
            set_badge(waiter, badge);
            waiter.state = ThreadState::running;
            if (waiter.priority == current.priority)
                enqueue_back(cpu, waiter);
            else
                enqueue_front(cpu, waiter);
        }
        woken = &waiter;
    }
    if (cpu.events.on()) [[unlikely]]
        record_signal(cpu, current, irq, ntfn, woken);
    return true;
}

} // namespace

bool send(Cpu& cpu, CPtr target, abi::MessageInfo info)
{
    Tcb& sender = *cpu.current;
    if (sender.flags != 0) return false;
    Slot const* const slot = find_slot(sender.slot(Tcb::cspace).cap(), target);
    if (slot == nullptr) return false;
    Cap const& cap = slot->cap();
    if (cap.is(CapType::notification, Rights::write))
        return deliver_signal(cpu, *cap.object<Notification>(), cap.badge(), no_irq);
    if (!cap.is(CapType::endpoint, Rights::write)) return false;
    Endpoint& ep = *cap.object<Endpoint>();
    if (ep.state() != Endpoint::State::receive) return false;
    Tcb& receiver = *ep.head();
    if (!takes_over(cpu, sender, receiver)) return false;
    PageTable* const space = vspace_of(receiver.slot(Tcb::vspace).cap());
    if (space == nullptr || !take_time(cpu)) return false;

    ep.remove_first(receiver, Endpoint::State::receive);
    copy_message_registers(sender.context, receiver.context, unsigned(info.raw_length()));
    set_badge(receiver, cap.badge());
    set_message_info(receiver, info.without_caps());
    reply_stack::withdraw(receiver);
    enqueue_front(cpu, sender);
    take_over(cpu, sender, receiver, *space);
    if (cpu.events.on()) [[unlikely]]
        record_message(cpu, sender, Event::send);
    return true;
}

bool yield_to_equal(Cpu& cpu)
{
    Tcb& current = *cpu.current;
    SchedContext& sc = *cpu.current_sc;
    ReadyQueues& ready = cpu.ready_now();
    if (domain_count > 1 || current.flags != 0 || !sc.is_plain() || ready.empty()) return false;
    PriorityQueues const& queues = ready.of(current.priority);
    constexpr u64 only_level_0 = 1;
    if (queues.filled != only_level_0) return false; // who is ready is not better than the current
    Tcb& next = *queues.head[0];
    if (next.state != ThreadState::running || next.yield_to != nullptr || !next.sc->is_plain())
        return false;
    PageTable* const space = vspace_of(next.slot(Tcb::vspace).cap());
    if (space == nullptr || !take_time(cpu)) return false;

    refill::renew_round_robin(sc); // what is given up was not consumed
    sc.consumed += cpu.consumed;
    cpu.consumed = 0;
    ready.replace_first(next, current);
    take_over(cpu, current, next, *space);
    if (cpu.events.on()) [[unlikely]]
        record_yield(cpu, current);
    return true;
}

bool interrupt(Cpu& cpu, unsigned irq)
{
    Cap const& target = irq_table.notification[irq].cap();
    if (cpu.current == &cpu.idle) return false;
    if (!target.is(CapType::notification, Rights::write)) return false;
    return deliver_signal(cpu, *target.object<Notification>(), target.badge(), irq);
}

bool fault(Cpu& cpu, Fault const& fault)
{
    Tcb& faulter = *cpu.current;
    Cap const& cap = faulter.slot(Tcb::fault_handler).cap();
    if (!cap.is(CapType::endpoint)) return false;
    if (!cap.has_any(Rights::grant | Rights::grant_reply)) return false;
    Endpoint& ep = *cap.object<Endpoint>();
    if (ep.state() != Endpoint::State::receive) return false;
    Tcb& handler = *ep.head();
    Reply* const reply = handler.reply;
    PageTable* const space = vspace_of(handler.slot(Tcb::vspace).cap());
    if (reply == nullptr || space == nullptr) return false;
    SchedContext& sc = *cpu.current_sc;
    bool const passive = handler.sc == nullptr;
    if (passive ? !would_run(cpu, sc, faulter, handler)
                : !takes_over(cpu, faulter, handler) || !take_time(cpu))
        return false;

    ep.remove_first(handler, Endpoint::State::receive);
    faulter.fault = fault;
    set_badge(handler, cap.badge());
    unsigned const length = write_fault_message(cpu, faulter, handler);
    set_message_info(handler, abi::MessageInfo{u64(fault.kind), 0, 0, length});
    handler.reply = nullptr;
    faulter.state = ThreadState::blocked_on_reply;
    reply_stack::offer(*reply, faulter);
    if (passive) {
        reply_stack::push_top(*reply, sc);
        hand_over(cpu, faulter, handler, sc, *space);
    } else {
        take_over(cpu, faulter, handler, *space);
    }
    if (cpu.events.on()) [[unlikely]]
        record_message(cpu, faulter, Event::send);
    return true;
}

template bool call<MessageSize::registers>(Cpu&, CPtr, abi::MessageInfo);
template bool call<MessageSize::buffer>(Cpu&, CPtr, abi::MessageInfo);
template bool reply_recv<MessageSize::registers>(Cpu&, CPtr, abi::MessageInfo);
template bool reply_recv<MessageSize::buffer>(Cpu&, CPtr, abi::MessageInfo);

} // namespace mk::fast_path

#include "ipc/signal.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "ipc/transfer.hpp"
#include "sched/binding.hpp"
#include "sched/scheduler.hpp"

namespace mk {
namespace {

void hand_over(Cpu& cpu, Notification& ntfn, Tcb& thread, u64 badge)
{
    thread.state = ThreadState::running;
    set_badge(thread, badge);
    maybe_donate(cpu, ntfn, thread);
    note_unblock(cpu, thread);
    possible_switch_to(cpu, thread);
}

} // namespace

void signal(Cpu& cpu, Notification& ntfn, u64 badge)
{
    trace(cpu.events, Event::signal, {.thread = cpu.current, .object = &ntfn});
    switch (ntfn.state) {
    case Notification::State::idle: {
        Tcb* const bound = ntfn.bound_tcb;
        if (bound != nullptr && bound->state == ThreadState::blocked_on_receive) {
            cancel_ipc(*bound);
            hand_over(cpu, ntfn, *bound, badge);
        } else {
            ntfn.state = Notification::State::active;
            ntfn.pending = badge;
        }
        break;
    }
    case Notification::State::waiting: {
        Tcb& waiter = *ntfn.head();
        ntfn.remove(waiter);
        hand_over(cpu, ntfn, waiter, badge);
        break;
    }
    case Notification::State::active:
        ntfn.pending |= badge;
        break;
    }
}

void take_signal(Cpu& cpu, Notification& ntfn, Tcb& thread)
{
    set_badge(thread, ntfn.pending);
    ntfn.pending = 0;
    ntfn.state = Notification::State::idle;
    maybe_donate(cpu, ntfn, thread);
    note_unblock(cpu, thread);
}

void wait_signal(Cpu& cpu, Tcb& thread, Notification& ntfn, bool blocking)
{
    if (ntfn.state == Notification::State::active) {
        take_signal(cpu, ntfn, thread);
    } else if (blocking) {
        thread.state = ThreadState::blocked_on_notification;
        thread.blocked_on = &ntfn;
        maybe_return(cpu, ntfn, thread);
        ntfn.enqueue(thread);
    } else {
        set_badge(thread, 0);
    }
}

void cancel_all_signals(Cpu& cpu, Notification& ntfn)
{
    while (Tcb* const thread = ntfn.head()) {
        cancel_ipc(*thread);
        thread->state = ThreadState::restart;
        note_unblock(cpu, *thread);
        possible_switch_to(cpu, *thread);
    }
    reschedule_required(cpu);
}

void bind_to_thread(Notification& ntfn, Tcb& thread)
{
    ntfn.bound_tcb = &thread;
    thread.bound_notification = &ntfn;
}

void unbind_from_thread(Notification& ntfn)
{
    if (ntfn.bound_tcb == nullptr) return;
    ntfn.bound_tcb->bound_notification = nullptr;
    ntfn.bound_tcb = nullptr;
}

} // namespace mk

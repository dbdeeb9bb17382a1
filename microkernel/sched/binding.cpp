#include "sched/binding.hpp"
#include "ipc/transfer.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "sched/refill.hpp"
#include "sched/release_queue.hpp"
#include "sched/scheduler.hpp"

namespace mk {

void bind_thread(Cpu& cpu, SchedContext& sc, Tcb& tcb)
{
    tcb.sc = &sc;
    sc.tcb = &tcb;
    if (sc.is_active()) {
        if (sc.is_sporadic()) refill::unblock(cpu, sc);
        resume(cpu, sc);
    }
    if (is_schedulable(tcb)) {
        if (!tcb.in_ready_queue) enqueue_back(cpu, tcb);
        reschedule_required(cpu);
    }
}

void unbind_thread(Cpu& cpu, SchedContext& sc)
{
    Tcb* const tcb = sc.tcb;
    if (tcb == nullptr) return;
    if (tcb == cpu.current) reschedule_required(cpu);
    dequeue(cpu, *tcb);
    release_queue::remove(cpu, *tcb);
    tcb->sc = nullptr;
    sc.tcb = nullptr;
}

void bind_notification(SchedContext& sc, Notification& notification)
{
    notification.sched_context = &sc;
    sc.notification = &notification;
}

void unbind_notification(SchedContext& sc)
{
    if (sc.notification == nullptr) return;
    sc.notification->sched_context = nullptr;
    sc.notification = nullptr;
}

void unbind_replies(SchedContext& sc)
{
    if (sc.reply == nullptr) return;
    sc.reply->set_next(nullptr);
    sc.reply = nullptr;
}

void donate(Cpu& cpu, SchedContext& sc, Tcb& to)
{
    if (Tcb* const from = sc.tcb) {
        dequeue(cpu, *from);
        release_queue::remove(cpu, *from);
        from->sc = nullptr; // if it is the current thread, schedule() sees that it cannot go on
    }
    sc.tcb = &to;
    to.sc = &sc;
}

void maybe_donate(Cpu& cpu, Notification& notification, Tcb& tcb)
{
    SchedContext* const sc = notification.sched_context;
    if (tcb.sc != nullptr || sc == nullptr || sc->tcb != nullptr) return;
    donate(cpu, *sc, tcb);
    if (sc != cpu.current_sc && sc->is_active()) refill::unblock(cpu, *sc);
    resume(cpu, *sc);
}

void maybe_return(Cpu& cpu, Notification& notification, Tcb& tcb)
{
    SchedContext* const sc = notification.sched_context;
    if (sc == nullptr || tcb.sc != sc) return;
    tcb.sc = nullptr;
    sc->tcb = nullptr;
    if (&tcb == cpu.current) reschedule_required(cpu);
}

void resume(Cpu& cpu, SchedContext& sc)
{
    if (sc.tcb == nullptr || !is_schedulable(*sc.tcb)) return;
    if (!refill::has_budget(cpu, sc)) postpone(cpu, sc);
}

void note_unblock(Cpu& cpu, Tcb& tcb)
{
    SchedContext* const sc = tcb.sc;
    if (sc != nullptr && sc->is_active() && sc->is_sporadic() && sc != cpu.current_sc)
        refill::unblock(cpu, *sc);
}

u64 take_consumed_us(Cpu& cpu, SchedContext& sc)
{
    Ticks const total = sc.consumed;
    sc.consumed = 0;
    return total / cpu.ticks_per_us;
}

void complete_yield_to(Cpu& cpu, Tcb& waiter)
{
    SchedContext* const sc = waiter.yield_to;
    if (sc == nullptr) return;
    reply_with_word(waiter, take_consumed_us(cpu, *sc));
    cancel_yield_to(waiter);
}

void cancel_yield_to(Tcb& waiter)
{
    if (waiter.yield_to == nullptr) return;
    waiter.yield_to->yield_from = nullptr;
    waiter.yield_to = nullptr;
}

} // namespace mk

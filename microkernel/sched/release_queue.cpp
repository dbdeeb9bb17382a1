#include "sched/release_queue.hpp"
#include "sched/scheduler.hpp"

namespace mk::release_queue {

void insert(Cpu& cpu, Tcb& tcb)
{
    Ticks const time = tcb.sc->head().time;
    Tcb* before = nullptr;
    Tcb* after = cpu.release_head;
    while (after != nullptr && after->sc->head().time <= time) {
        before = after;
        after = after->sched_link.next;
    }
    tcb.sched_link = {after, before};
    (before ? before->sched_link.next : cpu.release_head) = &tcb;
    if (after != nullptr) after->sched_link.prev = &tcb;
    if (before == nullptr) cpu.reprogram_timer = true;
    tcb.in_release_queue = true;
}

void remove(Cpu& cpu, Tcb& tcb)
{
    if (!tcb.in_release_queue) return;
    Link const link = tcb.sched_link;
    if (link.prev == nullptr) cpu.reprogram_timer = true;
    (link.prev ? link.prev->sched_link.next : cpu.release_head) = link.next;
    if (link.next != nullptr) link.next->sched_link.prev = link.prev;
    tcb.sched_link = {};
    tcb.in_release_queue = false;
}

void wake_ready(Cpu& cpu)
{
    while (due(cpu)) {
        Tcb& tcb = *cpu.release_head;
        remove(cpu, tcb);
        possible_switch_to(cpu, tcb);
    }
}

} // namespace mk::release_queue

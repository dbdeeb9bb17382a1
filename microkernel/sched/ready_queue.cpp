#include "sched/ready_queue.hpp"

namespace mk {

void ReadyQueues::insert(Tcb& t, bool front)
{
    unsigned const p = t.priority;
    Tcb*& head = head_[p];
    Tcb*& tail = tail_[p];
    t.sched_link = {front ? head : nullptr, front ? nullptr : tail};
    if (head == nullptr)
        head = tail = &t;
    else if (front)
        head = head->sched_link.prev = &t;
    else
        tail = tail->sched_link.next = &t;
    map_[p / 64] |= u64{1} << (p % 64);
    words_ |= u64{1} << (p / 64);
    t.in_ready_queue = true;
}

void ReadyQueues::remove(Tcb& t)
{
    unsigned const p = t.priority;
    Link const link = t.sched_link;
    (link.prev ? link.prev->sched_link.next : head_[p]) = link.next;
    (link.next ? link.next->sched_link.prev : tail_[p]) = link.prev;
    t.sched_link = {};
    t.in_ready_queue = false;
    if (head_[p] != nullptr) return;
    map_[p / 64] &= ~(u64{1} << (p % 64));
    if (map_[p / 64] == 0) words_ &= ~(u64{1} << (p / 64));
}

} // namespace mk

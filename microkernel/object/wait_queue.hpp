// The queue that endpoints and notifications share: threads linked by wait_link, highest priority
// first, first come first served within a priority.
#pragma once

#include "object/tcb.hpp"

namespace mk::wait_queue {

/// Cost: linear in the threads of lower priority that wait.
inline void insert(Tcb*& head, Tcb*& tail, Tcb& thread)
{
    Tcb* before = tail;
    while (before != nullptr && before->priority < thread.priority) before = before->wait_link.prev;
    Tcb* const after = before ? before->wait_link.next : head;
    thread.wait_link = {after, before};
    (before ? before->wait_link.next : head) = &thread;
    (after ? after->wait_link.prev : tail) = &thread;
}

inline void remove(Tcb*& head, Tcb*& tail, Tcb& thread)
{
    Link const link = thread.wait_link;
    (link.prev ? link.prev->wait_link.next : head) = link.next;
    (link.next ? link.next->wait_link.prev : tail) = link.prev;
}

} // namespace mk::wait_queue

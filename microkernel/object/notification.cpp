#include "object/notification.hpp"
#include "object/wait_queue.hpp"

namespace mk {

void Notification::enqueue(Tcb& thread)
{
    wait_queue::insert(head_, tail_, thread);
    state = State::waiting;
}

void Notification::remove(Tcb& thread)
{
    wait_queue::remove(head_, tail_, thread);
    if (head_ == nullptr) state = State::idle;
}

} // namespace mk

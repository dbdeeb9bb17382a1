#include "object/endpoint.hpp"
#include "object/wait_queue.hpp"

namespace mk {

void Endpoint::enqueue(Tcb& thread, State as)
{
    Tcb* first = head();
    wait_queue::insert(first, tail_, thread);
    set_head(first, as);
}

void Endpoint::remove(Tcb& thread)
{
    Tcb* first = head();
    wait_queue::remove(first, tail_, thread);
    set_head(first, first != nullptr ? state() : State::idle);
}

void Endpoint::remove_first(Tcb& first, State as)
{
    Tcb* const next = first.wait_link.next;
    if (next == nullptr) [[likely]] {
        head_ = 0;
        tail_ = nullptr;
    } else {
        next->wait_link.prev = nullptr;
        set_head(next, as);
    }
}

} // namespace mk

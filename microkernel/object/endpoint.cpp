#include "object/endpoint.hpp"
#include "object/wait_queue.hpp"

namespace mk {

void Endpoint::enqueue(Tcb& thread, State as)
{
    Tcb* first = head();
    wait_queue::insert(first, tail_, thread);
    head_ = reinterpret_cast<u64>(first) | u64(as);
}

void Endpoint::remove(Tcb& thread)
{
    Tcb* first = head();
    wait_queue::remove(first, tail_, thread);
    head_ = reinterpret_cast<u64>(first) | u64(first ? state() : State::idle);
}

} // namespace mk

// Endpoint: where senders and receivers meet. 16 bytes: a queue of waiting threads, all of them
// senders or all receivers, highest priority first, first come first served within a priority.
// What is done with it: ipc/endpoint_ipc.cpp. Source: seL4 manual, "Endpoints".
#pragma once

#include "kit/types.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

class Endpoint {
public:
    enum class State : u8 { idle = 0, send = 1, receive = 2 };

    State state() const { return State(head_ & 3); }
    Tcb* head() const { return reinterpret_cast<Tcb*>(head_ & ~u64{3}); }

    /// Puts `thread` into the queue behind those of its priority or higher. The queue must be
    /// idle or of the same state.
    void enqueue(Tcb& thread, State as);
    /// Takes `thread` out; an empty queue becomes idle.
    void remove(Tcb& thread);
    /// The same for the first of the queue, when the state is `as`.
    void remove_first(Tcb& first, State as);

private:
    void set_head(Tcb* first, State as) { head_ = reinterpret_cast<u64>(first) | u64(as); }
    u64 head_ = 0; // pointer, state in the low bits
    Tcb* tail_ = nullptr;
};
static_assert(sizeof(Endpoint) == 16);

} // namespace mk

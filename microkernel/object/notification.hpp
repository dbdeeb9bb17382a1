// Notification: a word of pending signals and the threads that wait for them. May be bound to one
// TCB and carry a scheduling context for passive waiters. 64 bytes (seL4_NotificationBits).
// What is done with it: ipc/signal.cpp. Source: seL4 manual, "Notifications".
#pragma once

#include "kit/types.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

class Notification {
public:
    enum class State : u8 { idle, waiting, active };

    State state = State::idle;
    u64 pending = 0;          ///< badges signalled and not yet taken; valid when active
    Tcb* bound_tcb = nullptr; ///< receives signals while it waits on an endpoint
    SchedContext* sched_context = nullptr; ///< lent to a passive thread that takes a signal

    Tcb* head() const { return head_; }
    void enqueue(Tcb& thread);
    void remove(Tcb& thread);

private:
    Tcb* head_ = nullptr;
    Tcb* tail_ = nullptr;
    [[maybe_unused]] u64 reserved_[2] = {};
};
static_assert(sizeof(Notification) == 64);

} // namespace mk

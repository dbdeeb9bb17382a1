// Signalling and waiting on a notification. Called from api/syscall.cpp, ipc/interrupt.cpp and
// ipc/endpoint_ipc.cpp (bound notifications). Source: seL4 manual, "Notifications".
#pragma once

#include "object/notification.hpp"
#include "sched/cpu.hpp"

namespace mk {

/// Adds `badge` to the pending word, or hands it to a waiter.
void signal(Cpu& cpu, Notification& ntfn, u64 badge);
/// Takes a pending signal, or waits for one (`blocking`), or answers badge 0.
void wait_signal(Cpu& cpu, Tcb& thread, Notification& ntfn, bool blocking);
/// Takes the pending signal of an active notification.
void take_signal(Cpu& cpu, Notification& ntfn, Tcb& thread);
/// The notification goes away: all waiters try again.
void cancel_all_signals(Cpu& cpu, Notification& ntfn);
/// Binds to / unbinds from the thread that gets signals while it waits on endpoints.
void bind_to_thread(Notification& ntfn, Tcb& thread);
void unbind_from_thread(Notification& ntfn);

} // namespace mk

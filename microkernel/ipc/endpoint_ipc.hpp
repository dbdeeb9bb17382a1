// Sending and receiving through an endpoint, and giving up on it. The slow path: every variant of
// IPC is these two functions with other flags. Called from api/syscall.cpp and ipc/fault.cpp; goes
// on in ipc/transfer.cpp and ipc/reply_stack.cpp. Source: seL4 manual, "Endpoints".
#pragma once

#include "object/endpoint.hpp"
#include "object/reply.hpp"
#include "sched/cpu.hpp"

namespace mk {

struct SendFlags {
    bool blocking, call, grant, grant_reply, may_donate;
};

/// Sends thread's message (or its fault). Blocks the thread when nobody receives and `blocking`.
void send_ipc(Cpu& cpu, Tcb& thread, Endpoint& ep, u64 badge, SendFlags flags);
/// Receives into `thread`; `reply` may be null, then calls cannot be answered. `grant`: of the
/// receiver's endpoint capability, for the reply.
void receive_ipc(Cpu& cpu, Tcb& thread, Endpoint& ep, bool blocking, bool grant, Reply* reply);

/// Takes a blocked thread off whatever it waits for; it is inactive then. No-op when not blocked.
void cancel_ipc(Tcb& thread);
/// The endpoint goes away: everybody who waits tries again, and fails there.
void cancel_all_ipc(Cpu& cpu, Endpoint& ep);
/// Senders that wait with this badge try again.
void cancel_badged_sends(Cpu& cpu, Endpoint& ep, u64 badge);

} // namespace mk

// Shortcuts for the system calls that matter most. Each does in one sweep what the slow path
// (api/syscall.cpp, ipc/endpoint_ipc.cpp, ipc/reply_stack.cpp, ipc/signal.cpp, sched/scheduler.cpp)
// does step by step, for the common case alone: it first checks everything, changing nothing, and
// answers false when any check fails; then the slow path takes the call from its beginning.
// Afterwards the system must be exactly as the slow path would have left it: the host test
// microkernel/ipc/fast_path runs both on the same states and compares every byte, the events
// recorded included. System calls of threads with any flag (Tcb::flags) take the slow path.
// One thing is left out on purpose: as long as the scheduling context stays the same, the clock is
// not read. The time since the last entry is charged at the next entry that has to know, and the
// timer, set when the context began to run, ends its budget in any case.
#pragma once

#include "abi/message_info.hpp"
#include "cap/cspace.hpp"
#include "object/fault.hpp"
#include "sched/cpu.hpp"

namespace mk::fast_path {

// All answer true when everything is done, and false when nothing is: then errors, lookup failures
// and missing rights are among the reasons, and the slow path reports them. `info` is_plain.

/// A message without capabilities: all its words (at most 4) are in registers, or some are in the
/// buffer (at most 120).
enum class MessageSize : u8 { registers, buffer };

/// Call to a passive server that waits on the endpoint: it goes on at once, on the caller's
/// scheduling context. `info` has as many words as `size` says. Rights: write, and grant or
/// grant_reply. Source: seL4 manual, "Calling and Replying", "Scheduling Context Donation".
template <MessageSize size> bool call(Cpu& cpu, CPtr target, abi::MessageInfo info);

/// ReplyRecv of a passive server: answers the caller that lent the scheduling context, gives it
/// back, and waits on the endpoint, where no message is waiting. `info` as for call. Rights: read.
/// Source: seL4 manual, "Calling and Replying", "Passive Threads".
template <MessageSize size> bool reply_recv(Cpu& cpu, CPtr source, abi::MessageInfo info);

/// reply_recv, of a message in registers, to a caller that kept its context or stopped for a fault.
/// Source: also "Faults".
bool reply_recv_apart(Cpu& cpu, CPtr source, abi::MessageInfo info);

/// Send or NBSend of a message in registers, to a notification or to an endpoint where somebody
/// waits; who waits has a plain context of its own. Rights: write. Source: seL4 manual,
/// "Endpoints", "Signalling, Polling and Waiting".
bool send(Cpu& cpu, CPtr target, abi::MessageInfo info);

/// Yield to another plain thread of the same priority, when no other class is ready there.
/// Source: seL4 manual, "Scheduling algorithm".
bool yield_to_equal(Cpu& cpu);

/// Device interrupt `irq` (0..107, masked already) that a notification hears of, while a thread
/// runs. Rights: the capability that the handler was given has write. Source: seL4 manual,
/// "Interrupt Delivery".
bool interrupt(Cpu& cpu, unsigned irq);

/// A fault of the current thread whose handler waits: passive, or better and with time of its own.
/// Rights: the handler's capability has grant or grant_reply; without write it could not be set.
/// Source: seL4 manual, "Faults".
bool fault(Cpu& cpu, Fault const& fault);

} // namespace mk::fast_path

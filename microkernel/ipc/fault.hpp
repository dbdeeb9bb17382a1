// Faults are messages: what a thread stopped for is kept in its TCB, sent to its handler as an IPC
// message in the thread's name, and the reply starts the thread again. Logic: ipc/fault.cpp.
// Source: seL4 manual, "Faults".
#pragma once

#include "object/fault.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

/// Stops `thread` with `fault` and sends it to its fault handler; without a usable handler the
/// thread stays inactive. The thread must be runnable.
void raise_fault(Cpu& cpu, Tcb& thread, Fault const& fault);
/// As raise_fault but to the timeout handler, which must be there (has_timeout_handler).
void raise_timeout(Cpu& cpu, Tcb& thread);
bool has_timeout_handler(Tcb const& thread);
/// Writes the fault as a message into the handler's registers and buffer; answers its tag length.
unsigned write_fault_message(Cpu& cpu, Tcb& faulter, Tcb& handler);
/// Takes a handler's reply. Answers whether the thread is to go on.
bool apply_fault_reply(Tcb& faulter, Tcb const& handler);

/// A thread without a handler stopped. The root server's own fault is a panic; for others, debug
/// builds say so on the kernel's console.
void report_unhandled(Tcb const& thread, Fault const& fault);

} // namespace mk

// Invocations of kernel objects: from a message to a method's decoder, what it plans, and the
// answer. Called from api/syscall.cpp; goes on in api/methods.cpp.
#pragma once

#include "api/invocation.hpp"
#include "ipc/transfer.hpp"

namespace mk {

/// Whether the caller goes on to the second phase of its system call.
enum class Sent : bool { done, stop };

/// `call`: the caller waits for an answer. `first_phase`: a receive follows in the same call.
struct InvokeMode {
    bool call, first_phase;
};

/// The answer to a refused invocation: the error as label, its words as message (those that do not
/// fit into registers only if the caller has a buffer). Source: seL4 manual, "Errors".
[[gnu::noinline]] void reply_with_error(Tcb& caller, SyscallError const& error);

/// Invokes what the slot holds, which is no IPC object, for the current thread. Rights and errors
/// are the methods' (api/methods.hpp); invalid_capability 0: the slot is empty, or holds what
/// cannot be invoked in a first phase.
Sent invoke_object(Cpu& cpu, Slot& slot, abi::MessageInfo info, ExtraCaps const& extra,
                   InvokeMode mode);

/// Call of a method in the usual case, with the same outcome as by the slow path: everything named
/// is found at once and there is time. False: nothing was done, the slow path shall.
bool call_method(Cpu& cpu, CPtr target, abi::MessageInfo info);

} // namespace mk

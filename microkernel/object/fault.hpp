// What a thread stopped for. Kept in its TCB until the handler answers; sent as a message by
// ipc/fault.cpp. Source: seL4 manual, "Faults".
#pragma once

#include "abi/faults.hpp"
#include "cap/cspace.hpp"

namespace mk {

struct Fault {
    abi::FaultLabel kind = abi::FaultLabel::null_fault;
    bool in_receive = false; ///< cap_fault: in the receive phase
    LookupFailure lookup{};  ///< cap_fault
    /// cap_fault: address. vm_fault: address, whether an instruction fetch, the CPU's error code.
    /// unknown_syscall: number. user_exception: number, error code. timeout: the context's badge.
    u64 word[3] = {};
    bool exists() const { return kind != abi::FaultLabel::null_fault; }
};

} // namespace mk

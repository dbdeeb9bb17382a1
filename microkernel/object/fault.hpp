// What a thread stopped for. Kept in its TCB until the handler answers; sent as a message by
// ipc/fault.cpp. Source: seL4 manual, "Faults".
#pragma once

#include "abi/faults.hpp"
#include "cap/cspace.hpp"

namespace mk {

struct Fault {
    abi::FaultLabel kind = abi::FaultLabel::null_fault;
    bool in_receive = false; ///< cap_fault: in the receive phase
    LookupFailure lookup{}; 
} // namespace mk

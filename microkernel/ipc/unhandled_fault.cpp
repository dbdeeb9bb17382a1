// A fault that nobody hears. Called from ipc/fault.cpp.
#include "debug/log.hpp"
#include "debug/panic.hpp"
#include "ipc/fault.hpp"
#include "object/tcb.hpp"

namespace mk {
namespace {

char const* fault_name(abi::FaultLabel kind)
{
    switch (kind) {
    case abi::FaultLabel::cap_fault:
        return "capability fault, address ";
    case abi::FaultLabel::unknown_syscall:
        return "unknown system call ";
    case abi::FaultLabel::user_exception:
        return "exception ";
    case abi::FaultLabel::vm_fault:
        return "page fault, address ";
    default:
        return "fault ";
    }
}

} // namespace

void report_unhandled(Tcb const& thread, Fault const& fault)
{
    // Without its root server the system can only stand still: that must not look like waiting.
    if (thread.is_root_server)
        panic(thread.context, "the root server faulted without a handler: ", fault_name(fault.kind),
              Hex{fault.word[0]}, " at ", Hex{thread.context.restart_ip()});
    if (HYPERCORE_RELEASE) return;
    log("fault", "thread '", static_cast<char const*>(thread.name),
        "' stopped, no handler: ", fault_name(fault.kind), Hex{fault.word[0]}, " at ",
        Hex{thread.context.restart_ip()});
}

} // namespace mk

// What becomes of a fault: a page, or a record that waits for NextFault. Called from main.cpp, goes
// on in pager.cpp.
#include "checks.hpp"
#include "manager.hpp"
#include "sys/endpoint.hpp"

namespace memory_manager {

namespace {

/// Bits of the CPU's page fault error code. [Intel SDM vol. 3A, "Interrupt 14"]
constexpr u64 error_write = 2, error_fetch = 16;

} // namespace

u64 Manager::on_page_fault(Space& space, u64 address, u64 error)
{
    ++space.account.faults;
    if (address >= program::layout::heap_end) return memory::fault_unmapped;
    auto const served =
        pager.touch(space, page_of(address), {(error & error_write) != 0, (error & error_fetch) != 0});
    if (served) return 0;
    if (served.error() != Error::no_memory) return memory::fault_unmapped;
    return space.account.full() ? memory::fault_quota : memory::fault_memory;
}

void Manager::keep(Space const& space, sys::Received const& received, u64 reason)
{
    FaultRecord fault{FaultState::told_not, space.number, 0, received.info.label(), 0, {}};
    u64 const room = sizeof fault.word / sizeof fault.word[0];
    fault.words = received.info.length() < room ? received.info.length() : room;
    for (u64 i = 0; i < fault.words; ++i)
        fault.word[i] = i < abi::msg_registers ? received.mr[i] : sys::ipc_buffer().msg[i];
    if (reason != 0) fault.word[fault.words++] = reason; // a page fault has few words
    if (faults.keep(fault)) supervisor.signal();
}

} // namespace memory_manager

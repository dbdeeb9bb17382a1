// What becomes of a fault: a page, or a record that waits for NextFault. Called from main.cpp, goes
// on in pager.cpp.
#include "abi/faults.hpp"
#include "checks.hpp"
#include "manager.hpp"
#include "sys/endpoint.hpp"
#include <iterator>

namespace memory_manager {

namespace {

/// Bits of the CPU's page fault error code. [Intel SDM vol. 3A, "Interrupt 14"]
constexpr u64 error_write = 2, error_fetch = 16;

} // namespace

u64 Manager::on_page_fault(Space& space, u64 address, u64 error)
{
    ++space.account.faults;
    u64 const reason = serve(space, address, error);
    sweep_if_short();
    replacement.balance();
    return reason;
}

void Manager::sweep_if_short()
{
    while (sweeper.pending() && frames.available() < Replacement::wanted_free) (void)sweeper.step();
}

u64 Manager::serve(Space& space, u64 address, u64 error)
{
    if (address >= program::layout::heap_end) return memory::fault_unmapped;
    Access const access{(error & error_write) != 0, (error & error_fetch) != 0};
    for (;;) {
        auto const served = pager.touch(space, page_of(address), access);
        if (served) return 0;
        if (served.error() == Error::busy) return waits_for_memory;
        if (served.error() == Error::not_supported) return memory::fault_disk;
        if (served.error() != Error::no_memory) return memory::fault_unmapped;
        bool const full = space.account.full();
        if (full ? sweeper.step(space) : sweeper.step()) continue;
        // A page of its own makes way when its account is full, else anybody's.
        auto const room = replacement.make_room(full ? space.number : 0);
        if (room == Replacement::Room::on_its_way) return waits_for_memory;
        if (room == Replacement::Room::none)
            return full ? memory::fault_quota : memory::fault_memory;
    }
}

void Manager::keep(Space const& space, sys::Received const& received, u64 reason)
{
    bool const waits = reason == waits_for_memory;
    FaultRecord fault{waits ? FaultState::waiting : FaultState::told_not,
                      space.number,
                      0,
                      received.info.label(),
                      0,
                      {}};
    u64 const room = std::size(fault.word);
    fault.words = received.info.length() < room ? received.info.length() : room;
    for (u64 i = 0; i < fault.words; ++i)
        fault.word[i] = i < abi::msg_registers ? received.mr[i] : sys::ipc_buffer().msg[i];
    if (!waits && reason != 0) fault.word[fault.words++] = reason; // a page fault has few words
    if (faults.keep(fault) && !waits) supervisor.signal();
}

/// A fault that waited for memory waits for NextFault instead.
void Manager::refuse(FaultRecord& fault, u64 reason)
{
    fault.word[fault.words++] = reason;
    faults.give_up(fault);
    supervisor.signal();
}

void Manager::on_signal()
{
    auto const lost = [&](u32 space, u32 page) {
        while (FaultRecord* const it = faults.oldest(FaultState::waiting, space)) {
            if (page_of(it->word[abi::vm_fault::address]) != page) break;
            refuse(*it, memory::fault_disk);
        }
    };
    if (replacement.on_signal(lost)) settle();
}

void Manager::settle()
{
    sweep_if_short();
    replacement.balance();
    u64 last = 0;
    while (faults.any_waiting()) {
        FaultRecord* const it = faults.oldest(FaultState::waiting, 0, last);
        if (it == nullptr) return;
        last = it->order;
        Space& space = spaces[it->space];
        u64 const reason =
            serve(space, it->word[abi::vm_fault::address], it->word[abi::vm_fault::fsr]);
        if (reason == waits_for_memory) continue;
        if (reason != 0) {
            refuse(*it, reason);
            continue;
        }
        sys::Reply{faults.reply_of(*it)}.send({});
        faults.forget(*it);
    }
}

} // namespace memory_manager

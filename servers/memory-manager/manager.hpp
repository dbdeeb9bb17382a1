// All parts of memory-manager, wired together. Nothing here is on a heap; whoever makes one gives
// it static memory.
#pragma once

#include "faults.hpp"
#include "pager.hpp"
#include "protocol/handover.hpp"
#include "rpc/refusals.hpp"
#include "sweeper.hpp"
#include "sys/endpoint.hpp"

namespace memory_manager {

struct Manager {
    CSpace cspace;
    Chunks chunks;
    ObjectMemory objects;
    OwnSpace own;
    Frames frames;
    AliasSlots aliases;
    Tables tables;
    Mapper mapper;
    SharedObjects shared;
    SwapDisk disk;
    Replacement replacement;
    Pager pager;
    Spaces spaces;
    Sweeper sweeper;
    Faults faults;
    rpc::Refusals refusals;       ///< that wait for NextRefusal
    sys::Notification supervisor; ///< signalled for each fault that waits for NextFault, and for
                                  ///< the first refusal
    /// Notes that shared memory is mapped in our own space. Errors: slot_occupied, no_memory.
    Result<void> add_own(u64 address, u64 bytes);
    bool has_own(u64 address, u64 bytes) const;

    u64 inbox = 0;  ///< slot where the capability of a request lands
    u64 outbox = 0; ///< slot of the one that goes with an answer

    /// Takes over everything in the handover: moves this thread into a CSpace and to an IPC buffer
    /// of its own, makes all RAM chunks. Once. Error: no_memory, or corrupt (the kernel refused).
    Result<void> begin(handover::Memory const& from);
    /// Serves a page fault: 0, waits_for_memory, or why it cannot be (memory::fault_...). error:
    /// the CPU's code.
    u64 on_page_fault(Space& space, u64 address, u64 error);
    static constexpr u64 waits_for_memory = ~u64{0};
    /// Leaves the fault that was just received waiting: for memory, or, when there is another
    /// reason, for NextFault. The reason of a page fault becomes its last word.
    void keep(Space const& space, sys::Received const& received, u64 reason);
    /// The swap disk's driver has done something.
    void on_signal();
    /// After whatever may have freed memory or used it: those who wait for it try again.
    void settle();
    /// Where few frames are left: takes back what ended spaces hold, before anything is evicted.
    void sweep_if_short();

private:
    struct Own {
        u64 address, bytes;
    };
    static constexpr u32 max_own = 8;
    u32 own_count_ = 0;
    Own own_[max_own] = {};

    struct Boot;
    Result<void> add_ram(handover::Memory const& from, Boot const& boot);
    Result<u64> add_chunks(handover::Untyped const& piece, u64 first, u64 count);
    u64 serve(Space& space, u64 address, u64 error);
    void refuse(FaultRecord& fault, u64 reason);
    Result<void> make_pools(handover::Memory const& from);
};

} // namespace memory_manager

// A CPU's view of memory for host tests of vspace/: which PML4 is loaded, and a TLB that never
// forgets by itself, so that a missing invalidation always shows. Also an I/O APIC to route with,
// and a note of what was signalled.
#pragma once

#include "vspace/vspace.hpp"
#include <map>
#include <optional>
#include <vector>

namespace fake {

/// What an access to a user page meets.
struct Translation {
    u64 physical; ///< of the byte
    bool writable, user, executable;
    unsigned memory_type; ///< index into the PAT
    unsigned page_bits;
    bool operator==(Translation const&) const = default;
};

struct AddressSpace {
    mk::PageTable kernel{}; ///< entry 300 is set, the lower half is empty
    mk::PageTable* loaded = nullptr;
    std::map<u64, Translation> tlb; ///< by 4 KiB page; only what was accessed is in here

    /// Loads a root as a switch to another thread does.
    void load(mk::PageTable& root);
    /// Reads as the CPU would: from the TLB, else by walking (and remembering).
    std::optional<Translation> access(u64 vaddr);
    /// INVLPG: drops every cached piece of the page that `vaddr` was translated with.
    void invalidate(u64 vaddr);
};
/// The walk by the book (Intel SDM, "4-Level Paging"), independent of the code under test.
std::optional<Translation> hardware_walk(mk::PageTable const& root, u64 vaddr);
AddressSpace& address_space();

struct Routed {
    unsigned irq, io_apic, pin;
    bool level, active_low;
};
struct IoApics {
    unsigned count = 1, pins = 24;
    std::vector<Routed> routed;
    std::vector<unsigned> unrouted;
};
IoApics& io_apics();

/// Signals that were sent, in order.
struct Signal {
    mk::Notification* notification;
    u64 badge;
};
std::vector<Signal>& signals();

} // namespace fake

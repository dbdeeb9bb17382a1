// The untypeds that the root server will get: physical ranges split into naturally aligned powers
// of two. Pure: no hardware, no allocation. Called from boot/root_server.cpp.
// Invariant: entries are disjoint, aligned to their size, 2^4 to 2^47 bytes, in the order added.
// Source: seL4 manual, "Memory Allocation", "BootInfo Frame".
#pragma once

#include "abi/boot_info.hpp"
#include "kit/types.hpp"
#include <span>

namespace mk {

struct UntypedEntry {
    u64 base;
    u8 bits;
    bool device;
    bool keep; ///< part of a boot module: never dropped
};

class UntypedList {
public:
    static constexpr unsigned capacity = abi::max_boot_info_untypeds;
    enum class Kind : u8 {
        ram,
        device,
        module ///< device as well (retyping does not clear it)
    };

    /// Adds [base, end) in pieces, ascending. What is below 2^4 bytes or past 2^63 is left out.
    /// When the list is full the smallest entry, modules excepted, makes room.
    void add(u64 base, u64 end, Kind kind);

    std::span<UntypedEntry const> entries() const { return {entry_, count_}; }
    /// Entries that make up exactly [base, end) of a module.
    struct Run {
        u64 first, count;
    };
    Run find(u64 base, u64 end) const;
    /// What found no room.
    u64 dropped_bytes() const { return dropped_bytes_; }

private:
    void add_entry(UntypedEntry entry);

    UntypedEntry entry_[capacity] = {};
    unsigned count_ = 0;
    u64 dropped_bytes_ = 0;
};

/// Physical memory that is not for users as a device: RAM, the kernel, interrupt controllers.
/// `module`: RAM that users get as device memory of its own.
struct Hole {
    u64 base, end;
    bool module;
};

/// Holes in order of address; they may overlap.
class HoleList {
public:
    static constexpr unsigned capacity = 320;
    /// Answers false when the list is full.
    bool add(Hole hole);
    std::span<Hole const> holes() const { return {hole_, count_}; }

private:
    Hole hole_[capacity] = {};
    unsigned count_ = 0;
};

/// Physical addresses end here (seL4's limit; what the CPU lacks above never answers).
inline constexpr u64 physical_end = u64{1} << 47;

/// Lists all physical memory outside the holes as device untypeds and the modules among the holes
/// as untypeds of their own, by ascending address.
void list_devices(UntypedList& list, HoleList const& holes);

} // namespace mk

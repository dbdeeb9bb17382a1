// Physical memory that nobody owns yet, while the kernel comes up. The page tables, the root
// server's objects and the boot information are taken from here; what remains when boot_info
// describes the untypeds is what users get.
// Invariant: ranges are page aligned, sorted, disjoint, never touch each other, and hold nothing
// below 1 MiB (seL4 hands the first MiB to users as device memory).
#pragma once

#include "kit/types.hpp"
#include <span>

namespace mk {

/// Physical addresses [base, end).
struct MemoryRange {
    u64 base, end;
};

class BootMemory {
public:
    static constexpr unsigned capacity = 384;
    static constexpr u64 lowest = 0x10'0000;

    /// Adds [base, end), cut down to whole pages above the first MiB. Must not overlap what is
    /// here. Answers false when the list is full (the range is then not added).
    bool add(u64 base, u64 end);
    /// 2^size_bits bytes (at least a page), aligned to their size, not cleared, from the top of the
    /// highest range in which they fit: low memory is left for devices. 0 when there is none.
    u64 take(unsigned size_bits);
    /// `bytes` of memory (not 0), cleared, aligned to the power of two that holds them; of that,
    /// whole pages that are too much stay here. Panics when there is none; `user` is who needs it.
    u64 take_cleared(u64 bytes, char const* user);
    /// What remains, ascending. Valid until the next add or take.
    std::span<MemoryRange const> free() const { return {range_, count_}; }

private:
    bool insert(unsigned at, MemoryRange range);
    void erase(unsigned at);

    MemoryRange range_[capacity] = {};
    unsigned count_ = 0;
};

/// Filled by kernel_main in two steps: first with regions of kind `ram`; those of kind `loader`
/// follow once the loader's page tables and stack are no longer in use, before the root server is
/// made. The kernel sees all of it at physmap_base.
extern BootMemory boot_memory;

} // namespace mk

// Bits of page table entries, and the memory types that the kernel has programmed into the PAT.
// Used by kernel_space.cpp for the kernel's own tables and by vspace/ for users'.
// Source: Intel SDM vol. 3A, "4-Level Paging", "Page Attribute Table (PAT)".
#pragma once

#include "kit/bits.hpp"
#include "kit/types.hpp"

namespace mk::paging {

inline constexpr u64 present = bit(0), writable = bit(1), user = bit(2), write_through = bit(3),
                     cache_disable = bit(4), accessed = bit(5), dirty = bit(6);
inline constexpr u64 large = bit(7);       ///< PD and PDPT entries: maps a 2 MiB / 1 GiB page
inline constexpr u64 global = bit(8);      ///< kernel mappings only
inline constexpr u64 no_execute = bit(63); ///< always there: the kernel refuses CPUs without it
inline constexpr u64 pat_small = bit(7);   ///< PAT bit of a 4 KiB page
inline constexpr u64 pat_large = bit(12);  ///< PAT bit of a 2 MiB or 1 GiB page
inline constexpr u64 address_mask = 0x000f'ffff'ffff'f000;

/// IA32_PAT so that entry n is seL4's VM attribute n: write-back, write-through, cache disabled
/// (UC-), uncacheable (UC), write-combining; entries 5 to 7 as after reset.
inline constexpr u64 pat_value = 0x0007'0401'0007'0406;

/// Entry bits for VM attribute 0..4 (abi::VmAttributes) of a leaf.
constexpr u64 memory_type(u64 attribute, bool is_large)
{
    return ((attribute & 1) != 0 ? write_through : 0) | ((attribute & 2) != 0 ? cache_disable : 0) |
           ((attribute & 4) != 0 ? (is_large ? pat_large : pat_small) : 0);
}

/// Physical address of a leaf or table entry; `is_large` clears the PAT bit of large pages.
constexpr u64 address_of(u64 entry, bool is_large = false)
{
    return entry & address_mask & ~(is_large ? pat_large : 0);
}

} // namespace mk::paging

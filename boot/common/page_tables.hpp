// The page tables in which the kernel is entered: the physical map, the same memory mapped
// identically (for the code that makes the switch), and the kernel's image.
#pragma once

#include "boot/common/failure.hpp"
#include "boot/handoff.hpp"
#include <span>

namespace boot {

/// How many pages build_page_tables() may need at most.
usize page_table_pages(std::span<Region const> regions, bool gigabyte_pages);

/// Fills `pages` (page_table_pages() of them, identically mapped) and returns the physical
/// address of the root table. Mapped is every GiB below 4 and every GiB that a region touches.
/// @param gigabyte_pages  whether the CPU has pages of 1 GiB
u64 build_page_tables(std::span<Region const> regions, Region const& kernel, bool gigabyte_pages,
                      u8* pages);

/// Asks CPUID for pages of 1 GiB.
bool cpu_has_gigabyte_pages();

} // namespace boot

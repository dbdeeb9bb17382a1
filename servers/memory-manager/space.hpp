// An address space with its account.
#pragma once

#include "program/layout.hpp"
#include "regions.hpp"
#include "tables.hpp"

namespace memory_manager {

/// Pages of 4 KiB, and counts since the space was made.
struct Account {
    u64 quota = 0, resident = 0, tables = 0, swapped = 0;
    u64 large = 0; ///< of 2 MiB: counted in `resident` as 512 each
    u64 faults = 0, zero_fills = 0, copies = 0, evictions = 0, swap_ins = 0;
    bool full() const { return resident + tables >= quota; }
};

struct Space {
    /// A page directory for each GiB below layout::heap_end, which one PDPT reaches.
    static constexpr u32 max_upper = 1 + (program::layout::heap_end >> 30);
    static_assert(program::layout::heap_end <= u64{1} << 39);

    bool used = false;
    bool ending = false;   ///< Sweeper takes it apart
    bool resident = false; ///< everything is there from the start and stays
    u32 number = 0;
    Node root = 0;       ///< its PML4
    u32 first_table = 0; ///< list by Table::next
    u32 dropped = 0;     ///< ending: pages of the first table that are gone
    u32 freed = 0;       ///< regions that Sweeper takes apart
    u32 upper_count = 0;
    Node upper[max_upper] = {}; ///< PDPT and page directories
    u32 region_bytes = 0;       ///< of the array's memory that is there
    Regions regions;
    Account account;
};

} // namespace memory_manager

// What an address space consists of, by ranges of pages: sorted, disjoint. What is not in a region
// is a mistake to touch.
#pragma once

#include "units.hpp"

namespace memory_manager {

enum class RegionKind : u8 {
    archive,   ///< read in place, copied when written; zero behind `file_bytes`
    anonymous, ///< zero at first
    heap,      ///< the same, by Allocate
    unsealed,  ///< the same, by MapImage: Seal takes its write access away and makes it anonymous
    object,    ///< shared
    device,    ///< a frame that was handed in
    freed,     ///< was heap: nobody may touch it, and it becomes less
};

struct Region {
    u32 first, pages; ///< virtual page numbers
    RegionKind kind;
    u8 access;  ///< memory::access_...
    u16 object; ///< kind object: which
    u32 source; ///< archive: page in it
    u32 bytes;  ///< archive: how many of it belong to the region
    u32 end() const { return first + pages; }
};
static_assert(sizeof(Region) == 20);

/// A sorted array of regions in memory that somebody else provides.
class Regions {
public:
    Regions() = default;
    explicit Regions(Region* table) : table_{table} {}

    u32 count() const { return count_; }
    Region& operator[](u32 n) { return table_[n]; }
    /// The region that page belongs to; null: none.
    Region* find(u32 page);
    /// Error: slot_occupied (it meets another one).
    Result<void> insert(Region const& region);
    void remove(u32 n);
    /// Place of the region that begins at this page; count(): none does.
    u32 at(u32 page) const;
    /// First page in [from, to) behind which `pages` pages, and one before and behind them, are in
    /// no region; a multiple of `align`. Error: no_memory.
    Result<u32> gap(u32 from, u32 to, u32 pages, u32 align) const;

private:
    /// Place of the first region that ends behind page.
    u32 behind(u32 page) const;

    Region* table_ = nullptr;
    u32 count_ = 0;
};

} // namespace memory_manager

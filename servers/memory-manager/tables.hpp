// What each page of a space is right now: one Table for 2 MiB of addresses, beside the kernel's
// page table for them. Found by a hash of space and address.
#pragma once

#include "own_space.hpp"

namespace memory_manager {

enum class EntryKind : u32 {
    none = 0,
    frame,   ///< value: FrameId, the space's own
    alias,   ///< value: AliasId, a copy of somebody's frame
    swapped, ///< value: place on the swap disk
    moving,  ///< value: transfer between memory and swap disk
    large,   ///< value: a whole chunk; only as entry[0] of a table of one large mapping
};

/// One page: kind, flags, value.
class Entry {
    u32 word_ = 0;
    static constexpr u32 value_mask = low_mask(26), pinned_bit = 1 << 26, dirty_bit = 1 << 27,
                         fresh_bit = 1 << 28;

public:
    Entry() = default;
    Entry(EntryKind kind, u32 value) : word_{static_cast<u32>(kind) << 29 | value} {}
    EntryKind kind() const { return static_cast<EntryKind>(word_ >> 29); }
    u32 value() const { return word_ & value_mask; }
    bool present() const { return kind() == EntryKind::frame || kind() == EntryKind::alias; }
    /// Somebody has a capability to the frame: it stays where it is.
    bool pinned() const { return word_ & pinned_bit; }
    void pin() { word_ |= pinned_bit; }
    /// Not zero any more, or not what the disk has, whatever the CPU's mark says: it begins anew
    /// with each mapping.
    bool dirty() const { return word_ & dirty_bit; }
    void mark_dirty() { word_ |= dirty_bit; }
    /// Mapped just now: whoever wanted it had no time to use it yet, so the hand passes it once.
    bool fresh() const { return word_ & fresh_bit; }
    void mark_fresh() { word_ |= fresh_bit; }
    void age() { word_ &= ~fresh_bit; }
};

struct Table {
    u32 next;      ///< of the same space; 0: none
    u32 hash_next; ///< of the same hash
    u32 key;       ///< virtual address >> 21
    u16 space;
    u16 large; ///< 1: a single mapping of 2 MiB, entry[0]; there is no page table
    Node node; ///< the kernel's page table
    u32 reserved;
    Entry entry[chunk_pages];
};
static_assert(sizeof(Table) == 24 + 4 * chunk_pages);

/// All tables, in memory that grows. Number 0 is none.
class Tables {
public:
    void begin(OwnSpace& own) { own_ = &own; }
    Table& operator[](u32 n) const { return reinterpret_cast<Table*>(place::tables)[n]; }
    /// 0: there is none.
    u32 find(u32 space, u32 key) const
    {
        u32 n = bucket_[hash(space, key)];
        while (n != 0 && ((*this)[n].key != key || (*this)[n].space != space))
            n = (*this)[n].hash_next;
        return n;
    }
    /// Numbers 1 to made() were tables once.
    u32 made() const { return made_; }
    /// An empty table in the hash. Error: no_memory.
    Result<u32> make(u32 space, u32 key);
    void give(u32 n);

private:
    static constexpr u32 buckets = 4096;
    static constexpr u32 hash(u32 space, u32 key) { return (key ^ space * 0x9e5) % buckets; }

    OwnSpace* own_ = nullptr;
    u32 made_ = 0; ///< numbers 1 to made_ exist
    u64 backed_bytes_ = 0;
    u32 free_ = 0; ///< list by `next`
    u32 bucket_[buckets] = {};
};

} // namespace memory_manager

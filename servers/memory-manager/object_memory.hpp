// Untypeds from 4 KiB to 1 MiB for kernel objects, ours and other people's: a buddy allocator in
// chunks. Splitting a block is a retype into two untypeds; giving one back revokes it, which
// destroys whatever was made of it in whatever hands it is, and joins it with its other half.
//
// A chunk in use here is an area: the first 48 KiB hold its own slots, the rest is the tree. Place
// n of the tree has the halves 2n and 2n + 1; place 1 is all of it, places 512 to 1023 are pages.
#pragma once

#include "chunks.hpp"

namespace memory_manager {

/// A block: area << 10 | place. 0: none.
using Node = u32;

class ObjectMemory {
public:
    static constexpr unsigned max_bits = 20;

    void begin(CSpace& cspace, Chunks& chunks) { cspace_ = &cspace, chunks_ = &chunks; }
    /// Makes an untyped of 2 MiB at address `physical` an area whose first 2^used_bits bytes are in
    /// use already, or as good as. Error: no_memory (no more areas or entries).
    Result<void> add_area(u64 untyped, u64 physical, unsigned used_bits);

    /// A block of 2^bits bytes, of which nothing was made. bits: page_bits to max_bits.
    /// Error: no_memory.
    Result<Node> take(unsigned bits);
    /// Destroys everything made of the block.
    void give(Node node);
    /// A block with one object in it, at object(). user_bits as in Untyped.retype.
    Result<Node> make(abi::ObjectType type, u64 user_bits = 0);

    /// A leaf of our CSpace, empty. Error: no_memory.
    Result<Leaf> take_leaf();
    /// Empties it and takes it back.
    void give_leaf(Leaf const& leaf)
    {
        give(leaf.node);
        cspace_->give_entry(leaf.entry);
    }

    u64 untyped(Node node) const
    {
        u32 const n = place(node);
        return CSpace::address(area(node).node_entry[n / chunk_pages], n % chunk_pages);
    }
    /// The slot for an object made of this block.
    u64 object(Node node) const
    {
        u32 const n = place(node), level = level_of(n);
        return CSpace::address(area(node).object_entry, (n - (1u << level)) << (9 - level));
    }
    u64 physical(Node node) const
    {
        u32 const n = place(node), level = level_of(n);
        return area(node).physical + (u64{n - (1u << level)} << (chunk_bits - level));
    }
    /// Marks a block that TakeUntyped gave away, so that only such come back.
    void lend(Node node) { area(node).lent[place(node) / 64] |= bit(place(node) % 64); }
    bool is_lent(Node node) const
    {
        return node >> 10 < areas_ && area(node).lent[place(node) / 64] >> place(node) % 64 & 1;
    }
    u64 used_pages() const { return used_pages_; }
    u64 free_pages() const { return u64{areas_} * chunk_pages - used_pages_; }

private:
    struct Area {
        u64 free[16], lent[16];
        u64 physical;
        u16 free_at[10]; ///< free blocks by level
        u16 node_entry[2], object_entry;
    };
    static constexpr u32 max_areas = 256;
    static constexpr u32 place(Node node) { return node & 1023; }
    static constexpr u32 level_of(u32 n) { return 31 - static_cast<u32>(__builtin_clz(n)); }
    static constexpr unsigned bits_of(u32 n) { return chunk_bits - level_of(n); }
    Area& area(Node node) { return area_[node >> 10]; }
    Area const& area(Node node) const { return area_[node >> 10]; }

    Result<void> seed(Node node, u64 chunk);
    Result<Node> find(unsigned bits);
    void set_free(Node node, bool free);
    bool is_free(Node node) const
    {
        return area(node).free[place(node) / 64] >> place(node) % 64 & 1;
    }

    CSpace* cspace_ = nullptr;
    Chunks* chunks_ = nullptr;
    u32 areas_ = 0;
    u64 used_pages_ = 0;
    Area area_[max_areas] = {};
};

} // namespace memory_manager

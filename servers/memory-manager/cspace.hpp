// Our CSpace: a root CNode of up to 2^14 entries, each of which leads to a leaf. An address is
// entry << 16 | slot. Entry 0 is the CNode we were started with, entry 1 holds the boot archive's
// frames, entries from 2 the untypeds of chunks; the others are given out here.
#pragma once

#include "sys/untyped.hpp"
#include "units.hpp"

namespace memory_manager {

/// A leaf that can be given back: the memory it is made of, a block of ObjectMemory, and its entry.
struct Leaf {
    u32 node;
    u16 entry;
};

class CSpace {
public:
    static constexpr unsigned slot_bits = 16; ///< address bits below an entry
    static constexpr unsigned leaf_bits = 9;  ///< log2 of the slots of a leaf we make
    static constexpr unsigned max_entries = 1 << 14;
    static constexpr u32 archive_entry = 1, chunk_entry = 2, first_free_entry = 18;

    /// @param root     the root CNode, addressed as itself, with a guard over all but
    ///                 2^root_bits entries of slot_bits each
    /// @param scratch  an empty slot below entry 0
    void begin(sys::CNode root, unsigned root_bits, u64 scratch)
    {
        root_ = root;
        entries_ = 1u << root_bits;
        scratch_ = scratch;
        next_ = first_free_entry;
    }

    sys::Slot slot(u64 address) const { return root_.slot(address); }
    sys::Slot entry(u32 index) const { return root_.slot(index, 64 - slot_bits); }
    static constexpr u64 address(u32 entry, u64 slot) { return u64{entry} << slot_bits | slot; }

    /// Makes objects of an untyped, the first at `to`, the others behind it in the same leaf.
    Result<void> retype(u64 untyped, abi::ObjectType type, u64 bits, u64 to, u64 count = 1) const
    {
        return done(sys::Untyped{untyped}.retype_into(
            type, bits, root_, to >> slot_bits, 64 - slot_bits, to & low_mask(slot_bits), count));
    }
    /// An entry that leads nowhere. Error: no_memory (all are taken).
    Result<u32> take_entry();
    void give_entry(u32 index) { used_[index / 64] &= ~bit(index % 64); }
    /// Makes a leaf of an untyped of at least 16 KiB and hangs it into the entry.
    Result<void> make_leaf(u64 untyped, u32 index) const;
    /// A slot for what is there for a moment only.
    u64 scratch() const { return scratch_; }

private:
    sys::CNode root_;
    u32 entries_ = 0, next_ = 0;
    u64 scratch_ = 0;
    u64 used_[max_entries / 64] = {};
};

} // namespace memory_manager

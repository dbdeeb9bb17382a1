// A place that holds one capability and its links in the derivation tree. 32 bytes: user
// allocators compute with this size (seL4_SlotBits). CNodes and TCBs are arrays of slots.
// Only cap/derivation_tree.cpp changes the links.
#pragma once

#include "cap/cap.hpp"

namespace mk {

class alignas(32) Slot {
    friend class DerivationTree;
    Cap cap_;
    // The tree is kept as a list in depth-first order. The low bits of prev are flags:
    //   revocable     an original: capabilities derived from it are its children
    //   first_badged  begins a run of capabilities that share a badge
    u64 prev_ = 0;
    Slot* next_ = nullptr;
    static constexpr u64 revocable_flag = 1, first_badged_flag = 2, flags_mask = 0x1f;

    void set_prev(Slot* p) { prev_ = reinterpret_cast<u64>(p) | (prev_ & flags_mask); }
    void set_flags(bool revocable, bool first_badged)
    {
        prev_ = (prev_ & ~flags_mask) | u64(revocable) * revocable_flag |
                u64(first_badged) * first_badged_flag;
    }

public:
    Cap const& cap() const { return cap_; }
    bool empty() const { return cap_.is_null(); }
    Slot* prev() const { return reinterpret_cast<Slot*>(prev_ & ~flags_mask); }
    Slot* next() const { return next_; }
    bool revocable() const { return (prev_ & revocable_flag) != 0; }
    bool first_badged() const { return (prev_ & first_badged_flag) != 0; }

    /// Replaces the capability by another to the same object (mapping, watermark, guard changed):
    /// its place in the tree stays.
    void update(Cap const& cap) { cap_ = cap; }
};
static_assert(sizeof(Slot) == 32);

} // namespace mk

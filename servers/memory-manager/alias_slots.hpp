// Slots for capabilities that are not originals of ours: copies of frames that are mapped in more
// than one place (archive, shared objects), and device frames that were handed in.
#pragma once

#include "object_memory.hpp"

namespace memory_manager {

/// leaf << 9 | slot: 17 bits.
using AliasId = u32;

class AliasSlots {
public:
    void begin(CSpace& cspace, ObjectMemory& objects) { cspace_ = &cspace, objects_ = &objects; }
    /// An empty slot. Error: no_memory.
    Result<AliasId> take();
    /// Empties the slot: what was mapped by it is not any more.
    void give(AliasId id);
    u64 address(AliasId id) const
    {
        return CSpace::address(leaf_[id >> CSpace::leaf_bits], id & low_mask(CSpace::leaf_bits));
    }

private:
    static constexpr u32 max_leaves = 256;
    Result<void> grow();

    CSpace* cspace_ = nullptr;
    ObjectMemory* objects_ = nullptr;
    u32 leaves_ = 0, hint_ = 0; ///< no leaf below hint_ has room
    u16 leaf_[max_leaves] = {}; ///< its entry
    u64 free_[max_leaves][8] = {};
};

} // namespace memory_manager

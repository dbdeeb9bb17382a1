// See alias_slots.hpp.
#include "alias_slots.hpp"

namespace memory_manager {

Result<void> AliasSlots::grow()
{
    if (leaves_ == max_leaves) return Error::no_memory;
    leaf_[leaves_] = TRY(objects_->take_leaf()).entry;
    for (u64& word : free_[leaves_]) word = ~u64{0};
    ++leaves_;
    return {};
}

Result<AliasId> AliasSlots::take()
{
    for (;; ++hint_) {
        if (hint_ == leaves_) TRY(grow());
        for (u32 word = 0; word < 8; ++word) {
            u64& free = free_[hint_][word];
            if (free == 0) continue;
            u32 const slot = word * 64 + static_cast<u32>(__builtin_ctzll(free));
            free &= free - 1;
            return hint_ << CSpace::leaf_bits | slot;
        }
    }
}

void AliasSlots::give(AliasId id)
{
    (void)cspace_->slot(address(id)).remove();
    u32 const leaf = id >> CSpace::leaf_bits, slot = id & low_mask(CSpace::leaf_bits);
    free_[leaf][slot / 64] |= bit(slot % 64);
    if (leaf < hint_) hint_ = leaf;
}

} // namespace memory_manager

// See cspace.hpp.
#include "cspace.hpp"

namespace memory_manager {

Result<u32> CSpace::take_entry()
{
    for (u32 n = first_free_entry; n < entries_; ++n) {
        u32 const index = next_;
        next_ = next_ + 1 < entries_ ? next_ + 1 : first_free_entry;
        u64& word = used_[index / 64];
        if (word >> index % 64 & 1) continue;
        word |= bit(index % 64);
        return index;
    }
    return Error::no_memory;
}

Result<void> CSpace::make_leaf(u64 untyped, u32 index) const
{
    TRY(retype(untyped, abi::ObjectType::cnode, leaf_bits, scratch_));
    // A leaf has fewer slots than an entry has addresses: its guard takes the bits between.
    return done(
        entry(index).mutate_from(slot(scratch_), sys::guard_word(0, slot_bits - leaf_bits)));
}

} // namespace memory_manager

// What the decoders of capability operations and IPC share: which capability a copy is, how rights
// and badges apply to each kind, and how an argument names a slot. All pure.
// Source: seL4 manual, "Capability Rights", "Capability Derivation Tree", "CSpace Addressing".
#pragma once

#include "cap/error.hpp"
#include "cap/slot.hpp"

namespace mk {

/// The capability a copy of slot's would be. Frames and tables come out unmapped as the manual
/// says. Errors: illegal_operation (not copyable), revoke_first (untyped with children).
Checked<Cap> derive_cap(Slot const& slot);
/// `cap` with rights masked to `rights` (only kinds that have rights).
Cap mask_rights(Cap const& cap, Rights rights);
/// `cap` with its badge or guard set from `data`; null capability when that is not allowed.
/// preserve: as in Mutate and Rotate, which cannot change badges; data 0 asks for no badge.
Cap update_cap_data(Cap const& cap, u64 data, bool preserve);
/// The slot that CNode arguments name: root capability, index, depth; the second one must be empty.
/// Errors in seL4's order: failed_lookup (invalid root), range(1,64) for depth, failed_lookup,
/// delete_first.
[[gnu::noinline]] Checked<Slot*> walk_to_slot(Cap const& root, CPtr index, u64 depth, bool source);
inline Checked<Slot*> target_slot(Cap const& root, CPtr index, u64 depth, bool source)
{
    Slot* const slot = depth == abi::word_bits ? find_slot(root, index) : nullptr;
    if (slot != nullptr) [[likely]]
        return slot;
    return walk_to_slot(root, index, depth, source);
}
Checked<Slot*> empty_target_slot(Cap const& root, CPtr index, u64 depth);

} // namespace mk

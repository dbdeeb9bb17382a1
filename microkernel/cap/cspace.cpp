// Walks CNodes as guarded page tables. Each level uses up at least one bit, so the walk ends after
// at most 64 levels whatever users have built, cycles included.
#include "cap/cspace.hpp"

namespace mk {

namespace {

/// Whether the top bits of the `bits` bits left in `rest` are the node's guard.
bool guard_matches(Cap const& node, u64 rest, unsigned bits)
{
    unsigned const size = node.cnode_guard_size();
    if (size == 0) return true; // also keeps the shift below 64
    return size <= bits && rest >> (bits - size) == node.cnode_guard();
}

} // namespace

Lookup<Resolved> resolve(Cap const& root, CPtr address, unsigned bits)
{
    using Kind = abi::LookupFailure;
    if (!root.is(CapType::cnode)) return LookupFailure{.kind = Kind::invalid_root};
    for (Cap const* node = &root;;) {
        u64 const rest = address & low_mask(bits);
        if (!guard_matches(*node, rest, bits))
            return LookupFailure{Kind::guard_mismatch, bits, node->cnode_guard(),
                                 node->cnode_guard_size()};
        unsigned const level = node->cnode_guard_size() + node->cnode_radix();
        if (level > bits) return LookupFailure{Kind::depth_mismatch, bits, level, 0};
        bits -= level;
        Slot* const slot = node->cnode_slots() + ((rest >> bits) & low_mask(node->cnode_radix()));
        node = &slot->cap();
        if (bits == 0 || !node->is(CapType::cnode)) return Resolved{slot, bits};
    }
}

Lookup<Slot*> lookup_cap(Cap const& root, CPtr address)
{
    Slot* const slot = TRY(lookup_slot(root, address));
    // Bits left are 0 here, as seen on seL4, even when the walk ended early.
    if (slot->empty()) return LookupFailure{.kind = abi::LookupFailure::missing_capability};
    return slot;
}

} // namespace mk

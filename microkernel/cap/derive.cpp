// What the decoders of capability operations and IPC share: which capability a copy is, how rights
// and badges apply to each kind, and how an argument names a slot.
// Source: seL4 manual, "Capability Rights", "Capability Derivation Tree", "CSpace Addressing".
#include "cap/derive.hpp"
#include "abi/constants.hpp"
#include "cap/derivation_tree.hpp"

namespace mk {

Checked<Cap> derive_cap(Slot const& slot)
{
    Cap const& cap = slot.cap();
    switch (cap.type()) {
    case CapType::null:
    case CapType::zombie:
    case CapType::irq_control:
    case CapType::io_port_control:
        return SyscallError::illegal_operation();
    case CapType::untyped:
        if (DerivationTree::has_children(slot)) return SyscallError::revoke_first();
        return cap;
    case CapType::page_table:
    case CapType::page_directory:
    case CapType::pdpt:
    case CapType::pml4:
        // A table is mapped at most once: only copies that share the mapping can be told apart
        // from a second, independent one.
        if (!cap.is_mapped()) return SyscallError::illegal_operation();
        return cap;
    case CapType::frame:
        return cap.unmapped(); // each capability remembers its own mapping
    default:
        return cap;
    }
}

Cap mask_rights(Cap const& cap, Rights rights)
{
    Rights const left = cap.rights() & rights;
    switch (cap.type()) {
    case CapType::endpoint:
    case CapType::notification:
    case CapType::reply:
        return cap.with_rights(left);
    case CapType::frame: // x86 has no writable page that cannot be read
        return cap.with_rights(contains(left, Rights::read) ? left : Rights::none);
    default:
        return cap;
    }
}

Cap update_cap_data(Cap const& cap, u64 data, bool preserve)
{
    switch (cap.type()) {
    case CapType::endpoint:
    case CapType::notification:
        if (preserve && data == 0) return cap; // a plain move
        if (preserve || cap.badge() != 0) return Cap{};
        return cap.with_data(data);
    case CapType::cnode: {
        unsigned const guard_size = unsigned(field(data, abi::cnode_guard_size_bits - 1, 0));
        if (guard_size + cap.cnode_radix() > abi::word_bits) return Cap{};
        u64 const guard = (data >> abi::cnode_guard_size_bits) & low_mask(guard_size);
        return Cap::cnode(cap.cnode_slots(), cap.cnode_radix(), guard, guard_size);
    }
    default:
        return cap;
    }
}

Checked<Slot*> walk_to_slot(Cap const& root, CPtr index, u64 depth, bool source)
{
    using Kind = abi::LookupFailure;
    if (!root.is(CapType::cnode))
        return SyscallError::failed_lookup(source, {.kind = Kind::invalid_root});
    if (depth < 1 || depth > abi::word_bits) return SyscallError::range(1, abi::word_bits);
    auto const found = resolve(root, index, unsigned(depth));
    if (!found) return SyscallError::failed_lookup(source, found.error());
    if ((*found).bits_left > 0)
        return SyscallError::failed_lookup(
            source, {.kind = Kind::depth_mismatch, .bits_left = (*found).bits_left});
    return (*found).slot;
}

Checked<Slot*> empty_target_slot(Cap const& root, CPtr index, u64 depth)
{
    Slot* const slot = TRY(target_slot(root, index, depth, false));
    if (!slot->empty()) return SyscallError::delete_first();
    return slot;
}

} // namespace mk

// CNodes: tables of capabilities, and the operations on their slots.
#pragma once

#include "sys/cap.hpp"

namespace sys {

class CNode;

/// The guard word of a CNode: the low 6 bits say how many bits of guard are compared.
constexpr u64 guard_word(u64 guard, u64 guard_bits)
{
    return guard << abi::cnode_guard_size_bits | guard_bits;
}

/// A slot, named by a CNode, an index and how many of its bits to resolve.
struct Slot;

class CNode : public Cap {
public:
    using Cap::Cap;
    /// The slot `index` resolved over `depth` bits: 64 reaches a slot of our own CSpace by its
    /// address, as every operation below does by default.
    constexpr Slot slot(u64 index, u8 depth = 64) const;
};

struct Slot {
    CNode root;
    u64 index = 0;
    u8 depth = 64;

    /// Empties the slot. Succeeds when it is empty already.
    Result<void> remove() const { return command(root, abi::Label::cnode_delete, {index, depth}); }
    /// Deletes everything derived from the capability here.
    Result<void> revoke() const { return command(root, abi::Label::cnode_revoke, {index, depth}); }
    /// Cancels sends that wait with this endpoint capability's badge.
    Result<void> cancel_badged_sends() const
    {
        return command(root, abi::Label::cnode_cancel_badged_sends, {index, depth});
    }
    /// Puts here a copy of `source` with at most these rights.
    /// @error delete_first   this slot is taken
    /// @error failed_lookup  word 0: 1 the source, 0 this slot
    /// @error revoke_first   an untyped with children cannot be copied
    Result<void> copy_from(Slot source, Rights rights = Rights::all) const
    {
        return command(root, abi::Label::cnode_copy,
                       {index, depth, source.index, source.depth, static_cast<u64>(rights)},
                       {source.root});
    }
    /// As copy_from, with a badge (endpoint, notification) or a guard word (CNode).
    /// @error illegal_operation  badged already
    Result<void> mint_from(Slot source, u64 badge, Rights rights = Rights::all) const
    {
        return command(root, abi::Label::cnode_mint,
                       {index, depth, source.index, source.depth, static_cast<u64>(rights), badge},
                       {source.root});
    }
    /// Moves the capability of `source` here.
    Result<void> move_from(Slot source) const
    {
        return command(root, abi::Label::cnode_move, {index, depth, source.index, source.depth},
                       {source.root});
    }
    /// Moves it and sets a badge or guard word.
    Result<void> mutate_from(Slot source, u64 badge) const
    {
        return command(root, abi::Label::cnode_mutate,
                       {index, depth, source.index, source.depth, badge}, {source.root});
    }
    /// Moves pivot here with one badge, then source to pivot with another.
    Result<void> rotate_from(u64 badge, Slot pivot, u64 pivot_badge, Slot source) const
    {
        return command(root, abi::Label::cnode_rotate,
                       {index, depth, badge, pivot.index, pivot.depth, pivot_badge, source.index,
                        source.depth},
                       {pivot.root, source.root});
    }
};

constexpr Slot CNode::slot(u64 index, u8 depth) const
{
    return {*this, index, depth};
}

} // namespace sys

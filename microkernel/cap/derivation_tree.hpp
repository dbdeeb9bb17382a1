// Who was derived from whom: the one owner of every object's lifetime. Kept as a doubly linked
// list of slots in depth-first order; parenthood follows from neighbouring capabilities and the
// two flags of a slot, so no counts and no depths need upkeep. Called from cap/destroy.cpp and
// every method that makes a capability. Source: seL4 manual, "Capability Derivation Tree",
// "Deleting, Recycling and Revoking".
#pragma once

#include "cap/slot.hpp"

namespace mk {

class DerivationTree {
public:
    /// Stands before all others and holds nothing: from here every capability can be found.
    static Slot first;

    /// Puts `cap` into the empty slot `dest` as the newest child of `parent`, as an original:
    /// what a retype or an Issue method makes. With `first` as the parent: a root (boot time).
    /// With a null one: a tree of its own (host tests).
    static void insert_original(Slot* parent, Slot& dest, Cap cap);
    /// Puts `cap`, derived from source's capability (copy, mint), into the empty slot `dest`: a
    /// child when source is an original, else a sibling. A copied untyped makes the source full.
    static void insert_derived(Slot& source, Slot& dest, Cap cap);
    /// Moves source's capability, changed to `cap` (same object), to the empty slot `dest`.
    static void move(Slot& source, Slot& dest, Cap cap);
    /// Exchanges two different slots, each taking the other's place in the tree. Either may be
    /// empty.
    static void swap(Slot& a, Slot& b);
    /// Empties the slot. Its children become its parent's.
    static void remove(Slot& slot);

    /// Whether `b`, somewhere behind `a` in the list, descends from `a`. Correct for a's successor
    /// and while all slots between descend from `a`.
    static bool is_parent(Slot const& a, Slot const& b);
    static bool has_children(Slot const& slot);
    /// The same for a slot that is known to hold an untyped.
    static bool untyped_has_children(Slot const& slot);
    /// Whether no other capability names the same object.
    static bool is_final(Slot const& slot);

private:
    static void link_after(Slot* before, Slot& slot);
    static void point_neighbours_at(Slot& slot);
};

/// Physical memory behind a capability; size 0 for what lies in none.
struct Extent {
    u64 base = 0, size = 0;

    bool contains(Extent inner) const
    {
        return inner.size != 0 && inner.size <= size && inner.base >= base &&
               inner.base - base <= size - inner.size;
    }
};
Extent extent(Cap const& cap);

/// same_region for kinds that are not named by their address alone; not for the others.
bool same_region_of_any(Cap const& a, Cap const& b);
/// Kinds whose objects are named by their address alone.
constexpr bool named_by_address(CapType t)
{
    constexpr auto set = [](auto... types) { return (bit(unsigned(types)) | ...); };
    using enum CapType;
    return (set(endpoint, notification, reply, tcb, cnode, sched_context, page_table,
                page_directory, pdpt, pml4, asid_pool) >>
                unsigned(t) &
            1) != 0;
}
/// Whether b names (a part of) what a names: for untyped and frames, memory inside; for control
/// capabilities, what they issue.
inline bool same_region(Cap const& a, Cap const& b)
{
    return named_by_address(a.type()) ? a.same_type_and_address(b) : same_region_of_any(a, b);
}
/// Whether both name the very same object, so that neither is the last one.
inline bool same_object(Cap const& a, Cap const& b)
{
    if (a.type() != b.type() || a.is(CapType::untyped)) return false;
    if (a.is(CapType::frame)) return a.address() == b.address() && a.frame_size() == b.frame_size();
    return same_region(a, b);
}

} // namespace mk

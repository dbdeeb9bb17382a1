// Methods of CNodes: moving, copying and deleting capabilities. Called from api/methods.cpp; goes
// on in cap/derivation_tree.cpp and cap/destroy.cpp.
// Source: seL4 manual, "CNode Methods"; argument layout and errors: interface description of CNode.
#include "abi/constants.hpp"
#include "api/decode.hpp"
#include "cap/derivation_tree.hpp"
#include "cap/destroy.hpp"
#include "ipc/endpoint_ipc.hpp"

namespace mk {

namespace {

/// Everything Copy, Mint, Move and Mutate need: `cap` goes into `dest`, made from `source`.
struct Transfer {
    Slot* source;
    Slot* dest;
    Cap cap;
};

void perform_insert(Cpu&, Tcb&, Transfer const& t)
{
    DerivationTree::insert_derived(*t.source, *t.dest, t.cap);
}

void perform_move(Cpu&, Tcb&, Transfer const& t)
{
    DerivationTree::move(*t.source, *t.dest, t.cap);
}

struct Rotation {
    Slot *dest, *pivot, *source;
    Cap for_dest, for_pivot;
};

void perform_rotate(Cpu&, Tcb&, Rotation const& r)
{
    DerivationTree::swap(*r.dest, *r.pivot);
    if (r.source != r.dest) DerivationTree::swap(*r.pivot, *r.source);
    r.dest->update(r.for_dest);
    r.pivot->update(r.for_pivot);
}

Performed answer(Progress p)
{
    return p == Progress::done ? Performed::reply(0) : Performed::preempted();
}

Performed perform_delete(Cpu& cpu, Tcb&, Slot* const& slot)
{
    return answer(delete_cap(cpu, *slot));
}

Performed perform_revoke(Cpu& cpu, Tcb& caller, Slot* const& slot)
{
    return answer(revoke(cpu, *slot, caller.slot(Tcb::workplace)));
}

void perform_cancel_badged_sends(Cpu& cpu, Tcb&, Cap const& endpoint)
{
    // Unbadged: nothing to cancel, as the manual says.
    if (endpoint.badge() != 0)
        cancel_badged_sends(cpu, *endpoint.object<Endpoint>(), endpoint.badge());
}

SyscallError nothing_at(bool source, u64 depth)
{
    return SyscallError::failed_lookup(
        source, {.kind = abi::LookupFailure::missing_capability, .bits_left = depth});
}

/// Slots of the four transfers: words 0, 1 name the destination in the invoked CNode, words 2, 3
/// the source in capability argument 0. The destination is judged first, emptiness included.
struct Ends {
    Slot *source, *dest;
};
Checked<Ends> transfer_ends(Invocation const& in)
{
    Slot* const dest = TRY(empty_target_slot(in.cap, in.word(0), in.word(1)));
    Slot* const source = TRY(target_slot(in.caps[0]->cap(), in.word(2), in.word(3), true));
    if (source->empty()) return nothing_at(true, in.word(3));
    return Ends{source, dest};
}

template <auto Perform> Checked<Plan> transfer(Ends const& ends, Cap const& cap)
{
    // A badge or guard that the capability cannot take.
    if (cap.is_null()) return SyscallError::illegal_operation();
    return Plan::of<Perform>(Transfer{ends.source, ends.dest, cap});
}

} // namespace

/// Deletes every capability derived from the one in the slot. Preemptible.
/// Words: index, depth. Errors: failed_lookup, range (1, 64). An empty slot is no error.
Checked<Plan> decode_cnode_revoke(Invocation const& in)
{
    return Plan::of<perform_revoke>(TRY(target_slot(in.cap, in.word(0), in.word(1), false)));
}

/// Empties the slot; the last capability to an object ends the object. Preemptible.
/// Words: index, depth. Errors: failed_lookup, range (1, 64). An empty slot is no error.
Checked<Plan> decode_cnode_delete(Invocation const& in)
{
    return Plan::of<perform_delete>(TRY(target_slot(in.cap, in.word(0), in.word(1), false)));
}

/// Senders that wait with the badge of the endpoint capability in the slot try again.
/// Words: index, depth. Errors: failed_lookup, range (1, 64), illegal_operation (no endpoint).
/// Rights: the endpoint capability has all four, else illegal_operation.
[[gnu::cold]] Checked<Plan> decode_cnode_cancel_badged_sends(Invocation const& in)
{
    Slot* const slot = TRY(target_slot(in.cap, in.word(0), in.word(1), false));
    if (!slot->cap().is(CapType::endpoint) || slot->cap().rights() != Rights::all)
        return SyscallError::illegal_operation();
    return Plan::of<perform_cancel_badged_sends>(slot->cap());
}

/// Puts a copy with at most the given rights into an empty slot.
/// Words: destination index, destination depth, source index, source depth, rights. Capabilities:
/// source root. Errors, in this order: failed_lookup, range (1, 64) and delete_first (destination),
/// failed_lookup and range (1, 64) (source; also when it is empty), illegal_operation or
/// revoke_first (not copyable).
[[gnu::flatten]] Checked<Plan> decode_cnode_copy(Invocation const& in)
{
    Ends const ends = TRY(transfer_ends(in));
    Cap const copy = TRY(derive_cap(*ends.source));
    Rights const rights = Rights(in.word(4) & abi::rights_all);
    return transfer<perform_insert>(ends, mask_rights(copy, rights));
}

/// As copy, and sets the badge of an endpoint or notification or the guard of a CNode.
/// Words: destination index, destination depth, source index, source depth, rights, badge or guard.
/// Capabilities: source root. Errors: those of copy, then illegal_operation (has a badge already,
/// or the guard does not fit).
[[gnu::cold]] Checked<Plan> decode_cnode_mint(Invocation const& in)
{
    Ends const ends = TRY(transfer_ends(in));
    Cap const copy = TRY(derive_cap(*ends.source));
    Rights const rights = Rights(in.word(4) & abi::rights_all);
    return transfer<perform_insert>(ends,
                                    update_cap_data(mask_rights(copy, rights), in.word(5), false));
}

/// Moves a capability to an empty slot; it keeps its place in the derivation tree.
/// Words: destination index, destination depth, source index, source depth. Capabilities: source
/// root. Errors, in this order: failed_lookup, range (1, 64) and delete_first (destination),
/// failed_lookup and range (1, 64) (source; also when it is empty).
[[gnu::cold]] Checked<Plan> decode_cnode_move(Invocation const& in)
{
    Ends const ends = TRY(transfer_ends(in));
    return transfer<perform_move>(ends, ends.source->cap());
}

/// As move, and sets the guard of a CNode.
/// Words: destination index, destination depth, source index, source depth, guard (0 for endpoints
/// and notifications). Capabilities: source root. Errors: those of move, then illegal_operation (a
/// badge for an endpoint or notification, which a move cannot change; a guard that does not fit).
[[gnu::cold]] Checked<Plan> decode_cnode_mutate(Invocation const& in)
{
    Ends const ends = TRY(transfer_ends(in));
    return transfer<perform_move>(ends, update_cap_data(ends.source->cap(), in.word(4), true));
}

/// The pivot's capability goes to the destination, the source's to the pivot.
/// Words: destination index, destination depth, destination guard, pivot index, pivot depth, pivot
/// guard, source index, source depth. Capabilities: pivot root, source root. Errors, in this order:
/// failed_lookup and range (1, 64) of destination, source, pivot; illegal_operation (pivot is one
/// of the other two), delete_first (destination is full and is not the source), failed_lookup
/// (source or pivot empty), illegal_operation (as in mutate).
[[gnu::cold]] Checked<Plan> decode_cnode_rotate(Invocation const& in)
{
    Slot* const dest = TRY(target_slot(in.cap, in.word(0), in.word(1), false));
    Slot* const source = TRY(target_slot(in.caps[1]->cap(), in.word(6), in.word(7), true));
    Slot* const pivot = TRY(target_slot(in.caps[0]->cap(), in.word(3), in.word(4), true));
    if (pivot == source || pivot == dest) return SyscallError::illegal_operation();
    if (source != dest && !dest->empty()) return SyscallError::delete_first();
    if (source->empty()) return nothing_at(true, in.word(7));
    if (pivot->empty()) return nothing_at(false, in.word(4)); // the pivot is not the source
    Cap const for_pivot = update_cap_data(source->cap(), in.word(5), true);
    Cap const for_dest = update_cap_data(pivot->cap(), in.word(2), true);
    if (for_pivot.is_null() || for_dest.is_null()) return SyscallError::illegal_operation();
    return Plan::of<perform_rotate>(Rotation{dest, pivot, source, for_dest, for_pivot});
}

} // namespace mk

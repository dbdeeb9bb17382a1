// The one capability lookup: from a capability address to a slot. Called from api/syscall.cpp for
// what is invoked and from the decoders for arguments; changes nothing.
// Source: seL4 manual, "Capability Addressing", "Lookup Failure Description".
#pragma once

#include "abi/constants.hpp"
#include "abi/errors.hpp"
#include "cap/slot.hpp"
#include "kit/result.hpp"

namespace mk {

using CPtr = u64;

/// Why a lookup failed, with the words that the manual lists for the kind.
struct LookupFailure {
    abi::LookupFailure kind = abi::LookupFailure::none;
    u64 bits_left = 0;  ///< missing_capability, depth_mismatch, guard_mismatch
    u64 found = 0;      ///< depth_mismatch: bits the CNode wants; guard_mismatch: its guard
    u64 guard_size = 0; ///< guard_mismatch
};
template <class T> using Lookup = Result<T, LookupFailure>;

struct Resolved {
    Slot* slot;
    unsigned bits_left; ///< 0 unless a non-CNode was met early
};

/// Walks `bits` bits (0..64) of `address` from the CNode capability `root`. May stop early at a
/// slot that holds no CNode, then bits_left > 0. Errors: invalid_root, guard_mismatch,
/// depth_mismatch.
Lookup<Resolved> resolve(Cap const& root, CPtr address, unsigned bits);
/// Slot of a 64-bit capability address in a CSpace of one level, as most are; null when there is
/// more to walk, or something wrong: resolve() knows.
inline Slot* find_slot(Cap const& root, CPtr address)
{
    unsigned const radix = root.cnode_radix();
    bool const one_level =
        root.is(CapType::cnode) && radix + root.cnode_guard_size() == abi::word_bits;
    if (!one_level || address >> radix != root.cnode_guard()) return nullptr;
    Slot* const slot = root.cnode_slots() + (address ^ root.cnode_guard() << radix);
    if (slot == nullptr) __builtin_unreachable(); // spares callers' checks a second test
    return slot;
}

/// Slot of a 64-bit capability address as system calls use it (may end early at a non-CNode).
inline Lookup<Slot*> lookup_slot(Cap const& root, CPtr address)
{
    if (Slot* const slot = find_slot(root, address)) [[likely]]
        return slot;
    return TRY(resolve(root, address, abi::word_bits)).slot;
}
/// As lookup_slot, and the slot must not be empty (missing_capability).
Lookup<Slot*> lookup_cap(Cap const& root, CPtr address);

} // namespace mk

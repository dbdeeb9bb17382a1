// Untyped memory, which becomes every other object by retype.
#pragma once

#include "abi/object_type.hpp"
#include "sys/cnode.hpp"

namespace sys {

class Untyped : public Cap {
public:
    using Cap::Cap;

    /// Makes `count` objects (1 to 256); their capabilities go to consecutive slots of the CNode
    /// `destination.root`, from `destination.index` on.
    ///
    /// @param bits  CNode: log2 of slots; Untyped and SchedContext: log2 of bytes; else ignored
    /// @error invalid_argument   word 0: 0 unknown type, 1 bits, or a device untyped
    /// @error range_error        words 0 and 1: the legal range
    /// @error delete_first       a slot is taken
    /// @error not_enough_memory  word 0: bytes left
    Result<void> retype(abi::ObjectType type, u64 bits, Slot destination, u64 count = 1) const
    {
        return command(*this, abi::Label::untyped_retype,
                       {static_cast<u64>(type), bits, 0, 0, destination.index, count},
                       {destination.root});
    }
    /// The same into a CNode that is itself found at `node_index` from `root` over `node_depth`
    /// bits; `offset` is the first slot in it.
    Result<void> retype_into(abi::ObjectType type, u64 bits, CNode root, u64 node_index,
                             u64 node_depth, u64 offset, u64 count = 1) const
    {
        return command(*this, abi::Label::untyped_retype,
                       {static_cast<u64>(type), bits, node_index, node_depth, offset, count},
                       {root});
    }
};

} // namespace sys

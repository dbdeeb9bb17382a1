// Untyped memory becomes objects. An Untyped hands its memory out from the start up to a
// watermark; without children it begins anew. Memory is cleared when an object is made of it, not
// before: child untypeds cost nothing, and what RAM held before the kernel started reaches nobody.
// Called from api/decode_untyped.cpp. Source: seL4 manual, "Kernel Memory Allocation".
#pragma once

#include "abi/object_type.hpp"
#include "cap/destroy.hpp"

namespace mk {

struct RetypeRequest {
    Slot* untyped;
    u64 free;   ///< untyped_free_offset(*untyped)
    Slot* dest; ///< first of `count` empty slots in a row
    abi::ObjectType type;
    u32 count;
    u8 user_bits; ///< size argument
    u8 size_bits; ///< log2 of an object's bytes
};

/// Offset from which the untyped in `slot` can hand memory out: its watermark, 0 when it has no
/// children.
u64 untyped_free_offset(Slot const& slot);
/// Makes the objects, which are known to fit and to be allowed. `preempted`: some memory was
/// cleared, and a repetition goes on from there.
Progress retype(Cpu& cpu, RetypeRequest const& request);

} // namespace mk

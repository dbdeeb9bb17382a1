// Object types as Untyped.retype takes them, and the size of each. seL4's numbers; sizes are
// interface too, because user-mode allocators compute with them: abi/constants.hpp.
#pragma once

#include "abi/constants.hpp"
#include "kit/types.hpp"

namespace abi {

enum class ObjectType : u64 {
    untyped = 0,
    tcb = 1,
    endpoint = 2,
    notification = 3,
    cnode = 4,
    sched_context = 5,
    reply = 6,
    x86_pdpt = 7,
    x64_pml4 = 8,
    x64_huge_page = 9,
    x86_4k = 10,
    x86_large_page = 11,
    x86_page_table = 12,
    x86_page_directory = 13,
    x86_io_page_table = 14,
    x86_vcpu = 15,
    x86_ept_pml4 = 16,
    x86_ept_pdpt = 17,
    x86_ept_pd = 18,
    x86_ept_pt = 19,
};

inline constexpr u64 object_type_count = 20;

/// Log2 of the bytes an object takes from its untyped. user_bits is the size argument of retype:
/// it counts slots for a CNode, bytes for an Untyped or SchedContext, and is ignored otherwise.
/// An unknown type gives 0, which no object has.
constexpr u64 object_bits(ObjectType type, u64 user_bits)
{
    switch (type) {
    case ObjectType::untyped:
    case ObjectType::sched_context:
        return user_bits;
    case ObjectType::cnode:
        return user_bits + slot_bits;
    case ObjectType::tcb:
        return tcb_bits;
    case ObjectType::endpoint:
        return endpoint_bits;
    case ObjectType::notification:
        return notification_bits;
    case ObjectType::reply:
        return reply_bits;
    case ObjectType::x64_huge_page:
        return huge_page_bits;
    case ObjectType::x86_large_page:
        return large_page_bits;
    case ObjectType::x86_vcpu:
        return vcpu_bits;
    case ObjectType::x86_4k:
    case ObjectType::x86_pdpt:
    case ObjectType::x64_pml4:
    case ObjectType::x86_page_table:
    case ObjectType::x86_page_directory:
    case ObjectType::x86_io_page_table:
    case ObjectType::x86_ept_pml4:
    case ObjectType::x86_ept_pdpt:
    case ObjectType::x86_ept_pd:
    case ObjectType::x86_ept_pt:
        return page_bits;
    }
    return 0;
}

} // namespace abi

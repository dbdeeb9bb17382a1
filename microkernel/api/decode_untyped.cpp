// Untyped.retype: the only method that makes objects. Goes on in object/untyped.cpp.
// The order of the checks is interface (users see which error comes first).
// Source: seL4 manual, "Kernel Memory Allocation", "Capabilities to Newly-Retyped Objects".
#include "api/decode.hpp"
#include "object/untyped.hpp"
#include <array>

namespace mk {

namespace {

using abi::ObjectType;

/// Argument numbers in InvalidArgument.
constexpr u64 type_argument = 0, size_argument = 1;

constexpr bool allowed_in_device_memory(ObjectType type)
{
    return type == ObjectType::untyped || type == ObjectType::x86_4k ||
           type == ObjectType::x86_large_page || type == ObjectType::x64_huge_page;
}

constexpr u8 least_user_bits(ObjectType type)
{
    switch (type) {
    case ObjectType::untyped:
        return abi::min_untyped_bits;
    case ObjectType::cnode:
        return 1;
    case ObjectType::sched_context:
        return abi::min_sched_context_bits;
    default:
        return 0;
    }
}

/// What must be known of a type before an object of it is made.
struct TypeRules {
    u8 fixed_bits, least_user_bits;
    bool sized_by_user, allowed_in_device_memory;
};

// Objects of VT-d and VT-x have their numbers, but are not there yet.
constexpr auto rules = [] {
    std::array<TypeRules, usize(ObjectType::x86_io_page_table)> rows{};
    for (u64 i = 0; i < rows.size(); ++i) {
        ObjectType const t{i};
        u64 const fixed_bits = abi::object_bits(t, 0);
        rows[i] = {u8(fixed_bits), least_user_bits(t), abi::object_bits(t, 1) != fixed_bits,
                   allowed_in_device_memory(t)};
    }
    return rows;
}();

/// Log2 of an object's bytes.
Checked<u64> checked_size(u64 type, u64 user_bits)
{
    if (type >= rules.size()) return SyscallError::invalid_argument(type_argument);
    TypeRules const& rule = rules[type];
    u64 const size_bits = rule.fixed_bits + (rule.sized_by_user ? user_bits : 0);
    // First the number alone, because the sum for a CNode may have wrapped.
    if (user_bits >= abi::word_bits || size_bits > abi::max_untyped_bits)
        return SyscallError::range(0, abi::max_untyped_bits);
    if (user_bits < rule.least_user_bits) return SyscallError::invalid_argument(size_argument);
    return size_bits;
}

/// The CNode that takes the new capabilities. Depth 0 is the root itself.
Checked<Cap const*> destination_node(Cap const& root, CPtr index, u64 depth)
{
    Cap const* const node =
        depth == 0 ? &root : &TRY(target_slot(root, index, depth, false))->cap();
    if (!node->is(CapType::cnode))
        return SyscallError::failed_lookup(
            false, {.kind = abi::LookupFailure::missing_capability, .bits_left = depth});
    return node;
}

/// First slot of the window, all of it inside the node and empty.
Checked<Slot*> destination_window(Cap const& node, u64 offset, u64 count)
{
    u64 const slots = bit(node.cnode_radix());
    if (offset >= slots) return SyscallError::range(0, slots - 1);
    if (count < 1 || count > abi::retype_max_objects)
        return SyscallError::range(1, abi::retype_max_objects);
    if (count > slots - offset) return SyscallError::range(1, slots - offset);
    Slot* const first = node.cnode_slots() + offset;
    for (u64 i = 0; i < count; ++i)
        if (!first[i].empty()) return SyscallError::delete_first();
    return first;
}

Performed perform_retype(Cpu& cpu, Tcb&, RetypeRequest const& request)
{
    return retype(cpu, request) == Progress::done ? Performed::reply(0) : Performed::preempted();
}

} // namespace

/// Makes `count` objects of one type, and an original capability to each. Preemptible while it
/// clears memory.
/// Words: type, size (log2; only for CNode, untyped, scheduling context), node index, node depth
/// (0: the root itself), offset (first slot), count (1 to 256). Capabilities: root. Errors, in this
/// order: invalid_argument 0 (type), range (0, 47) and invalid_argument 1 (size), failed_lookup and
/// range (1, 64) (node), range (offset, count, window), delete_first, not_enough_memory,
/// invalid_argument 1 (a kernel object of device memory).
[[gnu::flatten]] Checked<Plan> decode_untyped_retype(Invocation const& in)
{
    u64 const type = in.word(0), user_bits = in.word(1), count = in.word(5);
    u64 const size_bits = TRY(checked_size(type, user_bits));
    Cap const* const node = TRY(destination_node(in.caps[0]->cap(), in.word(2), in.word(3)));
    Slot* const dest = TRY(destination_window(*node, in.word(4), count));
    // Region and objects are powers of two and aligned: what alignment costs never takes away an
    // object that the bytes left would hold.
    u64 const free = untyped_free_offset(*in.slot);
    u64 const left = bit(in.cap.untyped_bits()) - free;
    if (left >> size_bits < count) return SyscallError::not_enough_memory(left);
    if (in.cap.untyped_is_device() && !rules[type].allowed_in_device_memory)
        return SyscallError::invalid_argument(size_argument);
    return Plan::make<perform_retype, RetypeRequest>(in.slot, free, dest, ObjectType(type),
                                                     u32(count), u8(user_bits), u8(size_bits));
}

} // namespace mk

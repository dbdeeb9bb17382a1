// Retype: clears the memory, then makes objects and capabilities in one go. Invariant: memory of
// an untyped between its watermark and its `cleared` mark is zero, which lets a preempted clearing
// go on where it stopped even when another retype comes between.
#include "object/untyped.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "object/sched_context.hpp"
#include "object/tcb.hpp"
#include "vspace/vspace.hpp"
#include <new>

namespace mk {

namespace {

using abi::ObjectType;

/// Child untypeds clear for themselves, and device memory is not ours to write.
bool needs_clearing(Cap const& untyped, ObjectType type)
{
    return type != ObjectType::untyped && !untyped.untyped_is_device();
}

/// Clears start..end (offsets; start is where objects will begin) as far as it is not zero yet.
/// When preempted the watermark has moved up to `start`, since the gap for alignment before it is
/// not known to be zero; that gap would be lost to this retype anyway.
Progress clear(Slot& slot, u64 start, u64 end)
{
    Cap const memory = slot.cap();
    u64 at = memory.untyped_cleared() > start ? memory.untyped_cleared() : start;
    while (at < end) {
        // Marks are kept at multiples of a step.
        u64 const stop = (at | low_mask(memory.untyped_clear_step_bits())) + 1;
        u64 const next = stop < end ? stop : end;
        arch::clear_memory(arch::from_physical(memory.address() + at), next - at);
        at = next;
        if (at < end && arch::interrupt_pending()) {
            slot.update(memory.with_watermark(start, at));
            return Progress::preempted;
        }
    }
    return Progress::done;
}

/// Makes one object at `physical`, in memory that is zero, and answers its original capability.
/// Zero bytes are a new endpoint, notification and reply already (tests/unit checks it), empty
/// slots, and tables that map nothing.
Cap make_object(ObjectType type, unsigned user_bits, u64 physical, bool device)
{
    auto const frame = [&](FrameSize size) {
        return Cap::frame(physical, size, Rights::read | Rights::write, device);
    };
    void* const p = arch::from_physical(physical); // used for RAM alone
    switch (type) {
    case ObjectType::untyped:
        return Cap::untyped(physical, user_bits, device);
    case ObjectType::x86_4k:
        return frame(FrameSize::small);
    case ObjectType::x86_large_page:
        return frame(FrameSize::large);
    case ObjectType::x64_huge_page:
        return frame(FrameSize::huge);
    case ObjectType::tcb: {
        Tcb* const tcb = new (p) Tcb;
        arch::init_context(*tcb);
        return Cap::tcb(tcb);
    }
    case ObjectType::endpoint:
        return Cap::endpoint(p, Rights::all, 0);
    case ObjectType::notification:
        return Cap::notification(p, Rights::read | Rights::write, 0);
    case ObjectType::reply:
        return Cap::reply(p, Rights::grant);
    case ObjectType::sched_context:
        return Cap::sched_context(new (p) SchedContext, user_bits);
    case ObjectType::cnode:
        return Cap::cnode(static_cast<Slot*>(p), user_bits);
    case ObjectType::x64_pml4:
        init_pml4(*static_cast<PageTable*>(p));
        return Cap::paging(CapType::pml4, p);
    case ObjectType::x86_pdpt:
        return Cap::paging(CapType::pdpt, p);
    case ObjectType::x86_page_directory:
        return Cap::paging(CapType::page_directory, p);
    case ObjectType::x86_page_table:
        return Cap::paging(CapType::page_table, p);
    default:
        __builtin_trap(); // the decoder lets no other type through
    }
}

} // namespace

u64 untyped_free_offset(Slot const& slot)
{
    return DerivationTree::untyped_has_children(slot) ? slot.cap().untyped_watermark() : 0;
}

Progress retype(Cpu&, RetypeRequest const& r)
{
    // Begin anew: whatever the dead objects left behind is not zero.
    if (r.free == 0 && r.untyped->cap().untyped_watermark() != 0)
        r.untyped->update(r.untyped->cap().with_watermark(0));
    Cap const memory = r.untyped->cap();
    u64 const object_bytes = bit(r.size_bits);
    u64 const start = (r.free + object_bytes - 1) & ~(object_bytes - 1);
    u64 const end = start + (u64{r.count} << r.size_bits);
    if (needs_clearing(memory, r.type) && clear(*r.untyped, start, end) == Progress::preempted)
        return Progress::preempted;
    // What was cleared beyond `end` by a larger request that never came back stays known.
    r.untyped->update(memory.with_watermark_moved(end));
    u64 physical = memory.address() + start;
    Slot* const behind = r.dest + r.count;
    for (Slot* dest = r.dest; dest != behind; ++dest, physical += object_bytes)
        DerivationTree::insert_original(
            r.untyped, *dest,
            make_object(r.type, r.user_bits, physical, memory.untyped_is_device()));
    return Progress::done;
}

} // namespace mk

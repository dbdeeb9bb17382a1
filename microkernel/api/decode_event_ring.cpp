// The kernel event ring: gives it a frame, or takes the frame back. The kernel holds a capability
// of its own to the frame, derived from the caller's, in a slot that no CSpace contains: memory
// that still has this capability is not free, and whoever revokes it detaches the ring first.
// Called through api/methods.hpp; finalise.cpp detaches; goes on in
// debug/event_ring.cpp.
#include "api/decode.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "cap/destroy.hpp"
#include "sched/cpu.hpp"

namespace mk {
namespace {

struct EventRingPlan {
    Slot* frame; ///< null: detach
    u32 core;
};

void perform_set_event_ring(Cpu& cpu, Tcb&, EventRingPlan const& plan)
{
    if (plan.frame == nullptr) {
        delete_simple(cpu, cpu.event_frame);
        return;
    }
    Cap const frame = plan.frame->cap().unmapped();
    DerivationTree::insert_derived(*plan.frame, cpu.event_frame, frame);
    cpu.events.attach(arch::from_physical(frame.address()), bit(frame_bits(frame.frame_size())),
                      plan.core, u32(cpu.ticks_per_us));
}

} // namespace

/// Extension: from now on the kernel writes the events of this CPU into a frame; null: no longer.
/// The ring starts anew, what the frame held is overwritten by and by.
/// Capabilities: frame (RAM, of any size; may be null). Errors, in this order: illegal_operation
/// (the kernel was built without trace points), invalid_capability 1 (no frame, or one of device
/// memory), delete_first (a ring is attached). Rights: the frame has read and write, else
/// invalid_capability 1.
Checked<Plan> decode_sched_control_set_event_ring(Invocation const& in)
{
    if (!HYPERCORE_EVENT_RING) return SyscallError::illegal_operation();
    Cap const& frame = in.caps[0]->cap();
    u32 const core = u32(in.cap.data());
    if (frame.is_null()) return Plan::of<perform_set_event_ring>(EventRingPlan{nullptr, core});
    if (!frame.is(CapType::frame) || frame.frame_is_device() ||
        !contains(frame.rights(), Rights::read | Rights::write))
        return SyscallError::invalid_capability(1);
    if (!in.cpu->event_frame.empty()) return SyscallError::delete_first();
    return Plan::of<perform_set_event_ring>(EventRingPlan{in.caps[0], core});
}

} // namespace mk

// See event_ring.hpp.
#include "event_ring.hpp"

#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include "rpc/capability_channel.hpp"

namespace supervisor {

/// One frame as large as there are: the kernel does not follow a ring over several.
Result<void> EventRing::make()
{
    if (frame_) return {};
    if (first_slot_ == 0) first_slot_ = TRY(slots_.take(2));
    sys::Untyped const untyped{first_slot_};
    sys::Frame const frame{first_slot_ + 1};
    rpc::CapabilityChannel channel{memory(), {}, slots_.slot(untyped)};
    TRY((rpc::call<memory::Memory, memory::TakeUntyped>(channel, {abi::large_page_bits})));
    if (!channel.taken() || !untyped.retype(abi::ObjectType::x86_large_page, 0, slots_.slot(frame)))
        return Error::invalid_cap;
    frame_ = frame;
    return {};
}

Result<u64> EventRing::attach(spawn::Process const& reader, u64 instance)
{
    TRY(make());
    if (reader_ != instance) {
        rpc::CapabilityChannel channel{memory(), frame_};
        TRY((rpc::call<memory::Memory, memory::MapFrame>(
            channel, {reader.space(), program::layout::events, abi::large_page_bits,
                      memory::access_read, static_cast<u64>(abi::VmAttributes::write_back)})));
        reader_ = instance;
    }
    TRY(detach()); // the ring begins anew
    if (!sys::SchedControl{given_.sched_control}.set_event_ring(frame_))
        return Error::not_supported;
    attached_ = true;
    return u64{1} << abi::large_page_bits;
}

Result<void> EventRing::detach()
{
    attached_ = false;
    if (!sys::SchedControl{given_.sched_control}.set_event_ring({})) return Error::not_supported;
    return {};
}

} // namespace supervisor

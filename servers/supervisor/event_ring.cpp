// See event_ring.hpp.
#include "event_ring.hpp"

#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include "rpc/capability_channel.hpp"

namespace supervisor {

namespace {

constexpr u64 ring_bytes = u64{1} << abi::large_page_bits;
/// Where we have it mapped ourselves, only to get its frame's capability.
constexpr u64 own_address = program::layout::dma + 0x1000'0000;
constexpr u64 read_write = memory::access_read | memory::access_write;

} // namespace

Result<void> EventRing::make()
{
    if (frame_) return {};
    rpc::Channel const memory{sys::Endpoint{given_.memory_manager}};
    if (object_ == 0) {
        constexpr u64 contiguous = 1, address_bits = 64;
        object_ = TRY((rpc::call<memory::Memory, memory::CreateObject>(
                          memory, {ring_bytes, contiguous, address_bits})))
                      .object;
        TRY((rpc::call<memory::Memory, memory::MapObject>(
            memory, {given_.own_space, object_, own_address, read_write})));
    }
    sys::Frame const frame{TRY(slots_.take())};
    rpc::CapabilityChannel channel{memory.endpoint, {}, slots_.slot(frame)};
    auto const taken = TRY((rpc::call<memory::Memory, memory::TakeFrame>(
        channel, {given_.own_space, own_address, read_write})));
    if (!channel.taken()) return Error::invalid_cap;
    size_bits_ = taken.size_bits;
    frame_ = frame;
    return {};
}

Result<u64> EventRing::attach(spawn::Process const& reader, u64 instance)
{
    TRY(make());
    if (reader_ != instance) {
        TRY((rpc::call<memory::Memory, memory::MapObject>(
            rpc::Channel{sys::Endpoint{given_.memory_manager}},
            {reader.space(), object_, program::layout::events, memory::access_read})));
        reader_ = instance;
    }
    TRY(detach()); // the ring begins anew
    if (!sys::SchedControl{given_.sched_control}.set_event_ring(frame_))
        return Error::not_supported;
    attached_ = true;
    return u64{1} << size_bits_;
}

Result<void> EventRing::detach()
{
    attached_ = false;
    if (!sys::SchedControl{given_.sched_control}.set_event_ring({})) return Error::not_supported;
    return {};
}

} // namespace supervisor

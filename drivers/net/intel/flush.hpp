// The I219 hangs for good when it is reset with descriptors in its rings, so those are used up
// first. [I219 specification update, "Descriptor rings must be flushed before reset"]
// That they have to be is told by configuration space, which a driver cannot read; here it is
// concluded from the ring of frames to send. Nothing may be received meanwhile: buffers that a
// predecessor posted are others' by now.
#pragma once

#include "descriptors.hpp"
#include "wait.hpp"

namespace intel {

namespace future_nvm7 {
inline constexpr u32 keep_side_clock = 1 << 2;
}
namespace future_nvm11 {
inline constexpr u32 no_multiple_read_fix = 1 << 13;
}
inline constexpr u32 flush_bytes = 512; ///< of each frame that is sent for nothing

/// Nothing of our own, for controllers that need it not.
template <class Registers> Result<void> flush_nothing(Registers const&, RingMemory&, u64)
{
    return {};
}

/// Lets the device send what it has been shown: frames of zeros to nobody instead of those that a
/// predecessor queued, since their memory is not ours. @error busy  it does not
template <class Registers>
Result<void> flush_transmit(Registers const& registers, RingMemory& memory, u64 physical)
{
    u32 const head = get<reg::TransmitHead>(registers), tail = get<reg::TransmitTail>(registers);
    u64 const zeros = physical + offsetof(RingMemory, receive); // still empty
    u64 const word = data_word::end | data_word::insert_crc | flush_bytes;
    for (Descriptor& each : memory.transmit) each = {zeros, word};
    if (head >= ring_entries || tail >= ring_entries) return Error::corrupt;
    put<reg::TransmitControl>(registers, transmit_control::enable | transmit_control::pad_short);
    put<reg::TransmitTail>(registers, (tail + 1) % ring_entries);
    auto const flushed = wait_for<reg::TransmitHead>(registers, ~u32{0}, (tail + 1) % ring_entries);
    put<reg::TransmitControl>(registers, 0);
    for (Descriptor& each : memory.transmit) each = {};
    return flushed;
}
/// Has the device give up the buffers it has fetched, with every filter closed.
template <class Registers> void flush_receive(Registers const& registers)
{
    constexpr u32 thresholds = 0x3fff, prefetch = 0x1f | 1 << 8;
    u32 const high = get<reg::AddressHigh>(registers);
    put<reg::AddressHigh>(registers, high & ~address_high::valid);
    put<reg::ReceiveDescriptorControl>(
        registers, (get<reg::ReceiveDescriptorControl>(registers) & ~thresholds) | prefetch |
                       descriptor_control::by_descriptors);
    put<reg::ReceiveControl>(registers, receive_control::enable);
    (void)get<reg::Status>(registers);
    pause();
    put<reg::ReceiveControl>(registers, 0);
    put<reg::AddressHigh>(registers, high);
}

/// @param memory  ours, zero; the device's rings lie there, as a predecessor's did
/// @error busy, corrupt  it hangs already
template <class Registers>
Result<void> flush_rings(Registers const& registers, RingMemory& memory, u64 physical)
{
    put<reg::FutureNvm7>(registers, get<reg::FutureNvm7>(registers) | future_nvm7::keep_side_clock);
    put<reg::FutureNvm11>(registers,
                          get<reg::FutureNvm11>(registers) | future_nvm11::no_multiple_read_fix);
    bool const ours = get<reg::TransmitBase>(registers) == static_cast<u32>(physical) &&
                      get<reg::TransmitBaseHigh>(registers) == static_cast<u32>(physical >> 32);
    if (!ours || get<reg::TransmitLength>(registers) != sizeof memory.transmit) return {};
    if (get<reg::TransmitHead>(registers) != get<reg::TransmitTail>(registers))
        TRY(flush_transmit(registers, memory, physical));
    flush_receive(registers);
    return {};
}

} // namespace intel

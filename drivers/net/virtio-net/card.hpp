// A virtio network device: its start, its configuration, and what nic::DriverEnd asks of a device
// (transmit.hpp, receive.hpp). It has no part of any frame but the header before one to send.
#pragma once

#include "driver/memory.hpp"
#include "filter.hpp"
#include "receive.hpp"
#include "transmit.hpp"

namespace virtio_net {

/// What driver and device share.
struct Memory {
    virtio::QueueMemory<receive_slots> receive;
    TransmitMemory transmit;
    FilterMemory filter;
};
static_assert(sizeof(Memory) <= 68 << 10); // driver.toml

template <class Registers> class Card {
    virtio::Device<Registers> device_;
    Receiver receiver_;
    Transmitter transmitter_;
    Filter filter_;
    Registers receive_bell_{}, transmit_bell_{}, control_bell_{};
    u64 features_ = 0;
    u8 generation_ = 0; ///< of the configuration that link() has read

    static constexpr u64 needed =
        virtio::feature::indirect_descriptors | feature::merge_buffers | feature::address;
    static constexpr u64 welcome =
        virtio::feature::event_index | feature::checksum | feature::guest_checksum | feature::mtu |
        feature::guest_segment4 | feature::guest_segment6 | feature::segment4 | feature::segment6 |
        feature::status | feature::control_queue | feature::control_receive | feature::speed_duplex;
    /// By which received frames differ from those on the wire.
    static constexpr u64 not_plain =
        feature::guest_checksum | feature::guest_segment4 | feature::guest_segment6;

public:
    /// Resets and starts the device; the link stays as it is. @param buffer  zeroed; at least a
    /// Memory. @param plain  nic::Wanted::plain. @error no_memory  the buffer is too small; else as
    /// virtio::Device
    Result<void> start(virtio::Places const& places, driver::DmaBuffer buffer, bool plain = false)
    {
        auto const piece = TRY(buffer.take(sizeof(Memory), 64));
        Memory* const memory = piece.template array<Memory>().data();
        u64 const at = piece.physical();
        device_ = virtio::Device<Registers>{places};
        features_ = TRY(device_.negotiate(needed, plain ? welcome & ~not_plain : welcome));
        bool const event_index = has(virtio::feature::event_index);
        receiver_ = {&memory->receive, buffer_bytes(), event_index};
        transmitter_ = {&memory->transmit, at + offsetof(Memory, transmit), event_index};
        receive_bell_ = TRY(device_.template attach_queue<receive_slots>(
            receive_queue, at + offsetof(Memory, receive)));
        transmit_bell_ = TRY(device_.template attach_queue<transmit_slots>(
            transmit_queue, at + offsetof(Memory, transmit.queue)));
        if (has(feature::control_queue) && has(feature::control_receive)) {
            filter_ = {&memory->filter, at + offsetof(Memory, filter), event_index};
            control_bell_ = TRY(device_.template attach_queue<4>(
                control_queue, at + offsetof(Memory, filter.queue)));
        }
        device_.start();
        return {};
    }

    /// Before another start(): the device leaves the memory alone. @error busy  it does not
    Result<void> stop() const { return device_.reset(); }

    /// @error busy           its configuration never stands still
    /// @error not_supported  the address is a group's, or the MTU less than IP needs
    Result<nic::Description> describe() const
    {
        auto const read = [this](Registers const& config) {
            nic::Description it{nic_features(), buffer_bytes(), 1500, {}, "virtio-net"};
            read_address(config, it.address);
            if (has(feature::mtu)) it.mtu = config.template read<config::Mtu>().raw;
            return it;
        };
        nic::Description const it = TRY(device_.config(read));
        if ((it.address[0] & 1) || it.mtu < least_mtu) return Error::not_supported;
        return it;
    }
    /// @error busy  its configuration never stands still
    Result<nic::Link> link()
    {
        auto const read = [this](Registers const& config) {
            nic::Link it{true, 0, false};
            if (has(feature::status))
                it.up = config.template read<config::Status>().raw & status_link_up;
            if (!has(feature::speed_duplex)) return it;
            u32 const speed = config.template read<config::Speed>().raw;
            if (speed <= max_speed) it.speed_mbit = speed;
            it.full_duplex = config.template read<config::Duplex>().raw == 1;
            return it;
        };
        generation_ = device_.config_generation(); // before: what changes meanwhile is seen later
        return device_.config(read);
    }
    /// Whether the device's configuration has changed since link(), or the device has given up.
    /// Costs two reads of registers. [VIRTIO 1.2, "Common configuration structure layout":
    /// config_generation]
    bool has_news() const { return device_.config_generation() != generation_ || device_.broken(); }
    bool broken() const { return device_.broken(); }
    void clear_interrupt() const { device_.clear_interrupt(); }

    /// Tells the device which frames net wants, if that is new. @error corrupt  the device lies
    Result<void> update_filter(nic::Wanted const& wanted)
    {
        if (filter_ && TRY(filter_.update(wanted))) device_.ring(control_bell_, control_queue);
        return {};
    }
    Filter const& filter() const { return filter_; }
    Transmitter const& transmitter() const { return transmitter_; }
    Receiver const& receiver() const { return receiver_; }

    // --- nic::Device ---------------------------------------------------------------------------

    bool can_send() const { return transmitter_.can_send(); }
    void send(nic::Frame const& frame) { transmitter_.send(frame); }
    Result<bool> take_sent(u32& id) { return transmitter_.take(id); }
    bool can_post() const { return receiver_.can_post(); }
    void post(u64 dma, u32 offset) { receiver_.post(dma, offset); }
    Result<bool> take_received(nic::Received& received) { return receiver_.take(received); }
    void show()
    {
        if (receiver_.publish()) device_.ring(receive_bell_, receive_queue);
        if (transmitter_.publish()) device_.ring(transmit_bell_, transmit_queue);
    }
    bool sleep(bool receiving, bool sending)
    {
        bool const received = receiver_.sleep(receiving), sent = transmitter_.sleep(sending);
        return received && sent && (!filter_ || filter_.sleep());
    }

private:
    static constexpr u32 least_mtu = 68; // RFC 791, "3.2. Discussion"

    bool has(u64 feature) const { return features_ & feature; }
    bool merges() const { return has(feature::guest_segment4 | feature::guest_segment6); }
    /// Frames of 64 KiB take half as many of the large ones.
    u32 buffer_bytes() const { return merges() ? 4096 : 2048; }
    u32 nic_features() const
    {
        auto const with = [this](u64 theirs, u32 ours) { return has(theirs) ? ours : 0; };
        return nic::feature::virtio_header | with(feature::checksum, nic::feature::checksum) |
               with(feature::segment4, nic::feature::segment4) |
               with(feature::segment6, nic::feature::segment6) |
               with(feature::guest_checksum, nic::feature::check_received) |
               (merges() ? nic::feature::merges : 0);
    }
    static void read_address(Registers const& config, u8 (&address)[6])
    {
        address[0] = config.template read<config::Address<0>>().raw;
        address[1] = config.template read<config::Address<1>>().raw;
        address[2] = config.template read<config::Address<2>>().raw;
        address[3] = config.template read<config::Address<3>>().raw;
        address[4] = config.template read<config::Address<4>>().raw;
        address[5] = config.template read<config::Address<5>>().raw;
    }
};
static_assert(nic::Device<Card<hw::Mmio>>);

} // namespace virtio_net

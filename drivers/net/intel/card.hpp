// A gigabit Ethernet controller, from any state to working, and its two rings as nic::DriverEnd
// wants them. What differs between controllers is in its Family. The PHY is not reset and its
// negotiation never restarted: a successor finds the link as it was.
// [8254x SDM, "General Initialization and Reset Operation"; 82574 Datasheet, "Initialization";
// I219 Datasheet, "Initialization and reset"]
#pragma once

#include "driver/memory.hpp"
#include "family.hpp"
#include "filter.hpp"
#include "receive_ring.hpp"
#include "transmit_ring.hpp"

namespace intel {

template <class Registers> class Card {
    /// 50 microseconds from one interrupt to the next, in units of 256 ns.
    static constexpr u32 interval = 195;
    static constexpr u32 always = cause::link | cause::other;

    Registers registers_{};
    Family<Registers> const* family_ = nullptr;
    TransmitRing<Registers> transmit_;
    ReceiveRing<Registers> receive_;
    Filter<Registers> filter_;
    u32 mask_ = 0; // causes that interrupt
    u8 address_[6] = {};

public:
    /// Resets and starts the device; it receives when update_filter() says so.
    /// @param buffer  zeroed; at least a RingMemory
    /// @error no_memory  the buffer is too small; busy, corrupt  the device does not come to rest
    /// or out of its reset; not_found  it has no MAC address
    Result<void> start(Registers const& registers, Family<Registers> const& family,
                       driver::DmaBuffer buffer)
    {
        auto const piece = TRY(buffer.take(sizeof(RingMemory), alignof(RingMemory)));
        auto& memory = *piece.template array<RingMemory>().data();
        registers_ = registers;
        family_ = &family;
        TRY(reset(memory, piece.physical()));
        TRY(wake_phy(registers, family));
        TRY(find_address());
        start_rings(memory, piece.physical());
        start_interrupts();
        (void)read_statistics<reg::CrcErrors, reg::ReceiveErrors, reg::MissedFrames,
                              reg::ExcessiveCollisions, reg::LateCollisions, reg::LengthErrors,
                              reg::PauseReceived, reg::GoodReceived, reg::GoodSent,
                              reg::GoodBytesReceived, reg::GoodBytesReceivedHigh,
                              reg::GoodBytesSent, reg::GoodBytesSentHigh, reg::NoBuffers>();
        return {};
    }

    nic::Description describe(char const* model) const
    {
        using namespace nic::feature;
        nic::Description it{checksum | family_->cuts | check_received | completes_sums,
                            buffer_bytes,
                            1500,
                            {},
                            model};
        std::copy(address_, address_ + 6, it.address);
        return it;
    }
    nic::Link link() const
    {
        u32 const now = get<reg::Status>(registers_);
        if (!(now & status::link_up)) return {false, 0, false};
        u32 const speed = now & status::speed_1000 ? 1000 : now & status::speed_100 ? 100 : 10;
        return {true, speed, (now & status::full_duplex) != 0};
    }
    /// False: the device keeps too little of its multicast table, so it lets all groups through.
    bool filters_groups() const { return filter_.has_table(); }
    void update_filter(nic::Wanted const& wanted) { filter_.update(wanted); }

    // nic::Device
    bool can_send() const { return transmit_.can_send(); }
    void send(nic::Frame const& frame) { transmit_.send(frame); }
    Result<bool> take_sent(u32& id) { return transmit_.take(id); }
    bool can_post() const { return receive_.can_post(); }
    void post(u64 dma, u32 offset) { receive_.post(dma, offset); }
    Result<bool> take_received(nic::Received& record) { return receive_.take(record); }
    void show()
    {
        receive_.show();
        transmit_.show();
    }
    bool sleep(bool receiving, bool sending)
    {
        set_mask(always | (receiving ? cause::received | cause::receive_queue : 0) |
                 (sending ? cause::sent | cause::send_queue : 0));
        return !(receiving && receive_.ready()) && !(sending && transmit_.ready());
    }

    /// Takes the causes of an interrupt back, so that the next one comes. What they tell of has
    /// then to be looked at. True: the link may have changed.
    bool take_causes() const
    {
        u32 const causes = get<reg::InterruptCause>(registers_);
        // With messages reading alone does not clear them.
        if (family_->express) put<reg::InterruptCause>(registers_, causes);
        return causes & (cause::link | cause::other);
    }

    /// Moves whenever frames have been sent.
    u32 progress() const { return transmit_.progress(); }
    /// Whether the peer has told us to be silent now or since statistics were read: then a device
    /// that sends nothing does not hang.
    bool is_paused() const
    {
        return (get<reg::Status>(registers_) & status::paused) ||
               get<reg::PauseReceived>(registers_) != 0;
    }
    /// Adds what the device has counted since the last time. Costs 13 reads of registers.
    void count(nic::Statistics& to) const
    {
        auto const add = [](std::atomic<u64>& counter, u64 more) {
            counter.fetch_add(more, std::memory_order_relaxed);
        };
        add(to.received_frames, get<reg::GoodReceived>(registers_));
        add(to.sent_frames, get<reg::GoodSent>(registers_));
        add(to.received_bytes, wide<reg::GoodBytesReceived, reg::GoodBytesReceivedHigh>());
        add(to.sent_bytes, wide<reg::GoodBytesSent, reg::GoodBytesSentHigh>());
        add(to.received_dropped, get<reg::MissedFrames>(registers_));
        add(to.received_errors,
            read_statistics<reg::CrcErrors, reg::ReceiveErrors, reg::LengthErrors>());
        add(to.sent_errors, read_statistics<reg::ExcessiveCollisions, reg::LateCollisions>());
    }

private:
    /// Sum of counters.
    template <class... Counters> u64 read_statistics() const
    {
        return (u64{0} + ... + get<Counters>(registers_));
    }
    template <class Low, class High> u64 wide() const
    {
        u64 const low = get<Low>(registers_);
        return low | u64{get<High>(registers_)} << 32;
    }
    void set_mask(u32 mask)
    {
        if (mask == mask_) return;
        if (mask_ & ~mask) put<reg::MaskClear>(registers_, mask_ & ~mask);
        if (mask & ~mask_) put<reg::MaskSet>(registers_, mask & ~mask_);
        mask_ = mask;
    }

    /// From any state to one where the device touches no memory and all registers are as at power
    /// on, but for the link.
    Result<void> reset(RingMemory& memory, u64 physical)
    {
        put<reg::MaskClear>(registers_, ~u32{0});
        put<reg::ReceiveControl>(registers_, 0);
        put<reg::TransmitControl>(registers_, 0);
        family_->give(registers_);
        TRY(family_->flush(registers_, memory, physical));
        if (family_->express) {
            put<reg::Control>(registers_, get<reg::Control>(registers_) | control::master_disable);
            TRY(wait_for<reg::Status>(registers_, status::master_enabled, 0));
        }
        keep_address();
        TRY(family_->take(registers_));
        put<reg::Control>(registers_, get<reg::Control>(registers_) | control::reset);
        pause();
        auto const out = wait_for<reg::Control>(registers_, control::reset, 0);
        family_->give(registers_); // where the reset did not
        TRY(out);
        put<reg::MaskClear>(registers_, ~u32{0});
        (void)get<reg::InterruptCause>(registers_);
        set_up_link();
        return {};
    }
    /// What negotiation has found or will find; no flow control of either side.
    void set_up_link()
    {
        using namespace control;
        constexpr u32 off = master_disable | link_reset | invert_loss | force_speed | force_duplex |
                            receive_pause | transmit_pause | vlan | control::reset | phy_reset;
        u32 const now = get<reg::Control>(registers_);
        put<reg::Control>(registers_, (now & ~off) | set_link_up | auto_speed);
        put<reg::ControlExtended>(registers_, get<reg::ControlExtended>(registers_) |
                                                  family_->always_extended |
                                                  control_extended::driver_loaded);
    }

    bool take_address(u32 low, u32 high)
    {
        u8 const found[6] = {static_cast<u8>(low),       static_cast<u8>(low >> 8),
                             static_cast<u8>(low >> 16), static_cast<u8>(low >> 24),
                             static_cast<u8>(high),      static_cast<u8>(high >> 8)};
        bool const any = low != 0 || (high & 0xffff) != 0;
        if (!any || (found[0] & 1)) return false; // nobody's, or a group's
        std::copy(found, found + 6, address_);
        return true;
    }
    /// What the device got from its NVM at power on; firmware may have chosen another since.
    bool keep_address()
    {
        u32 const high = get<reg::AddressHigh>(registers_);
        return (high & address_high::valid) && take_address(get<reg::AddressLow>(registers_), high);
    }
    Result<void> find_address()
    {
        if (address_[0] == 0 && address_[1] == 0 && address_[2] == 0 && !keep_address()) {
            u32 word[3];
            for (u16 i = 0; i < 3; ++i) word[i] = TRY(family_->read_nvm(registers_, i));
            if (!take_address(word[0] | word[1] << 16, word[2])) return Error::not_found;
        }
        auto const byte = [this](u32 i) { return u32{address_[i]}; };
        put<reg::AddressLow>(registers_, byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24);
        put<reg::AddressHigh>(registers_, byte(4) | byte(5) << 8 | address_high::valid);
        return {};
    }

    void start_rings(RingMemory& memory, u64 physical)
    {
        filter_ = Filter<Registers>::clear(registers_, family_->multicast_words);
        u64 const receive = physical + offsetof(RingMemory, receive);
        put<reg::ReceiveFilter>(registers_, 0);
        put<reg::ReceiveChecksum>(registers_, receive_checksum::ip | receive_checksum::tcp_udp);
        put<reg::ReceiveDelay>(registers_, 0);
        put<reg::ReceiveAbsoluteDelay>(registers_, 0);
        put<reg::ReceiveDescriptorControl>(registers_, descriptor_control::by_descriptors |
                                                           descriptor_control::write_back_one);
        put<reg::ReceiveBase>(registers_, static_cast<u32>(receive));
        put<reg::ReceiveBaseHigh>(registers_, static_cast<u32>(receive >> 32));
        put<reg::ReceiveLength>(registers_, sizeof memory.receive);
        put<reg::ReceiveHead>(registers_, 0);
        put<reg::ReceiveTail>(registers_, 0);
        receive_ = {registers_, memory.receive};

        put<reg::TransmitGap>(registers_, family_->gap);
        put<reg::TransmitDescriptorControl>(registers_, family_->transmit_descriptors);
        put<reg::TransmitBase>(registers_, static_cast<u32>(physical));
        put<reg::TransmitBaseHigh>(registers_, static_cast<u32>(physical >> 32));
        put<reg::TransmitLength>(registers_, sizeof memory.transmit);
        put<reg::TransmitHead>(registers_, 0);
        put<reg::TransmitTail>(registers_, 0);
        transmit_ = {registers_, memory.transmit};
        using namespace transmit_control;
        put<reg::TransmitControl>(registers_, enable | pad_short | collision_threshold |
                                                  collision_distance | family_->transmit_control);
    }
    void start_interrupts()
    {
        put<reg::InterruptInterval>(registers_, interval);
        if (family_->vectors) {
            constexpr u32 message_0 = 0x8; // valid, for each of: received, sent, the rest
            put<reg::Vectors>(registers_, message_0 | message_0 << 8 | message_0 << 16);
            put<reg::MessageInterval>(registers_, interval);
            put<reg::AutoClear>(registers_, 0);
        }
        mask_ = 0;
        set_mask(always);
    }
};

} // namespace intel

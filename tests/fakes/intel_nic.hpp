// An Intel gigabit controller in software: registers as a driver sees them, rings processed as the
// device does, DMA only to memory that the test lends. It reads rings by the layout of the data
// sheets, not through the driver's structs. It can also misbehave, and firmware beside it.
#pragma once

#include "hw/reg.hpp"
#include "kit/types.hpp"
#include <functional>
#include <map>
#include <vector>

namespace fake {

/// What was sent: the bytes' addresses, and what the descriptors said of them.
struct SentFrame {
    struct Piece {
        u64 address;
        u32 bytes;
    };
    std::vector<Piece> pieces;
    u8 options = 0; ///< 1: IP checksum, 2: TCP or UDP checksum
    bool cut = false;
    u64 context_places = 0, context_word = 0;
};

class IntelNic {
public:
    enum class Kind { pci, express, chipset } kind;

    explicit IntelNic(Kind it) : kind{it} { power_on(); }
    IntelNic(IntelNic const&) = delete;

    // What the test says of the machine.
    u8 address[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    bool address_loaded = true; ///< RAL and RAH have it from power on
    bool link = true;
    u32 status_bits = 0x80; ///< 1000 Mbit/s
    bool stays_in_reset = false, never_rests = false;
    int firmware_reads = 0; ///< reads of EXTCNF_CTRL for which firmware has the PHY
    bool phy_answers = true, mdi_ends = true;
    u16 phy_control = 0x1140;
    std::vector<u16> nvm = std::vector<u16>(64);
    u32 valid_bank = 0; ///< of the chipset's flash; 2: none
    bool flash_fails = false, flash_ends = true, flash_described = true;
    bool stalls = false;       ///< sends nothing, takes nothing
    u32 multicast_words = 128; ///< registers of the multicast table that keep what is written

    // What happened.
    std::vector<SentFrame> sent;
    u32 resets = 0, phy_writes = 0, tail_writes = 0, reads = 0, receive_control_writes = 0;
    bool hung = false; ///< a chipset's controller was reset with full rings
    bool phy_was_reset = false, phy_without_flag = false;
    bool link_disturbed = false; ///< it was taken away, reset, forced, or negotiated anew
    u32 flushed = 0;             ///< frames sent for nothing

    u32& at(u32 offset) { return register_[offset]; }
    u32 read(u32 offset);
    void write(u32 offset, u32 value);

    void lend(void* memory, u64 physical, u64 bytes);
    /// What is queued in the ring to send, up to `limit` descriptors.
    void transmit(u32 limit = ~0u);
    /// Fills the next buffer and says `status` and `errors` of it; false: there is none.
    bool receive(u32 bytes, u8 status, u8 errors = 0);
    u32 buffers() const;
    void cause(u32 bits);
    bool interrupts() { return (at(0xc0) & mask_) != 0; }

private:
    void power_on();
    void reset();
    void mdi(u32 value);
    void flash(u32 value);
    bool rings_full();
    u64* descriptor(u32 base, u32 index);

    struct Lent {
        u8* memory;
        u64 physical, bytes;
    };
    std::vector<Lent> lent_;
    std::map<u32, u32> register_;
    u32 mask_ = 0;
    SentFrame frame_;
    u64 context_places_ = 0, context_word_ = 0;
};

/// Takes the place of hw::Mmio.
class NicRegisters {
    IntelNic* nic_ = nullptr;

public:
    NicRegisters() = default;
    explicit NicRegisters(IntelNic& nic) : nic_{&nic} {}
    template <class R> hw::Value<R> read() const { return {nic_->read(R::offset)}; }
    template <class R> hw::Value<R> read(u32 index) const
    {
        return {nic_->read(R::offset + 4 * index)};
    }
    template <class R> void write(hw::Value<R> value) const { nic_->write(R::offset, value.raw); }
    template <class R> void write(u32 index, hw::Value<R> value) const
    {
        nic_->write(R::offset + 4 * index, value.raw);
    }
};

} // namespace fake

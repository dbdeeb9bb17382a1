// Which frames the device lets through: nic::Wanted as bits of RCTL and of the multicast table.
// Only what changes is written, since some devices stop receiving for a while after a write to RCTL
// (in QEMU the 82540EM does for a second). What net wrote is copied once. [8254x SDM, "Receive
// Control Register", "Multicast Table Array"]
#pragma once

#include "protocol/nic.hpp"
#include "registers.hpp"
#include <algorithm>

namespace intel {

template <class Registers> class Filter {
    static constexpr u32 most_words = reg::MulticastTable::count;
    static constexpr u32 pattern = 0x5aa5'c33c;

    Registers registers_{};
    u32 words_ = 0; // registers of the table: 128, or 32; 0: it is not used
    u32 shown_ = 0, control_ = 0;
    bool has_shown_ = false;
    u32 table_[most_words] = {};

public:
    Filter() = default;
    /// @param words  registers of the device's multicast table, all zero by now; RCTL is 0
    Filter(Registers const& registers, u32 words) : registers_{registers}, words_{words} {}

    /// Clears the device's table; a filter on it, which lets all groups through if the table does
    /// not keep what is written: Bochs has 32 registers of the 82540EM's 128.
    static Filter clear(Registers const& registers, u32 words)
    {
        bool keeps = true;
        for (u32 i = 0; i < words; ++i) {
            registers.template write<reg::MulticastTable>(i, {pattern});
            keeps &= registers.template read<reg::MulticastTable>(i).raw == pattern;
            registers.template write<reg::MulticastTable>(i, {0});
        }
        return {registers, keeps ? words : 0};
    }
    bool has_table() const { return words_ > 0; }

    /// Does what has changed of what net wants.
    void update(nic::Wanted const& wanted)
    {
        u32 const sequence = wanted.sequence.load(std::memory_order_acquire);
        if (has_shown_ && sequence == shown_) return;
        shown_ = sequence;
        has_shown_ = true;
        constexpr auto order = std::memory_order_relaxed;
        u32 const count = wanted.multicast_count.load(order);
        bool const many = count > nic::max_multicast;
        if (has_table()) write_table(wanted, many ? 0 : count);
        using namespace receive_control;
        u32 control = 0;
        if (wanted.up.load(order)) control = enable | broadcast | strip_crc;
        if (wanted.promiscuous.load(order)) control |= all_unicast | all_multicast;
        bool const all = many || (!has_table() && count > 0);
        if (all || wanted.all_multicast.load(order)) control |= all_multicast;
        if (control == control_) return;
        control_ = control;
        put<reg::ReceiveControl>(registers_, control);
    }
    /// The bit of the table for an address: twelve bits of its end, ten where the table is short.
    static constexpr u32 hash(u8 const (&address)[6], u32 words)
    {
        u32 const end = u32{address[5]} << 8 | address[4];
        return words == most_words ? end >> 4 : end >> 6;
    }

private:
    void write_table(nic::Wanted const& wanted, u32 count)
    {
        u32 table[most_words] = {};
        for (u32 i = 0; i < count; ++i) {
            u8 address[6];
            std::copy(wanted.multicast[i], wanted.multicast[i] + 6, address);
            u32 const at = hash(address, words_);
            table[at / 32] |= u32{1} << at % 32;
        }
        for (u32 i = 0; i < words_; ++i) {
            if (table[i] == table_[i]) continue;
            table_[i] = table[i];
            registers_.template write<reg::MulticastTable>(i, {table[i]});
        }
    }
};

} // namespace intel

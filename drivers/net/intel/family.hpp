// What differs between the controllers: one table for each family, and which device is of which.
#pragma once

#include "flush.hpp"
#include "nvm.hpp"
#include "phy.hpp"
#include "protocol/nic.hpp"

namespace intel {

/// What every operation works on; none of them waits longer than `patience` reads.
template <class Registers> struct Family {
    u8 phy;                   ///< its address
    u16 multicast_words;      ///< registers of the multicast table
    u32 gap;                  ///< TIPG
    u32 always_extended;      ///< bits of CTRL_EXT that have to be set
    u32 transmit_descriptors; ///< TXDCTL
    u32 transmit_control;     ///< bits of TCTL besides the common ones
    u32 cuts;                 ///< nic::feature: segment4, segment6
    bool express;             ///< PCI Express: master disable; causes are cleared by writing
    bool vectors;             ///< MSI-X: causes are given messages
    Result<void> (*take)(Registers const&); ///< the PHY, from firmware
    void (*give)(Registers const&);
    Result<u16> (*read_nvm)(Registers const&, u16 word);
    Result<void> (*flush)(Registers const&, RingMemory&, u64 physical); ///< before a reset
};

namespace table {
inline constexpr u32 gap_82540 = 10 | 8 << 10 | 6 << 20, gap_express = 8 | 8 << 10 | 6 << 20;
inline constexpr u32 must_be_set = 1 << 22; ///< in TXDCTL and CTRL_EXT: reserved, to be 1
inline constexpr u32 report_at_once = descriptor_control::by_descriptors;
/// Not the 82540's: the IPv6 payload length that it writes counts the IPv6 header.
/// [8254x SDM, "TCP/IP/UDP Header for the First Frame"]
inline constexpr u32 cuts_both = nic::feature::segment4 | nic::feature::segment6;
} // namespace table

template <class Registers>
inline constexpr Family<Registers> family_82540{.phy = 1,
                                                .multicast_words = 128,
                                                .gap = table::gap_82540,
                                                .always_extended = 0,
                                                .transmit_descriptors = table::report_at_once,
                                                .transmit_control = 0,
                                                .cuts = nic::feature::segment4,
                                                .express = false,
                                                .vectors = false,
                                                .take = take_nothing<Registers>,
                                                .give = give_nothing<Registers>,
                                                .read_nvm = read_eerd<1 << 4, 8, Registers>,
                                                .flush = flush_nothing<Registers>};
template <class Registers>
inline constexpr Family<Registers> family_82574{
    .phy = 1,
    .multicast_words = 128,
    .gap = table::gap_express,
    .always_extended = 0,
    .transmit_descriptors = table::report_at_once | table::must_be_set,
    .transmit_control = transmit_control::multiple_reads,
    .cuts = table::cuts_both,
    .express = true,
    .vectors = true,
    .take = take_flag<Registers>,
    .give = give_flag<Registers>,
    .read_nvm = read_eerd<1 << 1, 2, Registers>,
    .flush = flush_nothing<Registers>};
/// In chipsets: NVM and what comes before a reset differ.
template <class Registers>
constexpr Family<Registers> chipset(Result<u16> (*read_nvm)(Registers const&, u16),
                                    Result<void> (*flush)(Registers const&, RingMemory&, u64))
{
    return {.phy = 2,
            .multicast_words = 32,
            .gap = table::gap_express,
            .always_extended = table::must_be_set,
            .transmit_descriptors = table::report_at_once | table::must_be_set,
            .transmit_control = transmit_control::multiple_reads,
            .cuts = table::cuts_both,
            .express = true,
            .vectors = false,
            .take = take_flag<Registers>,
            .give = give_flag<Registers>,
            .read_nvm = read_nvm,
            .flush = flush};
}
/// I217 and I218, in chipsets of the fourth and fifth generation of Core.
template <class Registers>
inline constexpr Family<Registers> family_i217 = chipset<Registers>(read_no_nvm<Registers>,
                                                                    flush_nothing<Registers>);
/// I219, from Sky Lake and Kaby Lake on.
template <class Registers>
inline constexpr Family<Registers> family_i219 = chipset<Registers>(read_flash_word<Registers>,
                                                                    flush_rings<Registers>);

/// A device that a driver knows.
template <class Registers> struct Model {
    u16 device; ///< PCI
    Family<Registers> const* family;
    char const* name;
};

} // namespace intel

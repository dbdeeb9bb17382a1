// The faults to inject: a table in the program's image that tests/system/injection.py fills before
// it makes the boot archive (and finds by its magic).
#pragma once

#include "kit/types.hpp"

namespace injector {

/// In the order of injection.py's VICTIMS.
enum class Victim : u8 { uart0, ps2, clock, log, entropy, disk0, rng, virtio0, e1000e0, e1000_0 };
inline constexpr char const* victim_names[] = {"uart0",   "ps2",    "clock",      "log",
                                               "entropy", "disk0",  "virtio-rng", "virtio0",
                                               "e1000e0", "e1000-0"};
inline constexpr u8 victim_count = 10;
inline bool is_network_card(Victim victim)
{
    return victim >= Victim::virtio0;
}

/// One instruction, on one page of the victim's text. survey: it begins a block of which the
/// results are to say whether the victim comes there; else a fault. Those of a survey stand
/// together. plain: of network cards: while net leaves no checksums to the card.
struct Fault {
    u64 address;
    u32 number; ///< what the results call it
    u8 victim, length, survey, plain;
    u8 before[16], after[16];
};
static_assert(sizeof(Fault) == 48);

struct FaultTable {
    static constexpr u32 capacity = 8192;
    char magic[16];
    u32 count;
    u32 patience_us; ///< how long a network card that is mute is left alone: who notices?
    u32 reserved[2];
    Fault fault[capacity];
};

extern FaultTable const volatile fault_table;

} // namespace injector

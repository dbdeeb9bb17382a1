// Which slot of the root CNode holds what, and the boot info page that says so. Pure: the root
// server's CNode is filled by boot/root_server.cpp in this order. Source: seL4 manual, "Initial
// Thread's Environment", "BootInfo Frame".
#pragma once

#include "abi/boot_info.hpp"
#include "abi/constants.hpp"
#include "boot/untyped_list.hpp"

namespace mk {

/// How many capabilities there are of each kind that has a region.
struct RootCapCounts {
    u64 paging, extra_pages, image_frames, untypeds;
};

/// Regions follow each other without gaps: scheduling control, paging structures, extra boot info
/// pages, image frames, untypeds, empty slots.
struct SlotLayout {
    abi::SlotRegion sched_control, paging, extra_pages, image_frames, untyped, empty;
};
/// empty.end < empty.start when the CNode of 2^cnode_bits slots is too small.
SlotLayout slot_layout(RootCapCounts const& counts, unsigned cnode_bits);

/// Tables of one level (entry_bits: 39, 30, 21) that mapping [first, end) takes.
constexpr u64 tables_needed(u64 first, u64 end, unsigned entry_bits)
{
    return ((end - 1) >> entry_bits) - (first >> entry_bits) + 1;
}

/// Fills the page in; it is zero before.
void write_boot_info(abi::BootInfo& info, SlotLayout const& layout, unsigned cnode_bits,
                     u64 ipc_buffer, u64 extra_length, UntypedList const& untypeds);

} // namespace mk

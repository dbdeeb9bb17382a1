// Slot layout and the boot info page. Called from boot/root_server.cpp.
#include "boot/boot_info.hpp"

#include "kit/bits.hpp"

namespace mk {

SlotLayout slot_layout(RootCapCounts const& counts, unsigned cnode_bits)
{
    u64 next = abi::initial_slot_count;
    auto const region = [&next](u64 slots) {
        u64 const start = next;
        next += slots;
        return abi::SlotRegion{start, next};
    };
    SlotLayout layout{};
    layout.sched_control = region(1);
    layout.paging = region(counts.paging);
    layout.extra_pages = region(counts.extra_pages);
    layout.image_frames = region(counts.image_frames);
    layout.untyped = region(counts.untypeds);
    layout.empty = {next, bit(cnode_bits)};
    return layout;
}

void write_boot_info(abi::BootInfo& info, SlotLayout const& layout, unsigned cnode_bits,
                     u64 ipc_buffer, u64 extra_length, UntypedList const& untypeds)
{
    info.extra_length = extra_length;
    info.node_count = 1;
    info.ipc_buffer = ipc_buffer;
    info.empty = layout.empty;
    info.user_image_frames = layout.image_frames;
    info.user_image_paging = layout.paging;
    info.extra_boot_info_pages = layout.extra_pages;
    info.init_thread_cnode_bits = cnode_bits;
    info.sched_control = layout.sched_control;
    info.untyped = layout.untyped;
    abi::UntypedDesc* description = info.untyped_list;
    for (UntypedEntry const& entry : untypeds.entries())
        *description++ = {entry.base, entry.bits, u8(entry.device), {}};
}

} // namespace mk

// Which parts of a BAR a driver may have: not the pages of the MSI-X table and of its pending bits,
// because whoever writes there makes the device write anywhere.
#pragma once

#include "kit/bits.hpp"
#include "pci/device.hpp"
#include "program/layout.hpp"

namespace device_manager {

/// Whether a driver that needs `least` bytes of registers can have this BAR: a window of its
/// address space is as large as it is, whatever the device says.
constexpr bool can_be_given(pci::Bar const& bar, u64 least)
{
    return bar.memory && bar.address != 0 && bar.size != 0 && bar.size >= least &&
           bar.size <= program::layout::device_window;
}

/// Whole pages of a BAR.
struct BarPart {
    u64 offset, bytes;
};
/// At most three parts remain when two pieces are cut out.
struct BarParts {
    BarPart part[3];
    usize count = 0;
};

inline BarParts driver_parts(pci::Device const& device, u8 bar)
{
    constexpr unsigned page_bits = 12;
    struct Cut {
        u64 first = 0, end = 0;
    };
    Cut cut[2];
    pci::Msix const& msix = device.msix;
    auto const pages = [](u64 offset, u64 bytes) {
        return Cut{align_down(offset, page_bits), align_up(offset + bytes, page_bits)};
    };
    if (msix.entries > 0 && msix.table_bar == bar)
        cut[0] = pages(msix.table_offset, msix.table_bytes());
    if (msix.entries > 0 && msix.pending_bar == bar)
        cut[1] = pages(msix.pending_offset, msix.pending_bytes());
    if (cut[1].first < cut[0].first) {
        Cut const first = cut[1];
        cut[1] = cut[0];
        cut[0] = first;
    }
    BarParts parts;
    u64 at = 0;
    u64 const end = align_up(device.bar[bar].size, page_bits);
    for (Cut const& it : cut) {
        if (it.first > at && it.first < end) parts.part[parts.count++] = {at, it.first - at};
        if (it.end > at) at = it.end;
    }
    if (at < end) parts.part[parts.count++] = {at, end - at};
    return parts;
}

} // namespace device_manager

// What PVH and multiboot2 inherit from the PC's BIOS: memory types and the place of the RSDP.
// [ACPI 6.5, "System Address Map Interfaces", "Finding the RSDP on IA-PC Systems"]
#pragma once

#include "boot/handoff.hpp"

namespace boot {

/// The region kind for an address range type of INT 15h, function E820h.
constexpr RegionKind kind_of_e820(u32 type)
{
    switch (type) {
    case 1:
        return RegionKind::ram;
    case 3: // reclaimable
    case 4: // non-volatile storage
        return RegionKind::acpi;
    default:
        return RegionKind::reserved;
    }
}

/// The physical address of the RSDP in the BIOS area or the extended BIOS data area; 0: none.
u64 find_rsdp_in_low_memory();

} // namespace boot

// GNU-EFI's headers, which are C, and the little we use of the firmware beyond them.
// [UEFI 2.10, "EFI System Table", "Memory Allocation Services"]
#pragma once

#include "boot/common/memory_map.hpp"

extern "C" {
#include <efi.h>
}
#include <span>

namespace boot::efi {

/// Status codes that mean failure have the top bit set.
inline bool failed(EFI_STATUS status)
{
    return status >> 63 != 0;
}

/// The handoff's kind for a UEFI memory type. What boot services and loaders use becomes RAM:
/// claims say which of it is still needed.
RegionKind kind_of(u32 efi_type);

/// Adds a map as GetMemoryMap() returns it.
/// @error too many entries
Checked<void> add_descriptors(std::span<u8 const> descriptors, usize descriptor_size,
                              MemoryMap& map);

} // namespace boot::efi

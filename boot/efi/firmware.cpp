// What UEFI's memory types mean to us. Called from main.cpp.
#include "boot/efi/firmware.hpp"

#include <cstring>

namespace boot::efi {
RegionKind kind_of(u32 efi_type)
{
    switch (efi_type) {
    case EfiLoaderCode:
    case EfiLoaderData:
    case EfiBootServicesCode:
    case EfiBootServicesData:
    case EfiConventionalMemory:
        return RegionKind::ram;
    case EfiACPIReclaimMemory:
    case EfiACPIMemoryNVS:
        return RegionKind::acpi;
    case EfiRuntimeServicesCode:
    case EfiRuntimeServicesData:
    case EfiPalCode:
        return RegionKind::runtime_firmware;
    default:
        return RegionKind::reserved;
    }
}

Checked<void> add_descriptors(std::span<u8 const> descriptors, usize descriptor_size,
                              MemoryMap& map)
{
    if (descriptor_size < sizeof(EFI_MEMORY_DESCRIPTOR))
        return Failure{"memory map", "the firmware's descriptors are too short"};
    for (usize at = 0; descriptors.size() - at >= descriptor_size; at += descriptor_size) {
        EFI_MEMORY_DESCRIPTOR d;
        std::memcpy(&d, descriptors.data() + at, sizeof d);
        constexpr u64 most_pages = physical_limit >> page_bits;
        u64 const pages = d.NumberOfPages < most_pages ? d.NumberOfPages : most_pages;
        TRY(map.add(d.PhysicalStart, pages << page_bits, kind_of(d.Type)));
    }
    return {};
}

} // namespace boot::efi

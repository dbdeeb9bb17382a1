// The search for the RSDP below 1 MiB. The checks are in libs/acpi.
#include "boot/common/firmware_tables.hpp"

#include "acpi/acpi.hpp"

namespace boot {
namespace {

u64 search(u64 from, u64 size)
{
    auto const found = acpi::find_rsdp({reinterpret_cast<u8 const*>(from), size});
    return found ? from + *found : 0;
}

} // namespace

u64 find_rsdp_in_low_memory()
{
    u64 ebda_segment = 0x40e;              // BIOS data area: real-mode segment of the EBDA
    asm volatile("" : "+r"(ebda_segment)); // GCC takes a small constant for a null pointer
    u64 const ebda = u64{*reinterpret_cast<u16 const volatile*>(ebda_segment)} << 4;
    if (ebda >= 0x80000 && ebda < 0xa0000)
        if (u64 const found = search(ebda, 1024); found != 0) return found;
    return search(0xe0000, 0x20000);
}

} // namespace boot

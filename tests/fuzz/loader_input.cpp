// Fuzzes what firmware and GRUB hand to the loaders: multiboot2 tags into a memory map, whose
// regions must come out sorted and disjoint, and the section table of a PE image.
#include "boot/efi/pe_image.hpp"
#include "boot/multiboot2/information.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    std::span<u8 const> const bytes{data, size};
    static boot::MemoryMap map;
    map.forget_firmware_entries();
    static_cast<void>(boot::multiboot2::parse(bytes, map));
    std::array<boot::Region, boot::max_regions> regions;
    if (auto const count = map.build(regions)) {
        u64 end = 0;
        for (boot::Region const& r : std::span{regions}.first(*count)) {
            if (r.base < end || r.size == 0 || (r.base | r.size) % 4096 != 0) std::abort();
            end = r.base + r.size;
        }
    }
    auto const section = boot::efi::find_section(bytes, ".bundle");
    if (section.size() > size) std::abort();
    return 0;
}

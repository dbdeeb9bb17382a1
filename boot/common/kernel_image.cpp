// Loading of the kernel image. The ELF's own checks are in libs/elf.
#include "boot/common/kernel_image.hpp"

#include "boot/common/memory_map.hpp"
#include "boot/handoff.hpp"
#include "kit/bits.hpp"
#include <cstring>

namespace boot {

Checked<KernelImage> parse_kernel(std::span<u8 const> file)
{
    auto image = elf::Image::parse(file);
    if (!image) return Failure{"kernel.elf", elf::sentence(image.error())};
    if (image->lowest_address() < kernel_base)
        return Failure{"kernel.elf", "linked below the kernel's addresses"};
    u64 const size = image->end_address() - kernel_base;
    if (size > max_kernel_size) return Failure{"kernel.elf", "larger than 1 GiB in memory"};
    return KernelImage{*image, align_up(size, page_bits)};
}

void place_kernel(KernelImage const& kernel, u8* destination)
{
    std::memset(destination, 0, kernel.memory_size);
    for (elf::Segment const& s : kernel.elf.segments())
        std::memcpy(destination + (s.address - kernel_base), s.data.data(), s.data.size());
}

} // namespace boot

// The kernel's ELF file: what the loaders demand of it beyond a sound ELF, and how it gets to
// its place. The image is one block: byte kernel_base + n of the link lies at base + n.
#pragma once

#include "boot/common/failure.hpp"
#include "elf/elf.hpp"

namespace boot {

/// Largest kernel image in memory: what one page directory maps.
inline constexpr u64 max_kernel_size = u64{1} << 30;

struct KernelImage {
    elf::Image elf;
    u64 memory_size; ///< from kernel_base to the end of the last segment, whole pages
};

/// Checks the file.
/// @error every elf::Fault, and segments outside [kernel_base, kernel_base + max_kernel_size)
Checked<KernelImage> parse_kernel(std::span<u8 const> file);

/// Copies the segments to `destination`, which has memory_size bytes, and clears the rest of it.
void place_kernel(KernelImage const& kernel, u8* destination);

} // namespace boot

// What all three loaders do once they know their machine: unpack the bundle, place kernel and
// modules, build the page tables, fill the handoff, enter the kernel. Each loader fills a
// Machine and calls prepare(), finish() and enter_kernel(), in this order.
#pragma once

#include "boot/common/failure.hpp"
#include "boot/common/memory_map.hpp"
#include "boot/handoff.hpp"
#include <span>
#include <string_view>

namespace boot {

/// What a loader found out about the machine. All memory it names is mapped identically.
struct Machine {
    std::string_view loader;      ///< "efi", "multiboot2" or "pvh"
    std::span<u8 const> bundle{}; ///< empty when none was given
    std::string_view arguments{}; ///< appended to the bundle's command line
    u64 rsdp = 0;                 ///< 0: none found
    Framebuffer framebuffer{};    ///< address 0: none
    MemoryMap* map = nullptr;
    /// Takes memory below 4 GiB, aligned to 2^align_bits, and claims it in the map; 0: none left.
    u64 (*allocate)(MemoryMap& map, u64 size, unsigned align_bits, RegionKind kind) = nullptr;
};

struct Prepared {
    Handoff* handoff;
    u64 page_table_root;
    u64 entry;     ///< the kernel's entry point
    u64 stack_top; ///< in the physical map
};

/// Everything but the final memory map.
/// @error whatever is wrong with the bundle, the kernel or the memory
Checked<Prepared> prepare(Machine const& machine);

/// Writes the regions, after the firmware's map can no longer change.
/// @error more regions than the handoff can hold
Checked<void> finish(Prepared const& prepared, MemoryMap const& map);

/// Switches to the kernel's page tables and jumps. Interrupts are off from here on.
[[noreturn]] void enter_kernel(Prepared const& prepared);

/// An `allocate` for loaders without firmware: the lowest free RAM above 1 MiB.
u64 allocate_lowest(MemoryMap& map, u64 size, unsigned align_bits, RegionKind kind);

} // namespace boot

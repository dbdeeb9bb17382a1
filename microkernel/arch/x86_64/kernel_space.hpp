// The kernel's own half of every address space, built once at boot:
//   physmap_base   all RAM (free, loader's, modules'), read-write, never executable; the kernel
//                  image and its guard pages are left out
//   -2 GiB         the kernel image: text RX, constants R, data RW
//   -1 GiB         device window: local APIC, I/O APICs, HPET, framebuffer
// Entries 256..511 of a PML4 never change after boot, so that vspace/ may copy them.
// With page-table isolation (isolation.hpp) the kernel has all this in page tables of its own, and
// the upper half of every address space holds the trampoline only.
// ACPI tables and device memory are not mapped: read them before init_kernel_space().
#pragma once

#include "boot/handoff.hpp"
#include "vspace/vspace.hpp"

namespace mk {

/// Number of the first PML4 entry that belongs to the kernel.
inline constexpr unsigned kernel_pml4_first = 256;

/// The root of an address space without a user: its lower half is empty. init_pml4 copies the
/// upper.
PageTable& empty_pml4();

/// Builds the tables from boot_memory, loads them, then gives the loader's memory to boot_memory.
void init_kernel_space(boot::Handoff const& handoff);

/// Maps device memory into the window, after init_kernel_space, and answers its kernel address.
/// `attribute`: abi::VmAttributes. Panics when the window is full (boot time only).
void* map_device(u64 physical, u64 bytes, u64 attribute);

/// Loads `pml4` as the current address space unless it is loaded already. With isolation the CPU
/// has it from the way out on, and the kernel goes on with its own tables.
void load_space(PageTable& pml4);
/// Call before the memory of `pml4` goes away or its ASID is withdrawn: if the CPU still uses it,
/// it changes to the empty one (the current thread then faults when it goes on).
void leave_space(PageTable const& pml4);

// With isolation both have nothing to do: entering dropped all of the user's translations. They
// stay because leaving them out would take a branch without isolation.
/// Drops the translation of one page of the loaded address space, cached table entries included.
void invalidate_page(u64 address);
/// Drops all translations of the loaded address space but global ones (the kernel's).
void invalidate_space();

} // namespace mk

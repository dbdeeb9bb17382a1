// What a loader tells the kernel, and in which state it enters it. All three loaders fill this one
// structure (boot/common); the kernel trusts the loader but checks every number it uses.
//
// State at the kernel's entry point (ELF e_entry of the kernel image, System V call convention):
//   long mode, interrupts off, rdi = physical address of a Handoff, a stack of 32 KiB (at least
//   16), rbp and the return address 0; CR0 = PG, WP, NE, ET, MP, PE; CR4 = PAE alone; EFER = LME,
//   LMA, NXE (SCE as the firmware left it); a GDT with code at 0x08 and data at 0x10 that may lie
//   in memory of kind `loader`: load another before using it; no interrupt table;
//   loader page tables in which
//     - the kernel image is mapped at its linked addresses (the top 2 GiB) from `kernel`, which
//       the loader may put at any 2 MiB aligned physical address below 4 GiB,
//     - the first 4 GiB, and every GiB that a region touches, is mapped at physmap_base (read,
//       write); the loader leaves out what lies at 2^46 and above,
//     - the same memory is mapped identically, for the code that makes the switch.
//   Loader, page tables, stack, handoff and modules lie in regions of kind `loader`: the kernel
//   builds its own tables, copies the handoff, and then reclaims all of it but the modules.
#pragma once

#include "kit/types.hpp"
#include <span>

namespace boot {

inline constexpr u64 handoff_magic = 0x6672'6f63'7265'7068;
inline constexpr u32 handoff_version = 1;
inline constexpr u64 physmap_base = 0xffff'8000'0000'0000;
inline constexpr u64 kernel_base = 0xffff'ffff'8000'0000; ///< linked address of the kernel image

enum class RegionKind : u32 {
    ram = 1,      ///< free
    reserved = 2, ///< not RAM, or not ours: handed to user space as device memory
    acpi = 3,     ///< ACPI tables or NVS: device memory as well, user space reads the tables
    loader = 4,   ///< RAM the loader still uses; free once the kernel runs
    kernel = 5,   ///< the loaded kernel image
    module = 6,   ///< RAM that holds a module
    runtime_firmware = 7, ///< UEFI runtime services: never touched
};

/// Physical memory [base, base + size). Regions are sorted, do not overlap, page aligned.
struct Region {
    u64 base, size;
    RegionKind kind;
    u32 pad;
    u64 end() const { return base + size; }
    /// Whether it is, or will be once the kernel runs, RAM for anybody but the kernel's image.
    bool is_ram() const
    {
        return kind == RegionKind::ram || kind == RegionKind::loader || kind == RegionKind::module;
    }
};

/// A linear framebuffer; address 0 when there is none. 32 bits per pixel, masks by position.
struct Framebuffer {
    u64 address;                    ///< physical
    u32 width, height, pitch, bits; ///< pixels, pixels, bytes per line, bits per pixel
    u8 red_shift, green_shift, blue_shift, pad;
    u64 bytes() const { return u64{pitch} * height; }
};

/// A file that the loader put into memory. The first is the root server, the second (if any) the
/// boot archive (cpio, newc).
struct Module {
    u64 address, size; ///< physical, page aligned; the tail of the last page is zero
    char name[48];     ///< zero terminated
    u8 sha256[32];     ///< computed by the loader
    u64 end() const { return address + size; }
};

inline constexpr u32 max_regions = 256;
inline constexpr u32 max_modules = 8;

struct Handoff {
    u64 magic;
    u32 version, size; ///< size: sizeof(Handoff), as a check
    u32 region_count, module_count;
    u64 rsdp;      ///< physical address of the ACPI RSDP, 0 when none was found
    u64 tsc_hz;    ///< 0: unknown, the kernel calibrates
    Region kernel; ///< where the kernel image was loaded (kind kernel)
    Framebuffer framebuffer;
    char loader[16];         ///< "efi", "multiboot2" or "pvh"
    char command_line[1024]; ///< zero terminated
    Region regions[max_regions];
    Module modules[max_modules];

    // For whoever has checked the counts.
    std::span<Region const> memory() const { return {regions, region_count}; }
    std::span<Module const> files() const { return {modules, module_count}; }
    /// Where what the loader maps at physmap_base ends.
    u64 mapped_end() const
    {
        constexpr u64 always = u64{4} << 30;
        u64 const end = regions[region_count - 1].end();
        return end > always ? end : always;
    }
};

} // namespace boot

// The multiboot2 loader: GRUB on a legacy BIOS, with the bundle as its only module.
// Entered from boot/common/long_mode.S; goes on in boot/common/loader.cpp.
// [Multiboot2 specification, "I386 machine state"]
#include "boot/common/console.hpp"
#include "boot/common/exceptions.hpp"
#include "boot/common/firmware_tables.hpp"
#include "boot/common/loader.hpp"
#include "boot/multiboot2/information.hpp"
#include <cstring>

extern "C" u8 loader_begin[], loader_end[];

namespace boot {
namespace {

constexpr u32 loader_magic = 0x36d7'6289;
constexpr u64 four_gib = u64{1} << 32;
constexpr usize max_rsdp_size = 256;
constinit MemoryMap map;

/// The RSDP where the BIOS put it. GRUB's copy is the fallback (it may have been found where we
/// do not look); it moves to a page of its own, since the kernel reclaims what GRUB filled.
Checked<u64> find_rsdp(std::span<u8 const> copy)
{
    if (u64 const found = find_rsdp_in_low_memory(); found != 0) return found;
    if (copy.empty() || copy.size() > max_rsdp_size) return u64{0};
    u64 const page = allocate_lowest(map, copy.size(), page_bits, RegionKind::acpi);
    if (page == 0) return Failure{"no memory", "for a copy of the RSDP"};
    std::memcpy(reinterpret_cast<u8*>(page), copy.data(), copy.size());
    return page;
}

Checked<void> boot_from(u64 address)
{
    u32 const size = *reinterpret_cast<u32 const*>(address);
    auto const info = TRY(multiboot2::parse({reinterpret_cast<u8 const*>(address), size}, map));
    Framebuffer const& f = info.framebuffer;
    bool const mapped = f.address < four_gib && u64{f.pitch} * f.height <= four_gib - f.address;
    if (mapped) console_use_framebuffer(f);
    if (!info.has_memory_map) return Failure{"memory map", "the multiboot2 information has none"};

    TRY(map.claim(reinterpret_cast<u64>(loader_begin), static_cast<u64>(loader_end - loader_begin),
                  RegionKind::loader));
    TRY(map.claim(address, size, RegionKind::loader));
    Machine machine{.loader = "multiboot2", .map = &map, .allocate = allocate_lowest};
    machine.arguments = info.command_line;
    machine.framebuffer = f;
    if (info.module_size != 0) {
        machine.bundle = {reinterpret_cast<u8 const*>(info.module_address), info.module_size};
        TRY(map.claim(info.module_address, info.module_size, RegionKind::loader));
    }
    machine.rsdp = TRY(find_rsdp(info.rsdp));
    Prepared const prepared = TRY(prepare(machine));
    TRY(finish(prepared, map));
    enter_kernel(prepared);
}

} // namespace
} // namespace boot

extern "C" void loader_main(u32 magic, u32 information)
{
    using namespace boot;
    catch_exceptions();
    console_start_serial();
    console_use_vga_text();
    if (magic != loader_magic) fail({"multiboot2", "wrong magic: not started by its protocol"});
    require(boot_from(information));
}

// The PVH loader: QEMU's `-kernel loader.elf -initrd bundle -append arguments`.
// Entered from boot/common/long_mode.S; goes on in boot/common/loader.cpp.
// [Xen docs, "x86/HVM direct boot ABI"]
#include "boot/common/console.hpp"
#include "boot/common/exceptions.hpp"
#include "boot/common/firmware_tables.hpp"
#include "boot/common/loader.hpp"

extern "C" u8 loader_begin[], loader_end[];

namespace boot {
namespace {

struct StartInfo {
    u32 magic, version, flags, module_count;
    u64 modules, command_line, rsdp;
    u64 memory_map; ///< from version 1 on
    u32 memory_map_count, reserved;
};
static_assert(sizeof(StartInfo) == 56);

struct ModuleEntry {
    u64 address, size, command_line, reserved;
};

struct MemoryEntry {
    u64 base, size;
    u32 type, reserved;
};
static_assert(sizeof(MemoryEntry) == 24);

constexpr u32 start_magic = 0x336e'c578;
constexpr u64 four_gib = u64{1} << 32;

/// Whether a range lies in what long_mode.S has mapped.
bool reachable(u64 address, u64 size)
{
    return address < four_gib && size <= four_gib - address;
}

constinit MemoryMap map;

template <class T> T const* at(u64 physical)
{
    return reinterpret_cast<T const*>(physical);
}

Checked<void> read_memory_map(StartInfo const& info)
{
    if (info.version < 1 || info.memory_map == 0)
        return Failure{"memory map", "the start info has none"};
    if (!reachable(info.memory_map, u64{info.memory_map_count} * sizeof(MemoryEntry)))
        return Failure{"memory map", "lies above 4 GiB"};
    for (u32 i = 0; i < info.memory_map_count; ++i) {
        MemoryEntry const& e = at<MemoryEntry>(info.memory_map)[i];
        TRY(map.add(e.base, e.size, kind_of_e820(e.type)));
    }
    return map.claim(reinterpret_cast<u64>(loader_begin),
                     static_cast<u64>(loader_end - loader_begin), RegionKind::loader);
}

Checked<void> boot_from(StartInfo const& info)
{
    if (info.magic != start_magic) return Failure{"start info", "wrong magic: not started by PVH"};
    TRY(read_memory_map(info));
    Machine machine{.loader = "pvh", .map = &map, .allocate = allocate_lowest};
    if (info.command_line != 0 && reachable(info.command_line, 1))
        machine.arguments = at<char>(info.command_line);
    if (info.module_count != 0 && reachable(info.modules, sizeof(ModuleEntry))) {
        ModuleEntry const& bundle = *at<ModuleEntry>(info.modules);
        if (!reachable(bundle.address, bundle.size)) return Failure{"bundle", "lies above 4 GiB"};
        if (bundle.size != 0) {
            machine.bundle = {at<u8>(bundle.address), bundle.size};
            TRY(map.claim(bundle.address, bundle.size, RegionKind::loader));
        }
    }
    machine.rsdp = info.rsdp != 0 ? info.rsdp : find_rsdp_in_low_memory();
    Prepared const prepared = TRY(prepare(machine));
    TRY(finish(prepared, map));
    enter_kernel(prepared);
}

} // namespace
} // namespace boot

extern "C" void loader_main(u32, u32 start_info)
{
    boot::catch_exceptions();
    boot::console_start_serial();
    boot::console_use_vga_text();
    boot::require(boot::boot_from(*boot::at<boot::StartInfo>(start_info)));
}

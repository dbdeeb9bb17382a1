// Chunks of extra boot information. Called from boot/root_server.cpp.
#include "boot/extra_boot_info.hpp"

#include "abi/constants.hpp"
#include "abi/extensions.hpp"
#include "kit/bits.hpp"
#include <cstring>

namespace mk {

namespace {

/// Writes chunks one after the other and counts their bytes, also those that found no room: a
/// writer without room measures.
class ChunkWriter {
public:
    /// `room` is zero.
    explicit ChunkWriter(std::span<u8> room) : room_{room} {}
    enum class Filling : u8 {
        none,
        to_8_bytes ///< the next chunk begins aligned; the length counts the filling
    };
    void chunk(u64 id, void const* payload, usize bytes, Filling filling)
    {
        usize const end = used_ + sizeof(abi::BootInfoHeader) + bytes;
        usize const next = filling == Filling::to_8_bytes ? align_up(end, 3) : end;
        abi::BootInfoHeader const header{id, next - used_};
        write(used_, &header, sizeof header);
        write(used_ + sizeof header, payload, bytes);
        used_ = next;
    }
    template <class T> void chunk(u64 id, T const& payload, Filling filling)
    {
        chunk(id, &payload, sizeof payload, filling);
    }
    /// Bytes of all chunks. The rest of the room becomes padding that they do not count.
    usize finish()
    {
        abi::BootInfoHeader const rest{u64(abi::BootInfoId::padding), room_.size() - used_};
        write(used_, &rest, sizeof rest); // only if it fits
        return used_;
    }

private:
    void write(usize at, void const* data, usize bytes)
    {
        if (at <= room_.size() && bytes <= room_.size() - at)
            std::memcpy(room_.data() + at, data, bytes);
    }

    std::span<u8> room_;
    usize used_ = 0;
};

/// Memory types of the multiboot memory map. RAM in use by whomever is RAM to the firmware.
u32 map_type(boot::RegionKind kind)
{
    constexpr u32 ram = 1, reserved = 2, acpi = 3;
    using K = boot::RegionKind;
    return kind == K::reserved || kind == K::runtime_firmware ? reserved
           : kind == K::acpi                                  ? acpi
                                                              : ram;
}

/// seL4's chunk is always as long as the longest map; what is behind the last entry is zero.
struct [[gnu::packed]] MemoryMap {
    u32 bytes;
    abi::MemoryMapEntry entry[abi::max_memory_map_entries];
};
static_assert(sizeof(MemoryMap) == 1204);

MemoryMap memory_map(boot::Handoff const& handoff)
{
    MemoryMap map{};
    u32 count = 0;
    for (boot::Region const& region : handoff.memory()) {
        u32 const type = map_type(region.kind);
        abi::MemoryMapEntry* const last = count > 0 ? &map.entry[count - 1] : nullptr;
        if (last && last->type == type && last->base + last->length == region.base)
            last->length = last->length + region.size;
        else if (count < abi::max_memory_map_entries)
            map.entry[count++] = {20, region.base, region.size, type};
    }
    map.bytes = u32(count * sizeof(abi::MemoryMapEntry));
    return map;
}

/// Payload of multiboot2's framebuffer tag, direct RGB colour.
struct [[gnu::packed]] FramebufferPayload {
    u64 address;
    u32 pitch, width, height;
    u8 bits, type;
    u16 reserved;
    struct {
        u8 position, size;
    } red, green, blue;
};
static_assert(sizeof(FramebufferPayload) == 30);

FramebufferPayload framebuffer_payload(boot::Framebuffer const& f)
{
    constexpr u8 direct_rgb = 1;
    return {f.address,  f.pitch, f.width,          f.height,           u8(f.bits),
            direct_rgb, 0,       {f.red_shift, 8}, {f.green_shift, 8}, {f.blue_shift, 8}};
}

/// The payload of our modules chunk, of which the first bytes() count.
struct ModuleList {
    abi::BootModules head{};
    abi::BootModule module[boot::max_modules] = {};
    usize bytes() const { return sizeof head + head.count * sizeof *module; }
};

ModuleList module_list(std::span<boot::Module const> files, UntypedList const& untypeds)
{
    ModuleList list;
    for (boot::Module const& from : files) {
        auto const run = untypeds.find(from.address, align_up(from.end(), abi::page_bits));
        abi::BootModule& module = list.module[list.head.count++];
        module = {from.address, from.size, run.first, run.count, {}, {}};
        std::memcpy(module.name, from.name, sizeof module.name - 1);
        std::memcpy(module.sha256, from.sha256, sizeof module.sha256);
    }
    return list;
}

} // namespace

usize write_extra_boot_info(std::span<u8> room, boot::Handoff const& handoff,
                            Platform const& machine, UntypedList const& untypeds)
{
    using Filling = ChunkWriter::Filling;
    ChunkWriter out{room};
    if (machine.rsdp_address != 0) {
        static_assert(sizeof machine.rsdp == abi::acpi_rsdp_bytes);
        out.chunk(u64(abi::BootInfoId::x86_acpi_rsdp), machine.rsdp,
                  Filling::none); // as seL4 has it
    }
    out.chunk(u64(abi::BootInfoId::x86_memory_map), memory_map(handoff), Filling::to_8_bytes);
    if (handoff.module_count > 1) {
        ModuleList const list = module_list(handoff.files().subspan(1), untypeds);
        out.chunk(abi::boot_info_modules, &list, list.bytes(), Filling::none);
    }
    if (handoff.framebuffer.address != 0)
        out.chunk(u64(abi::BootInfoId::x86_framebuffer), framebuffer_payload(handoff.framebuffer),
                  Filling::to_8_bytes);
    out.chunk(u64(abi::BootInfoId::x86_tsc_frequency), u32(machine.tsc_hz / 1'000'000),
              Filling::none);
    out.chunk(abi::boot_info_clock, abi::BootClock{machine.tsc_at_entry, machine.tsc_hz},
              Filling::none);
    return out.finish();
}

} // namespace mk

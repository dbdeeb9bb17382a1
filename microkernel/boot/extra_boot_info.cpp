// Chunks of extra boot information. Called from boot/root_server.cpp.
#include "boot/extra_boot_info.hpp"

#include "abi/constants.hpp"
#include "abi/extensions.hpp"
#include "kit/bits.hpp"
#include <cstring>

namespace mk {

void ChunkWriter::write(usize at, void const* data, usize bytes)
{
    if (at <= room_.size() && bytes <= room_.size() - at)
        std::memcpy(room_.data() + at, data, bytes);
}

void ChunkWriter::put(void const* data, usize bytes)
{
    write(used_, data, bytes);
    used_ += bytes;
}

void ChunkWriter::begin(u64 id)
{
    end_chunk();
    chunk_ = used_;
    open_ = true;
    put(abi::BootInfoHeader{id, 0});
}

void ChunkWriter::end_chunk()
{
    u64 const length = used_ - chunk_;
    if (open_) write(chunk_ + offsetof(abi::BootInfoHeader, length), &length, sizeof length);
    open_ = false;
}

void ChunkWriter::align()
{
    static constexpr u8 zeros[8] = {};
    put(zeros, align_up(used_, 3) - used_);
}

usize ChunkWriter::finish()
{
    end_chunk();
    usize const length = used_;
    abi::BootInfoHeader const rest{u64(abi::BootInfoId::padding), room_.size() - used_};
    write(used_, &rest, sizeof rest); // only if it fits
    return length;
}

namespace {

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
    for (u32 i = 0; i < handoff.region_count; ++i) {
        boot::Region const& region = handoff.regions[i];
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

void put_modules(ChunkWriter& out, boot::Handoff const& handoff, UntypedList const& untypeds)
{
    out.begin(abi::boot_info_modules);
    out.put(abi::BootModules{handoff.module_count - 1});
    for (u32 i = 1; i < handoff.module_count; ++i) {
        boot::Module const& from = handoff.modules[i];
        auto const run =
            untypeds.find(from.address, align_up(from.address + from.size, abi::page_bits));
        abi::BootModule module{from.address, from.size, run.first, run.count, {}, {}};
        std::memcpy(module.name, from.name, sizeof module.name - 1);
        std::memcpy(module.sha256, from.sha256, sizeof module.sha256);
        out.put(module);
    }
}

} // namespace

usize write_extra_boot_info(std::span<u8> room, boot::Handoff const& handoff,
                            Platform const& machine, UntypedList const& untypeds)
{
    ChunkWriter out{room};
    if (machine.rsdp_address != 0) {
        static_assert(sizeof machine.rsdp == abi::acpi_rsdp_bytes);
        out.begin(u64(abi::BootInfoId::x86_acpi_rsdp));
        out.put(machine.rsdp);
    }
    out.begin(u64(abi::BootInfoId::x86_memory_map));
    out.put(memory_map(handoff));
    out.align(); // no filling behind an RSDP, as seL4 has it
    if (handoff.module_count > 1) put_modules(out, handoff, untypeds);
    if (handoff.framebuffer.address != 0) {
        out.begin(u64(abi::BootInfoId::x86_framebuffer));
        out.put(framebuffer_payload(handoff.framebuffer));
        out.align();
    }
    out.begin(u64(abi::BootInfoId::x86_tsc_frequency));
    out.put(u32(machine.tsc_hz / 1'000'000));
    return out.finish();
}

} // namespace mk

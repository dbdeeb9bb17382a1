// See device.hpp.
#include "pci/device.hpp"

#include "kit/bits.hpp"

namespace pci {

namespace {

constexpr u16 status_capabilities = 1 << 4;
constexpr u8 several_functions_bit = 0x80;
constexpr u16 first_capability = 0x40;
/// Capabilities are 4 bytes at least, behind the header: a longer list is a loop.
constexpr int most_capabilities = (256 - first_capability) / 4;
enum CapabilityId : u8 {
    id_power = 1,
    id_msi = 5,
    id_vendor = 9,
    id_express = 0x10,
    id_msix = 0x11,
    id_advanced_features = 0x13,
};
constexpr u32 bar_is_io = 1, bar_type = 3 << 1, bar_is_wide = 2 << 1, bar_prefetchable = 1 << 3;
constexpr u32 class_host_bridge = 0x0600;

u8 bars_of(Device const& device)
{
    if (device.header_type == 0) return bar_count;
    return device.is_bridge() ? 2 : 0;
}

u16 bar_register(u8 bar)
{
    return static_cast<u16>(reg_bar0 + 4 * bar);
}

/// What a BAR register keeps of all ones; its contents are as before afterwards.
u32 changeable_bits(Config& config, Function at, u8 bar, u32 contents)
{
    config.write32(at, bar_register(bar), ~u32{0});
    u32 const kept = config.read32(at, bar_register(bar));
    config.write32(at, bar_register(bar), contents);
    return kept;
}

/// The size that a mask of changeable address bits means: its lowest bit. A mask with holes, or of
/// an absurd size, is no BAR.
u64 size_of(u64 mask, u64 all)
{
    u64 const size = mask & (~mask + 1);
    bool const sound = mask != 0 && mask == (all & ~(size - 1));
    return sound && size <= bit(46) ? size : 0;
}

/// Reads BAR `index`; returns how many registers it takes.
u8 read_bar(Config& config, Device& device, u8 index, u8 count)
{
    Bar& bar = device.bar[index] = {};
    u32 const low = config.read32(device.at, bar_register(index));
    u32 const low_mask = changeable_bits(config, device.at, index, low);
    if (low & bar_is_io) {
        u64 const ports = low_mask & 0xfffc;
        bar = {low & ~u32{3}, size_of(ports, 0xfffc), false, false, false};
        return 1;
    }
    bar.memory = true;
    bar.prefetchable = (low & bar_prefetchable) != 0;
    bar.address = low & ~u32{15};
    if ((low & bar_type) != bar_is_wide || index + 1 >= count) {
        bar.size = size_of(low_mask & ~u32{15}, 0xffff'fff0);
        return 1;
    }
    bar.wide = true;
    u8 const next = static_cast<u8>(index + 1);
    u32 const high = config.read32(device.at, bar_register(next));
    u32 const high_mask = changeable_bits(config, device.at, next, high);
    bar.address |= u64{high} << 32;
    bar.size = size_of(u64{high_mask} << 32 | (low_mask & ~u32{15}), ~u64{15});
    device.bar[next] = {};
    return 2;
}

void note_capability(Capabilities& has, u8 id, u8 offset)
{
    switch (id) {
    case id_power:
        has.power = offset;
        return;
    case id_msi:
        has.msi = offset;
        return;
    case id_msix:
        has.msix = offset;
        return;
    case id_express:
        has.express = offset;
        return;
    case id_advanced_features:
        has.advanced_features = offset;
        return;
    case id_vendor:
        if (has.vendor_count < sizeof has.vendor) has.vendor[has.vendor_count++] = offset;
        return;
    default:
        return;
    }
}

void read_capabilities(Config& config, Device& device)
{
    if (!(config.read16(device.at, reg_status) & status_capabilities)) return;
    u8 offset = config.read8(device.at, reg_capabilities) & 0xfc;
    for (int i = 0; i < most_capabilities && offset >= first_capability; ++i) {
        u16 const head = config.read16(device.at, offset);
        if (head == 0xffff) return; // the device went
        note_capability(device.capabilities, static_cast<u8>(head), offset);
        offset = static_cast<u8>(head >> 8) & 0xfc;
    }
}

void read_msix(Config& config, Device& device)
{
    u8 const at = device.capabilities.msix;
    if (at == 0 || at > 256 - 12) return;
    u32 const table = config.read32(device.at, static_cast<u16>(at + 4));
    u32 const pending = config.read32(device.at, static_cast<u16>(at + 8));
    Msix msix;
    msix.entries =
        static_cast<u16>((config.read16(device.at, static_cast<u16>(at + 2)) & 0x7ff) + 1);
    msix.table_bar = table & 7, msix.table_offset = table & ~u32{7};
    msix.pending_bar = pending & 7, msix.pending_offset = pending & ~u32{7};
    if (bar_holds(device, msix.table_bar, msix.table_offset, msix.table_bytes()) &&
        bar_holds(device, msix.pending_bar, msix.pending_offset, msix.pending_bytes()))
        device.msix = msix;
}

} // namespace

bool bar_holds(Device const& device, u8 bar, u64 offset, u64 bytes)
{
    if (bar >= bar_count) return false;
    Bar const& it = device.bar[bar];
    return it.memory && offset <= it.size && bytes <= it.size - offset;
}

void read_bars(Config& config, Device& device)
{
    u16 const command = config.read16(device.at, reg_command);
    u16 const decoding = command_io | command_memory;
    config.write16(device.at, reg_command, static_cast<u16>(command & ~decoding));
    u8 const count = bars_of(device);
    for (u8 index = 0; index < count;)
        index = static_cast<u8>(index + read_bar(config, device, index, count));
    config.write16(device.at, reg_command, command);
}

void write_bars(Config& config, Device const& device)
{
    for (u8 index = 0; index < bars_of(device); ++index) {
        Bar const& bar = device.bar[index];
        if (bar.size == 0) continue;
        config.write32(device.at, bar_register(index), static_cast<u32>(bar.address));
        if (bar.wide)
            config.write32(device.at, bar_register(static_cast<u8>(index + 1)),
                           static_cast<u32>(bar.address >> 32));
    }
}

Result<Device> probe(Config& config, Function at)
{
    Device device;
    device.at = at;
    u32 const identity = config.read32(at, reg_vendor);
    device.vendor = static_cast<u16>(identity);
    device.device = static_cast<u16>(identity >> 16);
    if (device.vendor == no_vendor || device.vendor == 0) return Error::not_found;
    device.class_code = config.read32(at, reg_class) >> 8;
    u8 const type = config.read8(at, reg_header_type);
    device.header_type = type & 0x7f;
    device.several_functions = (type & several_functions_bit) != 0;
    u16 const interrupt = config.read16(at, reg_interrupt_line);
    device.interrupt_line = static_cast<u8>(interrupt);
    device.interrupt_pin = interrupt >> 8 <= 4 ? static_cast<u8>(interrupt >> 8) : u8{0};
    // A host bridge's BARs are the machine's memory: nothing to move, and not to be switched off.
    if (device.class_code >> 8 != class_host_bridge) read_bars(config, device);
    read_capabilities(config, device);
    read_msix(config, device);
    return device;
}

} // namespace pci

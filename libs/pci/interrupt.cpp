// See interrupt.hpp.
#include "pci/interrupt.hpp"

namespace pci {

namespace {

constexpr u16 msix_enable = 1 << 15, msix_mask_all = 1 << 14;
constexpr u16 msi_enable = 1, msi_multiple = 7 << 4, msi_wide = 1 << 7, msi_maskable = 1 << 8;
constexpr usize words_per_entry = 4, control_word = 3;
constexpr u32 entry_masked = 1;

constexpr u16 at(u8 capability, unsigned offset)
{
    return static_cast<u16>(capability + offset);
}

} // namespace

void write_msix_entry(u32 volatile* table, u16 index, Message message)
{
    u32 volatile* const entry = table + words_per_entry * index;
    entry[control_word] = entry_masked; // no half of two messages is ever sent
    entry[0] = static_cast<u32>(message.address);
    entry[1] = static_cast<u32>(message.address >> 32);
    entry[2] = message.data;
    entry[control_word] = 0;
}

void mask_msix_entry(u32 volatile* table, u16 index)
{
    table[words_per_entry * index + control_word] = entry_masked;
}

void enable_msix(Config& config, Device const& device)
{
    u8 const capability = device.capabilities.msix;
    if (capability == 0) return;
    config.change16(device.at, at(capability, 2), msix_enable | msix_mask_all, msix_enable);
}

void mask_msix(Config& config, Device const& device)
{
    u8 const capability = device.capabilities.msix;
    if (capability == 0) return;
    config.change16(device.at, at(capability, 2), msix_mask_all, msix_mask_all);
}

void enable_msi(Config& config, Device const& device, Message message)
{
    u8 const capability = device.capabilities.msi;
    if (capability == 0) return;
    u16 const control = config.read16(device.at, at(capability, 2));
    bool const wide = (control & msi_wide) != 0;
    unsigned const data_at = wide ? 12 : 8;
    config.write32(device.at, at(capability, 4), static_cast<u32>(message.address));
    if (wide) config.write32(device.at, at(capability, 8), static_cast<u32>(message.address >> 32));
    config.write16(device.at, at(capability, data_at), static_cast<u16>(message.data));
    if (control & msi_maskable) config.write32(device.at, at(capability, data_at + 4), 0);
    config.write16(device.at, at(capability, 2),
                   static_cast<u16>((control & ~msi_multiple) | msi_enable));
}

void disable_msi(Config& config, Device const& device)
{
    u8 const capability = device.capabilities.msi;
    if (capability != 0) config.change16(device.at, at(capability, 2), msi_enable, 0);
}

} // namespace pci

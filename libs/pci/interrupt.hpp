// How a function signals interrupts: MSI-X (a table in a BAR, which device-manager owns), MSI (a
// capability), or a pin (off while one of the others is on). A message is a write of `data` to
// `address`, which the CPU's local APIC takes as an interrupt.
// [PCI Local Bus 3.0, "MSI and MSI-X Capability"; Intel SDM volume 3, "Message Signalled
// Interrupts"]
#pragma once

#include "pci/device.hpp"

namespace pci {

struct Message {
    u64 address;
    u32 data;
};
/// Edge triggered, fixed delivery to one CPU.
/// @param cpu_vector  abi::irq_offset + vector of IRQControl.GetMSI
constexpr Message message_for(u8 apic_id, u8 cpu_vector)
{
    return {0xfee0'0000 | u64{apic_id} << 12, cpu_vector};
}

/// Entry `index` of an MSI-X table that is mapped at `table`: the message, unmasked.
void write_msix_entry(u32 volatile* table, u16 index, Message message);
void mask_msix_entry(u32 volatile* table, u16 index);

/// Switches MSI-X on, and with it pins and MSI off. Does nothing without the capability.
void enable_msix(Config& config, Device const& device);
/// Lets none of its messages out, whatever the entries say. MSI-X stays on where it is: a device
/// that is still at work sends none by its pin instead. [PCI 3.0, "Message Control for MSI-X"]
void mask_msix(Config& config, Device const& device);
/// Switches the function's first MSI message on, alone, and its pin off.
void enable_msi(Config& config, Device const& device, Message message);
void disable_msi(Config& config, Device const& device);

} // namespace pci

// See machine.hpp.
#include "machine.hpp"

#include "acpi/field.hpp"
#include "free_window.hpp"
#include <cstring>

namespace device_manager {

Framebuffer read_framebuffer(std::span<u8 const> payload)
{
    // Multiboot2's layout, which seL4 has taken over.
    constexpr usize bytes = 30;
    if (payload.size() < bytes) return {};
    Framebuffer f{.address = acpi::field_of<u64>(payload, 0),
                  .pitch = acpi::field_of<u32>(payload, 8),
                  .width = acpi::field_of<u32>(payload, 12),
                  .height = acpi::field_of<u32>(payload, 16),
                  .bits = payload[20],
                  .red_shift = payload[24],
                  .green_shift = payload[26],
                  .blue_shift = payload[28]};
    bool const sound = f.address >> 46 == 0 && f.bits == 32 && f.pitch / 4 >= f.width &&
                       f.width > 0 && f.height > 0 && f.bytes() <= 256 * 1024 * 1024;
    return sound ? f : Framebuffer{};
}

u8 volatile* EcamWindow::bus(u8 number)
{
    if (bus_[number]) return bus_[number];
    if (number < ecam_.first_bus || number > ecam_.last_bus) return nullptr;
    u64 const physical = ecam_.base + number * pci::ecam_bus_bytes;
    // One large page where the buses' addresses allow: it costs as much as one function's.
    u64 const pair = align_down(physical, abi::large_page_bits);
    auto* const mapped = memory_.registers(pair, bit(abi::large_page_bits));
    return bus_[number] = mapped ? mapped + (physical - pair) : nullptr;
}

Machine::Machine(DeviceMemory& memory, Ports& ports, handover::Devices const& given)
    : memory_{memory}, window_{memory}, ecam_{window_},
      port_config_{ports.own(pci::port_address, pci::port_data + 3)}, given_{given}
{
    if (given.rsdp_bytes != 0 && given.rsdp_bytes <= sizeof given.rsdp) {
        auto const rsdp = acpi::parse_rsdp({given.rsdp, given.rsdp_bytes});
        if (rsdp) rsdp_ = *rsdp;
    }
    if (given.framebuffer_bytes <= sizeof given.framebuffer)
        framebuffer = read_framebuffer({given.framebuffer, given.framebuffer_bytes});
}

std::span<u8 const> Machine::table(std::string_view signature)
{
    if (!rsdp_) return {};
    auto const found = acpi::find_table(memory_.physical_view(), *rsdp_, signature);
    return found && *found ? **found : std::span<u8 const>{};
}

std::span<u8 const> Machine::table_at(u64 address, std::string_view signature)
{
    auto const found = acpi::read_table(memory_.physical_view(), address, signature);
    return found ? *found : std::span<u8 const>{};
}

/// What firmware left running must neither write to memory nor interrupt.
void Machine::calm(pci::Device const& device)
{
    if (device.is_bridge())
        config_->change16(device.at, pci::reg_command, pci::command_bus_master,
                          pci::command_bus_master); // what is behind it has a bit of its own
    else
        config_->change16(device.at, pci::reg_command,
                          pci::command_bus_master | pci::command_interrupt_disable,
                          pci::command_interrupt_disable);
}

void Machine::explore()
{
    acpi::Mcfg mcfg;
    u8 last_bus = 255;
    if (auto const table = this->table("MCFG"); !table.empty() && acpi::parse_mcfg(table, mcfg))
        for (acpi::Ecam const& ecam : mcfg)
            if (ecam.segment == 0 && ecam.first_bus == 0) {
                window_.use(ecam);
                if (!window_.bus(0)) continue;
                config_ = &ecam_;
                last_bus = ecam.last_bus;
                config_space_ = ecam.base;
            }
    if (auto const table = this->table("HPET"); !table.empty())
        if (auto const found = acpi::parse_hpet(table)) hpet = (*found).address;
    acpi::Dmar dmar{};
    if (auto const table = this->table("DMAR"); !table.empty())
        remaps_dma = acpi::parse_dmar(table, dmar) && dmar.units.size() > 0;
    pci::enumerate(*config_, 0, last_bus, inventory);
    if (nothing_is_placed()) place_all(last_bus);
    for (pci::Device const& device : inventory.devices()) calm(device);
}

/// Whether firmware left all of PCI alone: then its addresses are ours to give. Where it placed
/// some functions and not others it had its reasons.
bool Machine::nothing_is_placed()
{
    for (pci::Bridge const& bridge : inventory.bridges()) // a window at 0 is what a reset leaves
        for (pci::Window const& window : {bridge.memory, bridge.prefetchable})
            if (window.first != 0 && window.first <= window.last) return false;
    for (pci::Device const& device : inventory.devices())
        for (pci::Bar const& bar : device.bar)
            if (bar.memory && bar.size != 0 && bar.address != 0) return false;
    return true;
}

void Machine::place_all(u8 last_bus)
{
    u64 const buses = config_ == &ecam_ ? last_bus + u64{1} : 0;
    pci::Bridge const root{{},
                           0,
                           last_bus,
                           free_window({given_.memory, given_.memory_count}, config_space_,
                                       config_space_ + buses * pci::ecam_bus_bytes),
                           {}};
    inventory.clear();
    if (pci::add_behind(*config_, root, inventory)) return;
    inventory.clear();
    pci::enumerate(*config_, 0, last_bus, inventory);
}

u64 Machine::framebuffer_span()
{
    u64 const start = align_down(framebuffer.address, abi::page_bits);
    u64 const end = framebuffer.address + framebuffer.bytes();
    u64 const rounded = align_up(end - start, abi::large_page_bits);
    for (pci::Device const& device : inventory.devices())
        for (pci::Bar const& bar : device.bar)
            if (bar.memory && bar.address <= start && bar.size >= rounded &&
                start - bar.address <= bar.size - rounded)
                return rounded;
    return align_up(end - start, abi::page_bits);
}

Result<void> Machine::add_behind(pci::Bridge const& bridge)
{
    usize const before = inventory.device_count;
    TRY(pci::add_behind(*config_, bridge, inventory));
    for (pci::Device const& device : inventory.devices().subspan(before)) calm(device);
    return {};
}

} // namespace device_manager

// See express.hpp.
#include "pci/express.hpp"

namespace pci {

namespace {

// Offsets in the capability.
constexpr unsigned express_flags = 0x02, device_capabilities = 0x04, device_control = 0x08,
                   device_status = 0x0a, link_capabilities = 0x0c, link_status = 0x12,
                   slot_capabilities = 0x14, slot_control = 0x18, slot_status = 0x1a;
constexpr u16 flag_slot = 1 << 8;
constexpr u32 can_reset = 1 << 28;
constexpr u16 initiate_reset = 1 << 15, pending = 1 << 5;
constexpr u32 link_reports_active = 1 << 20;
constexpr u16 link_active = 1 << 13;
constexpr u32 slot_power_control = 1 << 1, slot_hot_plug = 1 << 6,
              slot_no_command_completed = 1 << 18;
constexpr int command_polls = 10'000;
// Slot control.
constexpr u16 on_attention = 1, on_presence = 1 << 3, on_command = 1 << 4, on_hot_plug = 1 << 5,
              power_light = 3 << 8, power_light_on = 1 << 8, power_light_off = 3 << 8,
              power_off = 1 << 10, on_link = 1 << 12;
// Slot status.
constexpr u16 attention_pressed = 1, presence_changed = 1 << 3, command_completed = 1 << 4,
              present = 1 << 6, link_changed = 1 << 8;
// Advanced features.
constexpr u16 af_capabilities = 3, af_control = 4, af_status = 5;
constexpr u8 af_can_reset = 3; ///< reset, and it tells of pending transactions

constexpr u16 at(u8 capability, unsigned offset)
{
    return static_cast<u16>(capability + offset);
}

bool express_can_reset(Config& config, Device const& device)
{
    u8 const express = device.capabilities.express;
    if (express == 0) return false;
    u32 const can = config.read32(device.at, at(express, device_capabilities));
    return can != ~u32{0} && (can & can_reset) != 0;
}

} // namespace

bool has_function_reset(Config& config, Device const& device)
{
    if (express_can_reset(config, device)) return true;
    u8 const af = device.capabilities.advanced_features;
    return af != 0 && (config.read8(device.at, at(af, af_capabilities)) & af_can_reset) == 3;
}

void start_function_reset(Config& config, Device const& device)
{
    if (express_can_reset(config, device))
        config.change16(device.at, at(device.capabilities.express, device_control), initiate_reset,
                        initiate_reset);
    else if (u8 const af = device.capabilities.advanced_features)
        config.write8(device.at, at(af, af_control), 1);
}

bool transactions_pending(Config& config, Device const& device)
{
    if (u8 const express = device.capabilities.express)
        return (config.read16(device.at, at(express, device_status)) & pending) != 0;
    if (u8 const af = device.capabilities.advanced_features)
        return (config.read8(device.at, at(af, af_status)) & 1) != 0;
    return false;
}

Slot Slot::of(Config& config, Device const& port)
{
    Slot slot;
    u8 const express = port.capabilities.express;
    if (!port.is_bridge() || express == 0) return slot;
    if (!(config.read16(port.at, pci::at(express, express_flags)) & flag_slot)) return slot;
    u32 const can = config.read32(port.at, pci::at(express, slot_capabilities));
    if (!(can & slot_hot_plug)) return slot;
    slot.port_ = port.at;
    slot.express_ = express;
    slot.power_control_ = (can & slot_power_control) != 0;
    slot.reports_commands_ = !(can & slot_no_command_completed);
    slot.reports_link_ =
        (config.read32(port.at, pci::at(express, link_capabilities)) & link_reports_active) != 0;
    return slot;
}

u16 Slot::listen(Config& config) const
{
    constexpr u16 events = on_attention | on_presence | on_hot_plug | on_link;
    command(config, events | on_command, events);
    return config.read16(port_, at(express_flags)) >> 9 & 31;
}

SlotStatus Slot::take_status(Config& config) const
{
    u16 const status = config.read16(port_, at(slot_status));
    if (status == 0xffff) return {}; // the port itself went
    // Bits are cleared by writing them.
    config.write16(port_, at(slot_status),
                   status &
                       (attention_pressed | presence_changed | command_completed | link_changed));
    bool const up = !reports_link_ || (config.read16(port_, at(link_status)) & link_active) != 0;
    return {(status & attention_pressed) != 0, (status & present) != 0,
            (status & presence_changed) != 0, (status & link_changed) != 0, up};
}

bool Slot::powered(Config& config) const
{
    return !power_control_ || !(config.read16(port_, at(slot_control)) & power_off);
}

void Slot::set_power(Config& config, bool on) const
{
    command(config, power_light | (power_control_ ? power_off : u16{0}),
            on ? power_light_on : static_cast<u16>(power_light_off | power_off));
}

/// Writes slot control and waits until the port has carried it out: it takes no second command
/// before.
void Slot::command(Config& config, u16 mask, u16 value) const
{
    config.change16(port_, at(slot_control), mask, value);
    if (!reports_commands_) return;
    for (int i = 0; i < command_polls; ++i)
        if (config.read16(port_, at(slot_status)) & command_completed) break;
    config.write16(port_, at(slot_status), command_completed);
}

} // namespace pci

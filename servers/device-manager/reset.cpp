// Resetting a device: the function by itself if it has that, else all that is behind its bridge,
// if nobody else's device is there. What configuration space loses by it is written again.
#include "devices.hpp"

namespace device_manager {

namespace {

constexpr u64 bus_reset_us = 2'000; ///< how long the reset line is held
constexpr int reset_waits = 10;     ///< of pci::reset_time_us, until a device must answer

} // namespace

/// Waits until the function answers again, and gives it back its addresses.
bool Devices::revive(pci::Device const& device)
{
    pci::Config& config = machine_.config();
    for (int i = 0; i < reset_waits; ++i) {
        own_.sleep_us(pci::reset_time_us);
        if (config.read16(device.at, pci::reg_vendor) != device.vendor) continue;
        pci::write_bars(config, device);
        config.change16(device.at, pci::reg_command,
                        pci::command_memory | pci::command_interrupt_disable,
                        pci::command_memory | pci::command_interrupt_disable);
        return !pci::transactions_pending(config, device);
    }
    return false;
}

bool Devices::reset(pci::Device& device)
{
    pci::Config& config = machine_.config();
    if (pci::has_function_reset(config, device)) {
        pci::start_function_reset(config, device);
        return revive(device);
    }
    pci::Bridge const* const bridge = machine_.inventory.bridge_to(device.at.bus());
    if (!bridge) return false;
    for (pci::Device const& other : machine_.inventory.devices()) {
        if (!bridge->leads_to(other.at.bus())) continue;
        u32 const driver = driver_of(other.at);
        if (driver != composition::no_index && !(other.at == device.at)) return false;
        if (other.is_bridge()) return false; // it would lose its buses and windows
    }
    constexpr u16 line = pci::bridge_secondary_reset;
    config.change16(bridge->at, pci::reg_bridge_control, line, line);
    own_.sleep_us(bus_reset_us);
    config.change16(bridge->at, pci::reg_bridge_control, line, 0);
    bool alive = true;
    for (pci::Device const& other : machine_.inventory.devices())
        if (other.at.bus() == bridge->secondary && !revive(other) && other.at == device.at)
            alive = false;
    return alive;
}

} // namespace device_manager

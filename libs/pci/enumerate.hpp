// All PCI functions of a machine, found once, bus by bus behind the bridges that firmware set up.
// Bus numbers come from devices: a bridge that leads to a bus seen already, or outside its parent's
// range, is listed but not followed, so that the search ends.
#pragma once

#include "pci/bridge.hpp"

namespace pci {

inline constexpr usize max_devices = 64, max_bridges = 16;

/// What there is; a device taken away makes those behind it move up.
struct Inventory {
    Device device[max_devices];
    usize device_count = 0;
    Bridge bridge[max_bridges];
    usize bridge_count = 0;
    u32 left_out = 0; ///< functions and bridges that did not fit or were not followed

    std::span<Device> devices() { return {device, device_count}; }
    std::span<Bridge> bridges() { return {bridge, bridge_count}; }
    void clear() { device_count = bridge_count = left_out = 0; }
    /// The bridge whose secondary bus this is, or null: a root bus.
    Bridge* bridge_to(u8 bus);
    Device* find(Function at);
};

/// Adds the functions of bus `bus` and, behind its bridges, of those up to `last_bus`.
void enumerate(Config& config, u8 bus, u8 last_bus, Inventory& out);

/// Adds the functions of bus `bus` only (a slot after something was plugged in). Returns how many.
usize scan_bus(Config& config, u8 bus, Inventory& out);

/// Takes every function on the buses first to last away, bridges too.
void forget_buses(Inventory& inventory, u8 first, u8 last);

} // namespace pci

// See enumerate.hpp.
#include "pci/enumerate.hpp"

namespace pci {

namespace {

constexpr unsigned devices_per_bus = 32, functions_per_device = 8;

/// Which buses were looked at.
class BusSet {
    u64 bits_[4] = {};

public:
    bool has(u8 bus) const { return (bits_[bus / 64] >> bus % 64 & 1) != 0; }
    void add(u8 bus) { bits_[bus / 64] |= u64{1} << bus % 64; }
};

void add(Inventory& out, Device const& device)
{
    if (out.device_count == max_devices)
        ++out.left_out;
    else
        out.device[out.device_count++] = device;
}

} // namespace

Bridge* Inventory::bridge_to(u8 bus)
{
    for (usize i = 0; i < bridge_count; ++i)
        if (bridge[i].secondary == bus) return &bridge[i];
    return nullptr;
}

Device* Inventory::find(Function at)
{
    for (Device& it : devices())
        if (it.at == at) return &it;
    return nullptr;
}

usize scan_bus(Config& config, u8 bus, Inventory& out)
{
    usize const before = out.device_count;
    for (unsigned slot = 0; slot < devices_per_bus; ++slot) {
        auto const first = probe(config, Function{bus, slot, 0});
        if (!first) continue; // function 0 must be there
        add(out, *first);
        for (unsigned f = 1; (*first).several_functions && f < functions_per_device; ++f)
            if (auto const other = probe(config, Function{bus, slot, f})) add(out, *other);
    }
    return out.device_count - before;
}

void enumerate(Config& config, u8 bus, u8 last_bus, Inventory& out)
{
    BusSet seen;
    seen.add(bus);
    scan_bus(config, bus, out);
    // Functions found behind a bridge are added behind it, so one pass reaches them all.
    for (usize i = 0; i < out.device_count; ++i) {
        Device const& device = out.device[i];
        if (!device.is_bridge()) continue;
        Bridge const bridge = read_bridge(config, device.at);
        Bridge const* const parent = out.bridge_to(device.at.bus());
        u8 const last = parent ? parent->subordinate : last_bus;
        bool const sound = bridge.secondary > device.at.bus() &&
                           bridge.secondary <= bridge.subordinate && bridge.subordinate <= last &&
                           !seen.has(bridge.secondary);
        if (!sound || out.bridge_count == max_bridges) {
            ++out.left_out;
            continue;
        }
        seen.add(bridge.secondary);
        out.bridge[out.bridge_count++] = bridge;
        scan_bus(config, bridge.secondary, out);
    }
}

void forget_buses(Inventory& inventory, u8 first, u8 last)
{
    usize kept = 0;
    for (usize i = 0; i < inventory.device_count; ++i) {
        u8 const bus = inventory.device[i].at.bus();
        if (bus < first || bus > last) inventory.device[kept++] = inventory.device[i];
    }
    inventory.device_count = kept;
    kept = 0;
    for (usize i = 0; i < inventory.bridge_count; ++i) {
        u8 const bus = inventory.bridge[i].at.bus();
        if (bus < first || bus > last) inventory.bridge[kept++] = inventory.bridge[i];
    }
    inventory.bridge_count = kept;
}

} // namespace pci

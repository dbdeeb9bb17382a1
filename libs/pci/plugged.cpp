// See plugged.hpp.
#include "pci/plugged.hpp"

#include "kit/bits.hpp"

namespace pci {

namespace {

/// Part `number` of `parts` of a window, in whole MiB; none when that is nothing.
Window part_of(Window window, usize parts, usize number)
{
    if (window.first > window.last) return {};
    u64 const first = align_up(window.first, window_bits);
    u64 const end = align_down(window.last + 1, window_bits);
    if (end <= first) return {};
    u64 const bytes = align_down((end - first) / parts, window_bits);
    if (bytes == 0) return {};
    return {first + number * bytes, first + (number + 1) * bytes - 1};
}

/// Gives the bridges among the functions from `first` on their parts.
void open_bridges(Config& config, Bridge const& parent, Windows const& rest, usize first,
                  Inventory& inventory)
{
    auto const found = inventory.devices().subspan(first);
    usize bridges = 0, number = 0;
    for (Device const& device : found) bridges += device.is_bridge();
    if (bridges == 0) return;
    usize const buses = static_cast<usize>(parent.subordinate - parent.secondary) / bridges;
    for (Device const& device : found) {
        if (!device.is_bridge()) continue;
        usize const bus = parent.secondary + 1u + number * buses;
        Bridge const bridge{device.at, static_cast<u8>(bus), static_cast<u8>(bus + buses - 1),
                            part_of(rest.memory, bridges, number),
                            part_of(rest.prefetchable, bridges, number)};
        ++number;
        bool const room = buses > 0 && inventory.bridge_count < max_bridges;
        auto const opened = room ? write_bridge(config, bridge) : Error::no_memory;
        if (opened)
            inventory.bridge[inventory.bridge_count++] = *opened;
        else
            ++inventory.left_out;
    }
}

Result<void> add_bus(Config& config, Bridge const& bridge, Inventory& inventory)
{
    usize const before = inventory.device_count;
    if (scan_bus(config, bridge.secondary, inventory) == 0) return Error::not_found;
    auto const rest = assign_bars(config, bridge, inventory.devices().subspan(before));
    if (!rest) {
        inventory.device_count = before;
        return rest.error();
    }
    open_bridges(config, bridge, *rest, before, inventory);
    return {};
}

} // namespace

Result<void> add_behind(Config& config, Bridge bridge, Inventory& inventory)
{
    usize next = inventory.bridge_count;
    TRY(add_bus(config, bridge, inventory));
    // Bridges found on the way are added behind, so one pass reaches them all.
    for (; next < inventory.bridge_count; ++next)
        (void)add_bus(config, inventory.bridge[next], inventory);
    return {};
}

} // namespace pci

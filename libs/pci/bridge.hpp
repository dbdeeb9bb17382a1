// Bridges: which buses are behind one, and which addresses it passes on. A device behind a bridge
// that is to be given addresses (it was plugged in while the system ran) gets them in the bridge's
// windows. [PCI-to-PCI Bridge Architecture 1.2, "Configuration Address Space"]
#pragma once

#include "kit/result.hpp"
#include "pci/device.hpp"
#include <span>

namespace pci {

/// Addresses [first, last]; none when first > last.
struct Window {
    u64 first = 1, last = 0;
    bool holds(u64 address, u64 bytes) const
    {
        return address >= first && address <= last && bytes <= last - address + 1;
    }
    friend bool operator==(Window const&, Window const&) = default;
};

struct Bridge {
    Function at;
    u8 secondary = 0, subordinate = 0; ///< the buses behind it
    Window memory, prefetchable;
    bool leads_to(u8 bus) const { return bus >= secondary && bus <= subordinate; }
};

inline constexpr u16 reg_primary_bus = 0x18, reg_secondary_bus = 0x19, reg_subordinate_bus = 0x1a,
                     reg_bridge_control = 0x3e;
inline constexpr unsigned window_bits = 20; ///< a window is whole MiB
inline constexpr u16 bridge_secondary_reset = 1 << 6;

/// Reads what the bridge `at` is set to.
Bridge read_bridge(Config& config, Function at);

/// Sets the bridge to what is said and lets it pass on memory both ways. Returns what came of it: a
/// window that it does not take is none. @error corrupt  it does not take its buses
Result<Bridge> write_bridge(Config& config, Bridge const& bridge);

/// What is left of a bridge's windows.
struct Windows {
    Window memory, prefetchable;
};
/// Gives every memory BAR of `devices` (all that is on the bridge's secondary bus, nothing of it in
/// use) an address in the bridge's windows and writes it. I/O BARs get none.
/// @error no_memory  they do not fit; BARs are as they were then
Result<Windows> assign_bars(Config& config, Bridge const& bridge, std::span<Device> devices);

} // namespace pci

// The PCI Express capability: resetting one function, and slots into which devices are plugged.
// [PCI Express Base 5.0, "PCI Express Capability Structure", "PCI Express Hot-Plug Support";
// PCI Local Bus ECN, "Advanced Capabilities for Conventional PCI"]
#pragma once

#include "pci/device.hpp"

namespace pci {

/// Whether the function can be reset by itself, by either capability that offers it.
bool has_function_reset(Config& config, Device const& device);
/// Starts a function-level reset; the function answers again at the latest after reset_time_us.
void start_function_reset(Config& config, Device const& device);
inline constexpr u64 reset_time_us = 100'000;

/// Whether requests of the function are still on their way. False when it cannot tell.
bool transactions_pending(Config& config, Device const& device);

/// A hot-plug slot below a port: what changed and what is there.
struct SlotStatus {
    bool attention;      ///< somebody pressed the button
    bool presence;       ///< a device is in it
    bool presence_moved; ///< since the last look
    bool link_moved;     ///< the link came up or went down
    bool link_up;        ///< true when the port cannot tell
};

/// The slot of a port, or none: `express` 0.
class Slot {
    Function port_;
    u8 express_ = 0;
    bool power_control_ = false, reports_link_ = false, reports_commands_ = false;

    u16 at(unsigned offset) const { return static_cast<u16>(express_ + offset); }
    void command(Config& config, u16 mask, u16 value) const;

public:
    Slot() = default;
    /// The slot behind `port`, if it is a port with a slot that is made for hot-plug.
    static Slot of(Config& config, Device const& port);

    explicit operator bool() const { return express_ != 0; }
    Function port() const { return port_; }

    /// Lets the port send an interrupt for each change. Returns its message number (MSI-X entry).
    u16 listen(Config& config) const;
    /// Reads what happened and acknowledges it.
    SlotStatus take_status(Config& config) const;
    bool powered(Config& config) const;
    /// Power and its light on or off. Off is also how a device learns that it may be taken out.
    void set_power(Config& config, bool on) const;
};

} // namespace pci

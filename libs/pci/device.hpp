// One PCI function as its configuration space describes it: identity, BARs with their sizes, where
// its capabilities are. Everything read is a device's word: sizes, offsets and indices are checked
// before they are kept, and a capability list cannot be longer than it has room for.
// [PCI Local Bus 3.0, "Base Addresses", "Capabilities List"; PCI Express Base 5.0, "Configuration
// Space"]
#pragma once

#include "kit/result.hpp"
#include "pci/config.hpp"

namespace pci {

struct Bar {
    u64 address = 0, size = 0; ///< bytes; size 0: there is no such BAR
    bool memory = false;       ///< else I/O ports
    bool wide = false;         ///< 64 bits: the next BAR is its upper half
    bool prefetchable = false;
};
inline constexpr u8 bar_count = 6;

/// Offsets in configuration space; 0: the function does not have it.
struct Capabilities {
    u8 power = 0, msi = 0, msix = 0, express = 0, advanced_features = 0;
    u8 vendor[8] = {}; ///< vendor-specific ones in the order of the list
    u8 vendor_count = 0;
};

/// The MSI-X structure: a table of vectors and an array of pending bits, each in a BAR.
struct Msix {
    u16 entries = 0; ///< 0: none that is sound
    u8 table_bar = 0, pending_bar = 0;
    u32 table_offset = 0, pending_offset = 0;
    u64 table_bytes() const { return u64{entries} * 16; }
    u64 pending_bytes() const { return (u64{entries} + 63) / 64 * 8; }
};

struct Device {
    Function at;
    u16 vendor = 0, device = 0;
    u32 class_code = 0; ///< class << 16 | subclass << 8 | interface
    u8 header_type = 0; ///< without the bit for several functions
    bool several_functions = false;
    u8 interrupt_line = 0xff, interrupt_pin = 0; ///< pin 1 to 4: INTA to INTD, 0: none
    Bar bar[bar_count];
    Capabilities capabilities;
    Msix msix;
    bool is_bridge() const { return header_type == 1; }
};

/// Reads the function at `at`. BARs are sized with address decoding off for the moment.
/// @error not_found  nobody answers there
Result<Device> probe(Config& config, Function at);

/// Reads the BARs again, after addresses were assigned or the function was reset.
void read_bars(Config& config, Device& device);

/// Writes the BAR addresses that `device` says (a reset clears them).
void write_bars(Config& config, Device const& device);

/// Whether [offset, offset + bytes) lies in memory BAR `bar`.
bool bar_holds(Device const& device, u8 bar, u64 offset, u64 bytes);

} // namespace pci

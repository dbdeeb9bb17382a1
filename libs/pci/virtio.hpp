// Where a modern virtio device keeps its register structures: vendor capabilities that each name a
// BAR, an offset and a length, checked against the BARs' sizes. A driver has no configuration
// space, so device-manager reads this for it.
// [Virtio 1.2, "Virtio Structure PCI Capabilities"]
#pragma once

#include "pci/device.hpp"

namespace pci {

struct VirtioStructure {
    u8 bar = 0xff; ///< 0xff: it has none
    u32 offset = 0, bytes = 0;
    explicit operator bool() const { return bar != 0xff; }
};
struct Virtio {
    VirtioStructure common, notify, isr, device;
    u32 notify_multiplier = 0; ///< bytes between the notify registers of two queues
};

inline constexpr u16 virtio_vendor = 0x1af4;

/// @error not_found  no virtio device, or an old one without the structures every driver needs
Result<Virtio> read_virtio(Config& config, Device const& device);

} // namespace pci

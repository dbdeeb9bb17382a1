// The structures of a driver's virtio device: the device-manager has read them out of the
// capabilities in PCI configuration space and names them among the driver's arguments.
#pragma once

#include "driver/device.hpp"
#include "virtio/device.hpp"

namespace virtio {

/// @param irq  the name of the need that is the device's one interrupt
inline Places places(program::Program const& self, char const* irq)
{
    auto const needed = [&](char const* part) {
        u64 const address = self.value("virtio", part);
        if (address == 0) driver::give_up(self, driver::not_given);
        return address;
    };
    u64 const notify = needed("notify");
    return {.common = needed("common"),
            .notify = notify,
            .notify_multiplier = self.value("virtio", "notify_mul"),
            .notify_end = notify + needed("notify.size"),
            .interrupt_status = needed("isr"),
            .config = self.value("virtio", "device"),
            .messages = self.value(irq, "kind") == device::irq_handler};
}

} // namespace virtio

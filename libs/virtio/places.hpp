// The structures of a driver's virtio device: the device-manager has read them out of the
// capabilities in PCI configuration space and names them among the driver's arguments.
#pragma once

#include "driver/device.hpp"
#include "virtio/device.hpp"

namespace virtio {

/// @param bar  the name of the need that maps the BAR they lie in
inline Places places(program::Program const& self, char const* bar)
{
    auto const needed = [&](char const* part) {
        u64 const address = self.value("virtio", part);
        if (address == 0) driver::give_up(self, driver::not_given);
        return address;
    };
    u64 const end = self.value(bar) + self.value(bar, "size");
    return {needed("common"), needed("notify"), self.value("virtio", "notify_mul"),
            end,              needed("isr"),    self.value("virtio", "device")};
}

} // namespace virtio

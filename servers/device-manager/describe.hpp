// One line about each device, for people: device::Describe.
#pragma once

#include "devices.hpp"

namespace device_manager {

/// @error not_found  there are not that many devices
Result<void> describe(u64 index, Machine& machine, Devices const& devices,
                      device::Describe::Reply& out);

} // namespace device_manager

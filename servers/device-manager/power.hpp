// Switches the machine off or starts it again, by every means there is, best first.
#pragma once

#include "machine.hpp"

namespace device_manager {

/// Both come back only when the machine has no switch that we know.
void switch_off(Machine& machine, Ports& ports);
void reboot(Machine& machine, Ports& ports);

} // namespace device_manager

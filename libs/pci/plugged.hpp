// What was plugged in behind a bridge, with further bridges in it: buses and addresses come out of
// what firmware reserved for the slot. Bridges on one bus share what their parent has left equally:
// bus numbers, and whole MiB of each window. Nobody knows what will be plugged in behind them
// later.
#pragma once

#include "pci/enumerate.hpp"

namespace pci {

/// Finds everything behind `bridge` (of which the inventory has nothing yet), gives it buses and
/// addresses, and adds it. Bridges without a bus left for them are listed, not followed.
/// @error not_found  nothing is there
/// @error no_memory  the BARs on the bridge's own bus do not fit: nothing is added then
Result<void> add_behind(Config& config, Bridge bridge, Inventory& inventory);

} // namespace pci

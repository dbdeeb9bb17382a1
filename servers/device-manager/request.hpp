// An Attach being carried out: what attach.cpp and bar_access.cpp both work on.
#pragma once

#include "devices.hpp"

namespace device_manager {

struct Devices::Request {
    u32 program;
    u64 space;
    composition::Program const& description;
    pci::Device* device; ///< null: a platform device
    Attachment& attachment;
    sys::CNode cnode; ///< the driver's
    Values values;
    u64 bar_address[pci::bar_count]; ///< where its BARs are mapped, 0: nowhere

    sys::Slot slot(u64 index) const { return cnode.slot(index, description.cnode_bits); }
};

} // namespace device_manager

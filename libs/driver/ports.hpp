// I/O ports through a capability: the Access of hw::Ports in a driver.
#pragma once

#include "hw/ports.hpp"
#include "runtime/runtime.hpp"
#include "sys/io_port.hpp"

namespace driver {

/// Exit status (and program::StatusPage::failed) of a driver that was not given what its manifest
/// names: there is nothing sensible it could do without.
inline constexpr int not_given = 2;

/// A range of ports from `first` on. The capability covers exactly what the manifest names, so a
/// refusal means that we were given something else, and ends the program.
struct PortRange {
    sys::IoPort capability;
    u16 first = 0;

    u8 in8(u16 offset) const
    {
        auto const value = capability.in8(static_cast<u16>(first + offset));
        if (!value) runtime::exit(not_given);
        return *value;
    }
    void out8(u16 offset, u8 value) const
    {
        if (!capability.out8(static_cast<u16>(first + offset), value)) runtime::exit(not_given);
    }
};

using Ports = hw::Ports<PortRange>;

} // namespace driver

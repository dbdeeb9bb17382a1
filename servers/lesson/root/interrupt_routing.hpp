// Which I/O APIC pin an ISA interrupt arrives at. Interrupt n is pin n unless the firmware's MADT
// says otherwise; nearly every machine moves the timer from 0 to 2.
#pragma once

#include "kit/types.hpp"
#include <span>

namespace root {

struct InterruptRoute {
    u64 io_apic; ///< number of the I/O APIC, in the order of the MADT
    u64 pin;
    bool level_triggered, active_low;
};

struct InterruptRoutes {
    InterruptRoute timer; ///< ISA interrupt 0
    InterruptRoute com1;  ///< ISA interrupt 4
};

/// Reads the routes from a MADT. An empty or unusable table gives what a PC has without one.
InterruptRoutes interrupt_routes(std::span<u8 const> madt);

} // namespace root

// Which I/O APIC pin an interrupt arrives at. ISA interrupt n is global system interrupt n unless
// the firmware's MADT says otherwise; nearly every machine moves the timer from 0 to 2.
#pragma once

#include "acpi/madt.hpp"

namespace acpi {

struct InterruptRoute {
    u64 io_apic; ///< number of the I/O APIC, in the order of the MADT
    u64 pin;
    bool level_triggered, active_low;
};

/// Reads a MADT into `out`; an empty or unusable table becomes what a PC has without one: one
/// I/O APIC, the timer at pin 2.
void read_interrupts(std::span<u8 const> madt, Madt& out);

/// The route of ISA interrupt `isa`.
InterruptRoute isa_route(Madt const& madt, u8 isa);

/// The pin of a global system interrupt that PCI lines share: level triggered, active low.
InterruptRoute pci_route(Madt const& madt, u32 gsi);

} // namespace acpi

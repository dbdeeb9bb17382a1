// I/O APICs: which pin raises which irq. A pin is masked until arch::set_irq_masked unmasks it, by
// every interrupt, and when its irq is given back. An MSI has no pin: masking one does nothing.
// Called from ipc/interrupt.cpp, and by traps.cpp through arch::set_irq_masked.
// Source: Intel 82093AA data sheet, "I/O Redirection Table Registers".
#pragma once

#include "kit/types.hpp"

namespace mk {

/// Maps them and masks every pin. Needs the local APIC and the kernel's page tables.
void init_io_apics();
unsigned io_apic_count();
/// Pins of I/O APIC `n`; 0 when there is none of that number.
unsigned io_apic_pins(unsigned n);
/// irq (0..107) is raised by this existing pin from now on. The pin stays masked.
void route_io_apic(unsigned irq, unsigned io_apic, unsigned pin, bool level, bool active_low);
/// Masks the pin of irq, if it has one, and forgets it. For MSIs and for handlers given back.
void unroute_irq(unsigned irq);

} // namespace mk

// The firmware tables the kernel reads itself: RSDP, MADT (interrupt controllers), HPET. Fills
// `platform`. Everything else in ACPI is user space's.
#pragma once

#include "boot/handoff.hpp"

namespace mk {

/// Needs the loader's page tables, which map all tables. Panics with one line when there is no
/// RSDP, or no MADT, or either is corrupt.
void read_acpi_tables(boot::Handoff const& handoff);

} // namespace mk

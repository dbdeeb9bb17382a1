// Which I/O APIC pins an interrupt line arrives at, on the two chipsets whose routing registers we
// know: the PIIX sends PIRQ A to D to the ISA interrupts that its registers name; the ICH9 has pins
// of their own for PIRQ A to H, 16 to 23. A function's Interrupt Line register holds the ISA
// number that firmware chose, so all PIRQs that are routed to it are pins it may use.
// [Intel 82371AB (PIIX4), "PIRQx Route Control"; Intel ICH9, "PIRQ[n]_ROUT"]
#pragma once

#include "pci/enumerate.hpp"

namespace pci {

/// Global system interrupts of one line: bit n is number n.
struct LinePins {
    u32 gsi = 0;
};

/// The bridge to ISA whose routing registers are known, or null.
Device const* find_router(Inventory& inventory);

/// @error not_supported  the router has no pin for this line (it is routed nowhere)
Result<LinePins> pins_of_line(Config& config, Device const& router, u8 line);

} // namespace pci

// Tables that say where hardware is: MCFG (memory-mapped configuration space), HPET, and DMAR
// (DMA remapping units). Each takes a table whose length and checksum acpi::find_table() has
// checked, and checks what is inside. Entries of kinds not known here are skipped.
// [PCI Firmware 3.3, "MCFG Table"; IA-PC HPET 1.0a, "ACPI 2.0 HPET Description Table";
// Intel VT-d 4.1, "BIOS Considerations"]
#pragma once

#include "acpi/madt.hpp"

namespace acpi {

/// Memory-mapped configuration space of the buses first_bus to last_bus of one segment.
struct Ecam {
    u64 base; ///< physical, of bus 0 (which may be outside the range): 1 MiB for each bus
    u16 segment;
    u8 first_bus, last_bus;
};
using Mcfg = BoundedList<Ecam, 8>;
/// @error bad_length, bad_entry_value (misaligned, or buses in the wrong order), too_many_entries
Result<void, Fault> parse_mcfg(std::span<u8 const> table, Mcfg& out);

struct Hpet {
    u64 address; ///< physical, of its 1 KiB of registers
    u8 number;   ///< which HPET of the machine
};
/// @error bad_length, bad_entry_value (not in memory, or misaligned)
Result<Hpet, Fault> parse_hpet(std::span<u8 const> table);

/// A DMA remapping unit.
struct RemappingUnit {
    u64 address; ///< physical, of its registers
    u16 segment;
    bool all_functions; ///< for every function that no other unit names
};
/// Memory that firmware goes on using by DMA: [first, last].
struct ReservedRegion {
    u64 first, last;
    u16 segment;
};
struct Dmar {
    u8 address_bits; ///< of DMA addresses
    bool interrupt_remapping;
    BoundedList<RemappingUnit, 16> units;
    BoundedList<ReservedRegion, 32> reserved;
};
/// @error bad_length, bad_entry_length, bad_entry_value, too_many_entries; `out` is then of no use
Result<void, Fault> parse_dmar(std::span<u8 const> table, Dmar& out);

} // namespace acpi

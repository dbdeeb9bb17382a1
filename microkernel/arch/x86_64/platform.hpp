// What boot found out about the machine, for boot_info and the interrupt decoders.
// Filled by acpi_tables.cpp and clock.cpp before the root server is made; constant afterwards.
#pragma once

#include "kit/types.hpp"

namespace mk {

inline constexpr unsigned max_io_apics = 8;

struct IoApicInfo {
    u64 address; ///< physical, one page that users never get
    unsigned pins;
};

struct Platform {
    u8 rsdp[36];      ///< copy of the ACPI RSDP (the 20 bytes of ACPI 1.0 are zero filled)
    u64 rsdp_address; ///< physical
    u64 local_apic;   ///< physical, one page that users never get (also in x2APIC mode)
    u64 hpet;         ///< physical, 0 when there is no HPET table
    IoApicInfo io_apic[max_io_apics];
    unsigned io_apic_count;
    u64 tsc_hz;       ///< ticks of the kernel's clock per second
    u64 tsc_at_entry; ///< when kernel_main began
};
extern Platform platform;

} // namespace mk

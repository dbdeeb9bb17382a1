// Fuzzes the tables of libs/acpi that say where devices are: the input is each of them in turn,
// after its length and checksum were believed.
#include "acpi/devices.hpp"
#include "acpi/fadt.hpp"
#include "acpi/interrupt_route.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    std::span<u8 const> const table{data, size};
    acpi::Mcfg mcfg;
    if (acpi::parse_mcfg(table, mcfg))
        for (acpi::Ecam const& it : mcfg)
            if (it.first_bus > it.last_bus || it.base >> 46 != 0) std::abort();
    static_cast<void>(acpi::parse_hpet(table));
    acpi::Dmar dmar{};
    static_cast<void>(acpi::parse_dmar(table, dmar));
    if (auto const fadt = acpi::parse_fadt(table); fadt && fadt->pm1a_control == 0) std::abort();
    if (auto const type = acpi::find_s5(table); type && *type > 7) std::abort();
    acpi::Madt madt;
    acpi::read_interrupts(table, madt);
    if (madt.io_apics.size() == 0) std::abort();
    for (unsigned isa = 0; isa < 16; ++isa)
        if (acpi::isa_route(madt, static_cast<u8>(isa)).io_apic >= madt.io_apics.size())
            std::abort();
    return 0;
}

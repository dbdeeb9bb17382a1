// See interrupt_route.hpp.
#include "acpi/interrupt_route.hpp"

namespace acpi {

namespace {

/// The I/O APIC with the highest first pin that is not above the interrupt.
void find_pin(Madt const& madt, u32 gsi, InterruptRoute& route)
{
    u32 base = 0;
    for (usize i = 0; i < madt.io_apics.size(); ++i) {
        if (madt.io_apics[i].gsi_base > gsi || madt.io_apics[i].gsi_base < base) continue;
        base = madt.io_apics[i].gsi_base;
        route.io_apic = i;
    }
    route.pin = gsi - base;
}

} // namespace

void read_interrupts(std::span<u8 const> table, Madt& out)
{
    out = {};
    if (!table.empty() && parse_madt(table, out) && out.io_apics.size() > 0) return;
    out = {};
    (void)out.io_apics.add({0xfec0'0000, 0, 0});
    (void)out.overrides.add({2, 0, Polarity::bus, Trigger::bus});
}

InterruptRoute isa_route(Madt const& madt, u8 isa)
{
    u32 gsi = isa;
    InterruptRoute route{0, isa, false, false};
    for (SourceOverride const& it : madt.overrides) {
        if (it.source != isa) continue;
        gsi = it.gsi;
        route.level_triggered = it.trigger == Trigger::level;
        route.active_low = it.polarity == Polarity::active_low;
    }
    find_pin(madt, gsi, route);
    return route;
}

InterruptRoute pci_route(Madt const& madt, u32 gsi)
{
    InterruptRoute route{0, gsi, true, true};
    // Firmware may say that the line is active high (the PIIX's are, behind QEMU's I/O APIC).
    for (SourceOverride const& it : madt.overrides)
        if (it.gsi == gsi && it.trigger == Trigger::level)
            route.active_low = it.polarity != Polarity::active_high;
    find_pin(madt, gsi, route);
    return route;
}

} // namespace acpi

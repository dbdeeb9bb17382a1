// See interrupt_routing.hpp.
#include "interrupt_routing.hpp"

#include "acpi/madt.hpp"

namespace root {

namespace {

InterruptRoute route_of(u8 isa, acpi::Madt const& madt)
{
    u32 gsi = isa;
    InterruptRoute route{0, isa, false, false};
    for (acpi::SourceOverride const& it : madt.overrides) {
        if (it.source != isa) continue;
        gsi = it.gsi;
        route.level_triggered = it.trigger == acpi::Trigger::level;
        route.active_low = it.polarity == acpi::Polarity::active_low;
    }
    // The I/O APIC with the highest first pin that is not above the interrupt.
    u32 base = 0;
    for (usize i = 0; i < madt.io_apics.size(); ++i) {
        if (madt.io_apics[i].gsi_base > gsi || madt.io_apics[i].gsi_base < base) continue;
        base = madt.io_apics[i].gsi_base;
        route.io_apic = i;
    }
    route.pin = gsi - base;
    return route;
}

} // namespace

InterruptRoutes interrupt_routes(std::span<u8 const> table)
{
    static constinit acpi::Madt madt; // too large for the stack of a small program
    madt = {};
    constexpr InterruptRoute without_table[] = {{0, 2, false, false}, {0, 4, false, false}};
    if (table.empty() || !acpi::parse_madt(table, madt) || madt.io_apics.size() == 0)
        return {without_table[0], without_table[1]};
    return {route_of(0, madt), route_of(4, madt)};
}

} // namespace root

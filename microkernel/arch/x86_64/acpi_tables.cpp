// Reading of ACPI tables through libs/acpi, which checks lengths and checksums.
#include "acpi_tables.hpp"

#include "acpi/madt.hpp"
#include "arch/arch.hpp"
#include "debug/log.hpp"
#include "debug/panic.hpp"
#include "kit/bits.hpp"
#include "platform.hpp"
#include <cstring>

namespace mk {

constinit Platform platform{};

namespace {

constinit acpi::Madt madt{};

std::span<u8 const> physical_bytes(void* context, u64 address, u64 size)
{
    u64 const end = *static_cast<u64 const*>(context);
    if (address >= end || size > end - address) return {};
    return {arch::from_physical<u8 const>(address), size};
}

void copy_rsdp(acpi::PhysicalView const& memory, u64 address)
{
    constexpr usize version1_size = 20, revision_at = 15;
    auto const head = memory(address, version1_size);
    usize const size = head[revision_at] >= 2 ? sizeof platform.rsdp : version1_size;
    std::memcpy(platform.rsdp, memory(address, size).data(), size);
    platform.rsdp_address = address;
}

void read_madt(acpi::PhysicalView const& memory, acpi::Rsdp const& rsdp)
{
    auto table = acpi::find_table(memory, rsdp, "APIC");
    if (!table) panic("MADT: ", acpi::sentence(table.error()));
    if (!table->has_value()) panic("no MADT among the ACPI tables");
    if (auto const parsed = acpi::parse_madt(**table, madt); !parsed)
        panic("MADT: ", acpi::sentence(parsed.error()));
    platform.local_apic = madt.local_apic_address;
    for (acpi::IoApic const& a : madt.io_apics) {
        if (platform.io_apic_count == max_io_apics) {
            log("acpi", "more than ", max_io_apics, " I/O APICs: the others are not used");
            break;
        }
        platform.io_apic[platform.io_apic_count++] = {a.address, 0};
    }
}

/// The HPET serves only to calibrate: without a sound table the kernel does without.
void read_hpet(acpi::PhysicalView const& memory, acpi::Rsdp const& rsdp)
{
    constexpr usize space_at = 40, address_at = 44, least_size = 56;
    auto table = acpi::find_table(memory, rsdp, "HPET");
    if (!table || !table->has_value()) return;
    auto const bytes = **table;
    if (bytes.size() < least_size || bytes[space_at] != 0) return;
    std::memcpy(&platform.hpet, bytes.data() + address_at, sizeof platform.hpet);
    if (!is_aligned(platform.hpet, 3) || platform.hpet >= bit(46)) platform.hpet = 0;
}

} // namespace

void read_acpi_tables(boot::Handoff const& handoff)
{
    u64 end = handoff.mapped_end();
    acpi::PhysicalView const memory{physical_bytes, &end};
    if (handoff.rsdp == 0) panic("no ACPI RSDP");
    auto rsdp = acpi::read_rsdp(memory, handoff.rsdp);
    if (!rsdp) panic("ACPI RSDP: ", acpi::sentence(rsdp.error()));
    copy_rsdp(memory, handoff.rsdp);
    read_madt(memory, *rsdp);
    read_hpet(memory, *rsdp);
}

} // namespace mk

// Tables that say how to switch off, where interrupts go, and where devices are.
#include "acpi/devices.hpp"

#include "acpi/fadt.hpp"
#include "acpi/interrupt_route.hpp"
#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

namespace {

using Bytes = std::vector<u8>;

template <class T> void put(Bytes& bytes, usize at, T value)
{
    if (bytes.size() < at + sizeof value) bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

Bytes fadt_with(u32 dsdt, u64 x_dsdt, u32 control)
{
    Bytes fadt(244);
    put(fadt, 40, dsdt);
    put(fadt, 48, u32{0xb2});
    put(fadt, 52, u8{0xf1});
    put(fadt, 64, control);
    put(fadt, 108, u8{0x32});
    put(fadt, 140, x_dsdt);
    return fadt;
}

/// A MADT: header, local APIC address and flags, then the entries.
Bytes madt_with(std::initializer_list<Bytes> entries)
{
    Bytes madt(44);
    for (auto const& entry : entries) madt.insert(madt.end(), entry.begin(), entry.end());
    put(madt, 4, static_cast<u32>(madt.size()));
    return madt;
}
Bytes const io_apic_0{1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0};
Bytes const io_apic_24{1, 12, 1, 0, 0, 0x10, 0xc0, 0xfe, 24, 0, 0, 0};

} // namespace

TEST_CASE("the FADT gives DSDT and PM1a control port, the wide address first", "[acpi]")
{
    auto const old_style = acpi::parse_fadt(fadt_with(0x1000, 0, 0x604));
    CHECK(old_style->century == 0x32);
    REQUIRE(old_style);
    CHECK(old_style->dsdt == 0x1000);
    CHECK(old_style->pm1a_control == 0x604);
    CHECK(old_style->smi_command == 0xb2);
    CHECK(old_style->acpi_enable == 0xf1);
    CHECK(acpi::parse_fadt(fadt_with(0x1000, 0x2'0000'0000, 0x604))->dsdt == 0x2'0000'0000);
}

TEST_CASE("a FADT without DSDT, without a port, or cut off is refused", "[acpi]")
{
    CHECK_FALSE(acpi::parse_fadt(fadt_with(0, 0, 0x604)));
    CHECK_FALSE(acpi::parse_fadt(fadt_with(0x1000, 0, 0)));
    CHECK_FALSE(acpi::parse_fadt(fadt_with(0x1000, 0, 0x1'0000)));
    for (usize size = 0; size < 68; ++size) {
        auto fadt = fadt_with(0x1000, 0, 0x604);
        fadt.resize(size);
        CHECK_FALSE(acpi::parse_fadt(fadt));
    }
}

TEST_CASE("the S5 package is found in each form that firmware writes", "[acpi]")
{
    CHECK(acpi::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0, 0, 0, 0}) == u8{0});
    CHECK(acpi::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x12, 8, 4, 0x0a, 5, 0x0a, 5}) == u8{5});
    CHECK(acpi::find_s5(Bytes{0x08, '\\', '_', 'S', '5', '_', 0x12, 6, 4, 1, 1}) == u8{1});
    // A length of two bytes.
    CHECK(acpi::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x12, 0x46, 0, 4, 0x0a, 7}) == u8{7});
}

TEST_CASE("a mere mention of S5, an odd value or a cut table is not a sleep type", "[acpi]")
{
    CHECK_FALSE(acpi::find_s5(Bytes{}));
    CHECK_FALSE(acpi::find_s5(Bytes{1, 2, '_', 'S', '5', '_', 0x12, 6, 4, 0}));
    CHECK_FALSE(acpi::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x11, 6, 4, 0}));
    CHECK_FALSE(acpi::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 8}));
    Bytes const whole{0, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5};
    for (usize size = 0; size < whole.size(); ++size)
        CHECK_FALSE(acpi::find_s5(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))));
}

TEST_CASE("the reset register is taken when it is a port", "[acpi]")
{
    auto fadt = fadt_with(0x1000, 0, 0x604);
    put(fadt, 68, u32{0x608});
    put(fadt, 116, u8{1});
    put(fadt, 120, u64{0xcf9});
    put(fadt, 128, u8{0x0f});
    CHECK(acpi::parse_fadt(fadt)->pm1b_control == 0x608);
    CHECK(acpi::parse_fadt(fadt)->reset_port == 0); // the flag says that there is none
    put(fadt, 112, u32{1 << 10});
    CHECK(acpi::parse_fadt(fadt)->reset_port == 0xcf9);
    CHECK(acpi::parse_fadt(fadt)->reset_value == 0x0f);
    put(fadt, 120, u64{0x1'0cf9});
    CHECK(acpi::parse_fadt(fadt)->reset_port == 0);
    put(fadt, 120, u64{0xcf9});
    put(fadt, 116, u8{0}); // in memory
    CHECK(acpi::parse_fadt(fadt)->reset_port == 0);
}

TEST_CASE("interrupts take the pins that the MADT says", "[acpi]")
{
    acpi::Madt madt;
    acpi::read_interrupts(madt_with({io_apic_0}), madt);
    CHECK(acpi::isa_route(madt, 0).pin == 0);
    CHECK(acpi::isa_route(madt, 4).pin == 4);

    Bytes const timer_at_2{2, 10, 0, 0, 2, 0, 0, 0, 0, 0};
    Bytes const com1_at_30_level_low{2, 10, 0, 4, 30, 0, 0, 0, 0x0f, 0};
    Bytes const line_10_level_high{2, 10, 0, 10, 10, 0, 0, 0, 0x0d, 0};
    acpi::read_interrupts(
        madt_with({io_apic_0, io_apic_24, timer_at_2, com1_at_30_level_low, line_10_level_high}),
        madt);
    CHECK(acpi::isa_route(madt, 0).io_apic == 0);
    CHECK(acpi::isa_route(madt, 0).pin == 2);
    CHECK_FALSE(acpi::isa_route(madt, 0).level_triggered);
    auto const com1 = acpi::isa_route(madt, 4);
    CHECK(com1.io_apic == 1);
    CHECK(com1.pin == 6);
    CHECK(com1.level_triggered);
    CHECK(com1.active_low);
    CHECK(acpi::pci_route(madt, 20).pin == 20);
    CHECK(acpi::pci_route(madt, 20).level_triggered);
    CHECK(acpi::pci_route(madt, 20).active_low);
    CHECK(acpi::pci_route(madt, 26).io_apic == 1);
    CHECK(acpi::pci_route(madt, 26).pin == 2);
    CHECK_FALSE(acpi::pci_route(madt, 10).active_low);
}

TEST_CASE("without a usable MADT a PC's usual pins are taken", "[acpi]")
{
    acpi::Madt madt;
    for (Bytes const& table : {Bytes{}, Bytes(44), madt_with({Bytes{1, 200, 0}})}) {
        acpi::read_interrupts(table, madt);
        CHECK(madt.io_apics.size() == 1);
        CHECK(acpi::isa_route(madt, 0).pin == 2);
        CHECK(acpi::isa_route(madt, 4).pin == 4);
    }
}

namespace {

Bytes mcfg_with(std::initializer_list<acpi::Ecam> entries)
{
    Bytes table(44);
    for (auto const& it : entries) {
        usize const at = table.size();
        put(table, at, it.base);
        put(table, at + 8, it.segment);
        put(table, at + 10, it.first_bus);
        put(table, at + 11, it.last_bus);
        put(table, at + 12, u32{0});
    }
    return table;
}

Bytes hpet_with(u64 address, u8 space)
{
    Bytes table(56);
    put(table, 40, space);
    put(table, 44, address);
    return table;
}

Bytes dmar_with(std::initializer_list<Bytes> entries)
{
    Bytes table(48);
    table[36] = 38;
    table[37] = 1;
    for (auto const& entry : entries) table.insert(table.end(), entry.begin(), entry.end());
    return table;
}
Bytes const unit{0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0};

} // namespace

TEST_CASE("the MCFG's entries are checked one by one", "[acpi]")
{
    acpi::Mcfg mcfg;
    REQUIRE(acpi::parse_mcfg(mcfg_with({{0xb000'0000, 0, 0, 255}, {0xc000'0000, 1, 2, 3}}), mcfg));
    CHECK(mcfg.size() == 2);
    CHECK(mcfg[1].segment == 1);
    CHECK(mcfg[1].first_bus == 2);
    for (acpi::Ecam const bad :
         {acpi::Ecam{0xb000'1000, 0, 0, 1}, acpi::Ecam{0, 0, 0, 1},
          acpi::Ecam{0xb000'0000, 0, 5, 4}, acpi::Ecam{0xffff'ffff'fff0'0000, 0, 0, 1}}) {
        acpi::Mcfg none;
        CHECK(acpi::parse_mcfg(mcfg_with({bad}), none).error() == acpi::Fault::bad_entry_value);
    }
    acpi::Mcfg full;
    acpi::Ecam const e{0xb000'0000, 0, 0, 1};
    CHECK(acpi::parse_mcfg(mcfg_with({e, e, e, e, e, e, e, e, e}), full).error() ==
          acpi::Fault::too_many_entries);
    CHECK(acpi::parse_mcfg(Bytes(43), full).error() == acpi::Fault::bad_length);
    acpi::Mcfg cut;
    Bytes half = mcfg_with({e});
    half.resize(half.size() - 1);
    REQUIRE(acpi::parse_mcfg(half, cut));
    CHECK(cut.size() == 0);
}

TEST_CASE("the HPET must be in memory", "[acpi]")
{
    CHECK((*acpi::parse_hpet(hpet_with(0xfed0'0000, 0))).address == 0xfed0'0000);
    CHECK_FALSE(acpi::parse_hpet(hpet_with(0xfed0'0000, 1)));
    CHECK_FALSE(acpi::parse_hpet(hpet_with(0xfed0'0100, 0)));
    CHECK_FALSE(acpi::parse_hpet(hpet_with(0, 0)));
    CHECK_FALSE(acpi::parse_hpet(hpet_with(u64{1} << 50, 0)));
    CHECK_FALSE(acpi::parse_hpet(Bytes(55)));
}

TEST_CASE("the DMAR's units and reserved regions are read, other entries skipped", "[acpi]")
{
    Bytes region(24);
    put(region, 0, u16{1});
    put(region, 2, u16{24});
    put(region, 8, u64{0x7000'0000});
    put(region, 16, u64{0x7000'ffff});
    acpi::Dmar dmar{};
    REQUIRE(acpi::parse_dmar(dmar_with({unit, Bytes{9, 0, 4, 0}, region}), dmar));
    CHECK(dmar.address_bits == 39);
    CHECK(dmar.interrupt_remapping);
    CHECK(dmar.units.size() == 1);
    CHECK(dmar.units[0].address == 0xfed9'0000);
    CHECK(dmar.units[0].all_functions);
    CHECK(dmar.reserved[0].last == 0x7000'ffff);

    auto const fault = [](std::initializer_list<Bytes> entries) {
        acpi::Dmar out{};
        return acpi::parse_dmar(dmar_with(entries), out).error();
    };
    CHECK(fault({Bytes{0, 0, 8, 0, 0, 0, 0, 0}}) == acpi::Fault::bad_entry_length);
    CHECK(fault({Bytes{0, 0, 3, 0}}) == acpi::Fault::bad_entry_length);
    CHECK(fault({Bytes{0, 0, 16, 0}}) == acpi::Fault::bad_entry_length);
    CHECK(fault({Bytes{0}}) == acpi::Fault::bad_entry_length);
    Bytes misaligned = unit;
    misaligned[8] = 1;
    CHECK(fault({misaligned}) == acpi::Fault::bad_entry_value);
    put(region, 16, u64{1});
    CHECK(fault({region}) == acpi::Fault::bad_entry_value);
}

// What the root server reads out of firmware tables: how to switch off, and where interrupts go.
#include "servers/lesson/root/sleep_state.hpp"

#include "servers/lesson/root/interrupt_routing.hpp"
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

TEST_CASE("the FADT gives DSDT and PM1a control port, the wide address first", "[root]")
{
    auto const old_style = root::parse_fadt(fadt_with(0x1000, 0, 0x604));
    REQUIRE(old_style);
    CHECK(old_style->dsdt == 0x1000);
    CHECK(old_style->pm1a_control == 0x604);
    CHECK(old_style->smi_command == 0xb2);
    CHECK(old_style->acpi_enable == 0xf1);
    CHECK(root::parse_fadt(fadt_with(0x1000, 0x2'0000'0000, 0x604))->dsdt == 0x2'0000'0000);
}

TEST_CASE("a FADT without DSDT, without a port, or cut off is refused", "[root]")
{
    CHECK_FALSE(root::parse_fadt(fadt_with(0, 0, 0x604)));
    CHECK_FALSE(root::parse_fadt(fadt_with(0x1000, 0, 0)));
    CHECK_FALSE(root::parse_fadt(fadt_with(0x1000, 0, 0x1'0000)));
    for (usize size = 0; size < 68; ++size) {
        auto fadt = fadt_with(0x1000, 0, 0x604);
        fadt.resize(size);
        CHECK_FALSE(root::parse_fadt(fadt));
    }
}

TEST_CASE("the S5 package is found in each form that firmware writes", "[root]")
{
    CHECK(root::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0, 0, 0, 0}) == u8{0});
    CHECK(root::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x12, 8, 4, 0x0a, 5, 0x0a, 5}) == u8{5});
    CHECK(root::find_s5(Bytes{0x08, '\\', '_', 'S', '5', '_', 0x12, 6, 4, 1, 1}) == u8{1});
    // A length of two bytes.
    CHECK(root::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x12, 0x46, 0, 4, 0x0a, 7}) == u8{7});
}

TEST_CASE("a mere mention of S5, an odd value or a cut table is not a sleep type", "[root]")
{
    CHECK_FALSE(root::find_s5(Bytes{}));
    CHECK_FALSE(root::find_s5(Bytes{1, 2, '_', 'S', '5', '_', 0x12, 6, 4, 0}));
    CHECK_FALSE(root::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x11, 6, 4, 0}));
    CHECK_FALSE(root::find_s5(Bytes{0, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 8}));
    Bytes const whole{0, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5};
    for (usize size = 0; size < whole.size(); ++size)
        CHECK_FALSE(root::find_s5(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))));
}

TEST_CASE("interrupts take the pins that the MADT says", "[root]")
{
    auto const plain = root::interrupt_routes(madt_with({io_apic_0}));
    CHECK(plain.timer.pin == 0);
    CHECK(plain.com1.pin == 4);

    Bytes const timer_at_2{2, 10, 0, 0, 2, 0, 0, 0, 0, 0};
    Bytes const com1_at_30_level_low{2, 10, 0, 4, 30, 0, 0, 0, 0x0f, 0};
    auto const moved = root::interrupt_routes(
        madt_with({io_apic_0, io_apic_24, timer_at_2, com1_at_30_level_low}));
    CHECK(moved.timer.io_apic == 0);
    CHECK(moved.timer.pin == 2);
    CHECK_FALSE(moved.timer.level_triggered);
    CHECK(moved.com1.io_apic == 1);
    CHECK(moved.com1.pin == 6);
    CHECK(moved.com1.level_triggered);
    CHECK(moved.com1.active_low);
}

TEST_CASE("without a usable MADT a PC's usual pins are taken", "[root]")
{
    auto const routes = root::interrupt_routes({});
    CHECK(routes.timer.pin == 2);
    CHECK(routes.com1.pin == 4);
}

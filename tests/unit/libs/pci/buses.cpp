// Enumeration behind bridges, addresses for what is plugged in, slots, and interrupt lines.
#include "config_space.hpp"
#include "pci/ecam.hpp"
#include "pci/enumerate.hpp"
#include "pci/express.hpp"
#include "pci/intx.hpp"
#include "pci/plugged.hpp"
#include "pci/ports.hpp"
#include <catch2/catch.hpp>
#include <memory>

using pci::Function;

namespace {

auto inventory_of(fakes::ConfigSpace& space)
{
    auto found = std::make_unique<pci::Inventory>();
    pci::enumerate(space, 0, 255, *found);
    return found;
}

} // namespace

TEST_CASE("functions are found on all buses; others than 0 only where there are several", "[pci]")
{
    fakes::ConfigSpace space;
    space.add({0, 0, 0}, 0x8086, 0x29c0, 0x060000);
    space.add({0, 2, 0}, 1, 1).bytes[pci::reg_header_type] = 0x80;
    space.add({0, 2, 5}, 1, 2);
    space.add({0, 3, 1}, 1, 3); // function 0 is missing
    space.add_bridge({0, 4, 0}, 1, 2);
    space.add_bridge({1, 0, 0}, 2, 2);
    space.add({2, 0, 0}, 1, 4);
    space.add({2, 1, 1}, 1, 5);
    auto const found = inventory_of(space);
    CHECK(found->device_count == 6);
    CHECK(found->bridge_count == 2);
    CHECK(found->left_out == 0);
    CHECK(found->find({2, 0, 0}) != nullptr);
    CHECK(found->bridge_to(2)->at == Function{1, 0, 0});
    CHECK(found->bridge_to(0) == nullptr);
    pci::forget_buses(*found, 2, 2);
    CHECK(found->device_count == 5);
    CHECK(found->find({2, 0, 0}) == nullptr);
}

TEST_CASE("bridges that lie about their buses are not followed", "[pci]")
{
    fakes::ConfigSpace space;
    space.add_bridge({0, 1, 0}, 0, 5); // leads to itself
    space.add_bridge({0, 2, 0}, 3, 2); // backwards
    space.add_bridge({0, 3, 0}, 4, 6); // fine
    space.add_bridge({4, 0, 0}, 7, 7); // outside its parent's
    space.add_bridge({4, 1, 0}, 4, 4); // its own bus
    space.add_bridge({0, 5, 0}, 4, 6); // again
    auto const found = inventory_of(space);
    CHECK(found->bridge_count == 1);
    CHECK(found->left_out == 5);
}

TEST_CASE("more functions than there is room for are counted", "[pci]")
{
    fakes::ConfigSpace space;
    for (unsigned slot = 0; slot < 32; ++slot)
        for (unsigned f = 0; f < 8; ++f)
            space.add({0, slot, f}, 1, 1).bytes[pci::reg_header_type] = 0x80;
    auto const found = inventory_of(space);
    CHECK(found->device_count == pci::max_devices);
    CHECK(found->left_out == 256 - pci::max_devices);
}

TEST_CASE("BARs of a plugged-in device go into the bridge's windows", "[pci]")
{
    fakes::ConfigSpace space;
    auto& bridge = space.add_bridge({0, 4, 0}, 1, 1);
    bridge.put<u32>(0x20, 0xfe90'fe80); // 0xfe800000 to 0xfe9fffff
    bridge.put<u32>(0x24, 0x0011'0001); // 64 bits: 0x800000000 to 0x8001fffff
    bridge.put<u32>(0x28, 8);
    bridge.put<u32>(0x2c, 8);
    auto& device = space.add({1, 0, 0}, 1, 1);
    device.bar_mask[0] = 0xffff'f000;
    device.bar_mask[1] = 0xffff'0000;
    device.put<u32>(pci::reg_bar0 + 16, 0xc);
    device.bar_mask[4] = 0xffff'c000;
    device.bar_mask[5] = 0xffff'ffff;
    pci::Bridge const windows = pci::read_bridge(space, {0, 4, 0});
    CHECK(windows.memory.first == 0xfe80'0000);
    CHECK(windows.memory.last == 0xfe9f'ffff);
    CHECK(windows.prefetchable.first == 0x8'0000'0000);
    CHECK(windows.prefetchable.last == 0x8'001f'ffff);
    pci::Device found[] = {*pci::probe(space, {1, 0, 0})};
    REQUIRE(pci::assign_bars(space, windows, found));
    CHECK(found[0].bar[1].address == 0xfe80'0000); // the larger one first
    CHECK(found[0].bar[0].address == 0xfe81'0000);
    CHECK(found[0].bar[4].address == 0x8'0000'0000);
    CHECK(device.get<u32>(pci::reg_bar0 + 4) == 0xfe80'0000);
    CHECK(device.get<u32>(pci::reg_bar0 + 20) == 8);

    device.put<u32>(pci::reg_bar0, 0);
    device.bar_mask[0] = 0xff80'0000; // 8 MiB do not fit
    pci::Device large[] = {*pci::probe(space, {1, 0, 0})};
    CHECK_FALSE(pci::assign_bars(space, windows, large));
    CHECK_FALSE(pci::assign_bars(space, pci::Bridge{}, found));
}

TEST_CASE("BARs of equal size all get addresses, none twice", "[pci]")
{
    fakes::ConfigSpace space;
    pci::Device devices[2];
    for (unsigned n = 0; n < 2; ++n) {
        auto& device = space.add({1, n, 0}, 1, 1);
        for (unsigned bar = 0; bar < 6; ++bar) device.bar_mask[bar] = 0xffff'f000;
        devices[n] = *pci::probe(space, {1, n, 0});
    }
    pci::Bridge bridge;
    bridge.memory = {0xfe80'0000, 0xfe8f'ffff};
    REQUIRE(pci::assign_bars(space, bridge, devices));
    u64 seen = 0;
    for (auto const& device : devices)
        for (auto const& bar : device.bar) seen |= u64{1} << (bar.address - 0xfe80'0000) / 4096;
    CHECK(seen == 0xfff);
}

namespace {

/// Slot 0:4.0 with buses 1 to `last` and 2 MiB, and the inventory of a machine that has only that.
auto slot_with_buses(fakes::ConfigSpace& space, u8 last)
{
    auto& port = space.add_bridge({0, 4, 0}, 1, last);
    port.put<u32>(0x20, 0xfe90'fe80); // 0xfe800000 to 0xfe9fffff
    return inventory_of(space);
}

} // namespace

TEST_CASE("a bridge that is plugged in gets a bus and a window of what its slot has", "[pci]")
{
    fakes::ConfigSpace space;
    auto const found = slot_with_buses(space, 4);
    auto& bridge = space.add_bridge({1, 0, 0}, 0, 0);
    bridge.bar_mask[0] = 0xffff'f000;
    auto& device = space.add({2, 1, 0}, 1, 1);
    device.bar_mask[1] = 0xffff'c000;
    REQUIRE(pci::add_behind(space, found->bridge[0], *found));
    CHECK(found->device_count == 3);
    REQUIRE(found->bridge_count == 2);
    CHECK(found->bridge[1].at == Function{1, 0, 0});
    CHECK(found->bridge[1].secondary == 2);
    CHECK(found->bridge[1].subordinate == 4);
    CHECK(found->bridge[1].memory == pci::Window{0xfe90'0000, 0xfe9f'ffff});
    CHECK(bridge.bytes[pci::reg_primary_bus] == 1);
    CHECK((bridge.get<u16>(pci::reg_command) & 6) == 6); // it passes on memory, both ways
    CHECK(found->find({1, 0, 0})->bar[0].address == 0xfe80'0000);
    CHECK(found->find({2, 1, 0})->bar[1].address == 0xfe90'0000);
    pci::forget_buses(*found, 1, 4);
    CHECK(found->device_count == 1);
    CHECK(found->bridge_count == 1);
}

TEST_CASE("bridges on one bus share buses and windows; what is left over is nobody's", "[pci]")
{
    fakes::ConfigSpace space;
    auto const found = slot_with_buses(space, 6); // five to give away
    space.add_bridge({1, 0, 0}, 0, 0);
    space.add_bridge({1, 1, 0}, 0, 0);
    space.add_bridge({2, 0, 0}, 0, 0); // behind the first
    REQUIRE(pci::add_behind(space, found->bridge[0], *found));
    REQUIRE(found->bridge_count == 4);
    CHECK(found->bridge_to(2)->at == Function{1, 0, 0});
    CHECK(found->bridge_to(2)->subordinate == 3);
    CHECK(found->bridge_to(4)->at == Function{1, 1, 0});
    CHECK(found->bridge_to(4)->subordinate == 5);
    CHECK(found->bridge_to(3)->at == Function{2, 0, 0});
    CHECK(found->bridge_to(4)->memory == pci::Window{0xfe90'0000, 0xfe9f'ffff});
    CHECK(found->bridge_to(3)->memory == pci::Window{0xfe80'0000, 0xfe8f'ffff});
}

TEST_CASE("without buses left a bridge is listed and not followed", "[pci]")
{
    fakes::ConfigSpace space;
    auto const found = slot_with_buses(space, 1);
    CHECK(pci::add_behind(space, found->bridge[0], *found).error() == Error::not_found);
    space.add_bridge({1, 0, 0}, 0, 0);
    space.add({2, 0, 0}, 1, 1);
    REQUIRE(pci::add_behind(space, found->bridge[0], *found));
    CHECK(found->device_count == 2);
    CHECK(found->bridge_count == 1);
    CHECK(found->left_out == 1);
}

TEST_CASE("a plugged-in device that does not fit is not there", "[pci]")
{
    fakes::ConfigSpace space;
    auto const found = slot_with_buses(space, 1);
    space.add({1, 0, 0}, 1, 1).bar_mask[0] = 0xff80'0000; // 8 MiB
    CHECK(pci::add_behind(space, found->bridge[0], *found).error() == Error::no_memory);
    CHECK(found->device_count == 1);
}

TEST_CASE("a slot tells what happened once, and its power goes on and off", "[pci]")
{
    fakes::ConfigSpace space;
    auto& port = space.add_bridge({0, 4, 0}, 1, 1);
    port.add_capability(0x54, 0x10, {0x42, 0x05}); // a root port with a slot, message 2... of MSI-X
    port.put<u32>(0x54 + 0x0c, 1 << 20);
    port.put<u32>(0x54 + 0x14, 1 << 6 | 1 << 1 | 1 << 18);
    port.clear_on_write[0x54 + 0x1a] = 0x11f;
    auto const slot = pci::Slot::of(space, *pci::probe(space, {0, 4, 0}));
    REQUIRE(slot);
    slot.listen(space);
    CHECK((port.get<u16>(0x54 + 0x18) & 0x1029) == 0x1029);
    port.put<u16>(0x54 + 0x1a, 0x149);
    port.put<u16>(0x54 + 0x12, 1 << 13);
    auto status = slot.take_status(space);
    CHECK(status.attention);
    CHECK(status.presence);
    CHECK(status.presence_moved);
    CHECK(status.link_up);
    status = slot.take_status(space);
    CHECK_FALSE(status.attention);
    CHECK(status.presence);
    slot.set_power(space, false);
    CHECK_FALSE(slot.powered(space));
    CHECK((port.get<u16>(0x54 + 0x18) & 0x300) == 0x300);
    slot.set_power(space, true);
    CHECK(slot.powered(space));
    // The port itself went.
    space.functions.clear();
    CHECK_FALSE(slot.take_status(space).presence);
}

TEST_CASE("only ports with a hot-plug slot are slots", "[pci]")
{
    fakes::ConfigSpace space;
    auto& port = space.add_bridge({0, 4, 0}, 1, 1);
    CHECK_FALSE(pci::Slot::of(space, *pci::probe(space, {0, 4, 0})));
    port.add_capability(0x54, 0x10, {0x42, 0x00});
    CHECK_FALSE(pci::Slot::of(space, *pci::probe(space, {0, 4, 0})));
    port.put<u16>(0x56, 0x142);
    CHECK_FALSE(pci::Slot::of(space, *pci::probe(space, {0, 4, 0}))); // no hot-plug
}

TEST_CASE("interrupt lines: PIIX by ISA number, ICH9 by pins of their own", "[pci]")
{
    fakes::ConfigSpace space;
    auto& piix = space.add({0, 1, 0}, 0x8086, 0x7000, 0x060100);
    piix.put<u32>(0x60, 0x800b'0a0a);
    auto found = inventory_of(space);
    auto const* router = pci::find_router(*found);
    REQUIRE(router);
    CHECK((*pci::pins_of_line(space, *router, 10)).gsi == 1 << 10);
    CHECK((*pci::pins_of_line(space, *router, 11)).gsi == 1 << 11);
    CHECK_FALSE(pci::pins_of_line(space, *router, 0)); // PIRQ D is off
    CHECK_FALSE(pci::pins_of_line(space, *router, 0xff));

    fakes::ConfigSpace q35;
    auto& ich9 = q35.add({0, 31, 0}, 0x8086, 0x2918, 0x060100);
    ich9.put<u32>(0x60, 0x0b0b'0a0a);
    ich9.put<u32>(0x68, 0x8080'0b0a);
    found = inventory_of(q35);
    router = pci::find_router(*found);
    REQUIRE(router);
    CHECK((*pci::pins_of_line(q35, *router, 10)).gsi == (1u << 16 | 1u << 17 | 1u << 20));
    CHECK((*pci::pins_of_line(q35, *router, 11)).gsi == (1u << 18 | 1u << 19 | 1u << 21));
    fakes::ConfigSpace other;
    other.add({0, 31, 0}, 0x8086, 0x3b00, 0x060100);
    CHECK(pci::find_router(*inventory_of(other)) == nullptr);
}

TEST_CASE("configuration space in memory: each function's 4 KiB, and nothing outside", "[pci]")
{
    struct Window {
        std::vector<u8> memory = std::vector<u8>(pci::ecam_bus_bytes);
        u8 volatile* bus(u8 number) { return number == 2 ? memory.data() : nullptr; }
    } window;
    pci::EcamConfig ecam{window};
    ecam.write32({2, 3, 1}, 0x104, 0x1234'5678);
    CHECK(window.memory[(3 << 3 | 1) << 12 | 0x105] == 0x56);
    CHECK(ecam.read16({2, 3, 1}, 0x106) == 0x1234);
    CHECK(ecam.read8({2, 3, 1}, 0x104) == 0x78);
    CHECK(ecam.read32({1, 3, 1}, 0) == ~0u);
    CHECK(ecam.read32({2, 31, 7}, 4096) == ~0u);
    ecam.write32({1, 0, 0}, 0, 1); // nowhere
    ecam.change16({2, 3, 1}, 0x104, 0xff, 0x11);
    CHECK(ecam.read16({2, 3, 1}, 0x104) == 0x5611);
}

TEST_CASE("configuration space by ports: address first, then data", "[pci]")
{
    struct Ports {
        std::vector<std::pair<u16, u32>>* log;
        Result<u8> in8(u16 port) const { return log->push_back({port, 0}), u8{0xab}; }
        Result<u16> in16(u16 port) const { return log->push_back({port, 0}), u16{0xabcd}; }
        Result<u32> in32(u16) const { return Error::invalid_cap; }
        Result<void> out8(u16 port, u8 v) const
        {
            return log->push_back({port, v}), Result<void>{};
        }
        Result<void> out16(u16 port, u16 v) const
        {
            return log->push_back({port, v}), Result<void>{};
        }
        Result<void> out32(u16 port, u32 v) const
        {
            return log->push_back({port, v}), Result<void>{};
        }
    };
    std::vector<std::pair<u16, u32>> log;
    pci::PortConfig<Ports> config{Ports{&log}};
    CHECK(config.read16({1, 2, 3}, 0x42) == 0xabcd);
    CHECK(log == std::vector<std::pair<u16, u32>>{{0xcf8, 0x8001'1340}, {0xcfe, 0}});
    CHECK(config.read32({1, 2, 3}, 0) == ~0u); // the kernel refused
    log.clear();
    config.write8({0, 31, 0}, 0x61, 7);
    CHECK(log == std::vector<std::pair<u16, u32>>{{0xcf8, 0x8000'f860}, {0xcfd, 7}});
    log.clear();
    CHECK(config.read8({0, 0, 0}, 0x100) == 0xff); // not reachable this way
    CHECK(log.empty());
}

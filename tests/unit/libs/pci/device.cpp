// Functions, BARs, capabilities and interrupts, as good and as bad devices present them.
#include "pci/device.hpp"

#include "config_space.hpp"
#include "pci/express.hpp"
#include "pci/interrupt.hpp"
#include "pci/virtio.hpp"
#include <catch2/catch.hpp>

namespace {

constexpr pci::Function place{0, 3, 0};

/// A disk with a 32-bit BAR of 4 KiB (MSI-X) and a 64-bit one of 16 KiB, as QEMU's virtio has them.
fakes::FakeFunction& add_disk(fakes::ConfigSpace& space)
{
    auto& disk = space.add(place, 0x1af4, 0x1042, 0x018000);
    disk.set_bar(0, 0xc081, 0x80);
    disk.set_bar(1, 0xfebd'0000, 0x1000);
    disk.set_bar(4, 0xfe00'000c, 0x4000);
    disk.bar_mask[5] = 0xffff'ffff;
    disk.put<u32>(pci::reg_bar0 + 20, 8);
    disk.bytes[pci::reg_interrupt_line] = 10;
    disk.bytes[pci::reg_interrupt_pin] = 1;
    // MSI-X: 3 entries at the start of BAR 1, pending bits at its half.
    disk.add_capability(0x98, 0x11, {2, 0, 1, 0, 0, 0, 1, 8, 0, 0});
    return disk;
}

void add_virtio(fakes::FakeFunction& f, u8 at, u8 type, u8 bar, u32 offset, u32 bytes)
{
    f.add_capability(at, 9, {20, type, bar});
    f.put(at + 8u, offset);
    f.put(at + 12u, bytes);
    f.put(at + 16u, u32{4});
}

} // namespace

TEST_CASE("a function is read: identity, BARs of each kind, interrupt", "[pci]")
{
    fakes::ConfigSpace space;
    add_disk(space).put<u16>(pci::reg_command, 7);
    auto const device = pci::probe(space, place);
    REQUIRE(device);
    CHECK((*device).vendor == 0x1af4);
    CHECK((*device).class_code == 0x018000);
    CHECK_FALSE((*device).bar[0].memory);
    CHECK((*device).bar[0].size == 0x80);
    CHECK((*device).bar[0].address == 0xc080);
    CHECK((*device).bar[1].memory);
    CHECK((*device).bar[1].size == 0x1000);
    CHECK((*device).bar[4].wide);
    CHECK((*device).bar[4].prefetchable);
    CHECK((*device).bar[4].address == 0x8'fe00'0000);
    CHECK((*device).bar[4].size == 0x4000);
    CHECK((*device).bar[5].size == 0);
    CHECK((*device).interrupt_line == 10);
    CHECK((*device).msix.entries == 3);
    CHECK((*device).msix.pending_offset == 0x800);
    // Sizing has left everything as it was.
    CHECK(space.at(place).get<u16>(pci::reg_command) == 7);
    CHECK(space.at(place).get<u32>(pci::reg_bar0 + 4) == 0xfebd'0000);
    CHECK_FALSE(pci::probe(space, pci::Function{0, 4, 0}));
}

TEST_CASE("BARs whose mask has holes or is absurd are none", "[pci]")
{
    fakes::ConfigSpace space;
    auto& device = space.add(place, 1, 2);
    device.bar_mask[0] = 0xf0f0'0000;
    device.put<u32>(pci::reg_bar0 + 4, 4); // 64 bits that no bit of can be changed
    device.bar_mask[3] = 0xffff'f000;
    device.put<u32>(pci::reg_bar0 + 20, 4); // 64 bits, but the last BAR
    device.bar_mask[5] = 0xffff'0000;
    auto const found = pci::probe(space, place);
    REQUIRE(found);
    CHECK((*found).bar[0].size == 0);
    CHECK((*found).bar[1].size == 0);
    CHECK((*found).bar[3].size == 0x1000);
    CHECK((*found).bar[5].size == 0x1'0000);
    CHECK_FALSE((*found).bar[5].wide);
}

TEST_CASE("a capability list that loops or leaves the space ends", "[pci]")
{
    fakes::ConfigSpace space;
    auto& device = space.add(place, 1, 2);
    device.add_capability(0x40, 1);
    device.add_capability(0x50, 9);
    device.bytes[0x41] = 0x50; // back to the one that leads here
    auto found = *pci::probe(space, place);
    CHECK(found.capabilities.power == 0x40);
    CHECK(found.capabilities.vendor_count == 8);
    device.bytes[0x41] = 0x10; // into the header
    found = *pci::probe(space, place);
    CHECK(found.capabilities.vendor_count == 1);
}

TEST_CASE("an MSI-X structure outside its BAR is not taken", "[pci]")
{
    fakes::ConfigSpace space;
    auto& disk = add_disk(space);
    auto const msix_with = [&](u32 table, u32 pending) {
        disk.put(0x9c, table);
        disk.put(0xa0, pending);
        return (*pci::probe(space, place)).msix.entries;
    };
    CHECK(msix_with(1, 0x801) == 3);
    CHECK(msix_with(7, 0x801) == 0);           // no such BAR
    CHECK(msix_with(0, 0x801) == 0);           // ports
    CHECK(msix_with(1, 0x1001) == 0);          // behind the end
    CHECK(msix_with(0xffff'fff9, 0x801) == 0); // far behind
    CHECK(msix_with(0xfd9, 0x801) == 0);       // reaches over the end
    disk.put<u16>(0x9a, 0x7ff);
    CHECK(msix_with(1, 0x801) == 0); // 2048 entries take 32 KiB
}

TEST_CASE("messages: an MSI-X entry is whole before it is unmasked; MSI in both widths", "[pci]")
{
    fakes::ConfigSpace space;
    auto& disk = add_disk(space);
    disk.add_capability(0x50, 5, {0x80, 0x01});
    auto const device = *pci::probe(space, place);
    u32 table[12] = {};
    pci::write_msix_entry(table, 2, pci::message_for(1, 0x41));
    CHECK(table[8] == 0xfee0'1000);
    CHECK(table[10] == 0x41);
    CHECK(table[11] == 0);
    pci::mask_msix_entry(table, 2);
    CHECK(table[11] == 1);
    pci::enable_msix(space, device);
    CHECK((disk.get<u16>(0x9a) & 0xc000) == 0x8000);
    pci::mask_msix(space, device);
    CHECK((disk.get<u16>(0x9a) & 0xc000) == 0xc000);
    pci::enable_msix(space, device);
    CHECK((disk.get<u16>(0x9a) & 0xc000) == 0x8000);
    pci::enable_msi(space, device, pci::message_for(0, 0x30));
    CHECK(disk.get<u32>(0x54) == 0xfee0'0000);
    CHECK(disk.get<u16>(0x5c) == 0x30);
    CHECK((disk.get<u16>(0x52) & 1) == 1);
    pci::disable_msi(space, device);
    CHECK((disk.get<u16>(0x52) & 1) == 0);
    disk.put<u16>(0x52, 0); // an old device: 32 bits
    pci::enable_msi(space, device, pci::message_for(0, 0x31));
    CHECK(disk.get<u16>(0x58) == 0x31);
}

TEST_CASE("virtio structures are found and checked against the BARs", "[pci]")
{
    fakes::ConfigSpace space;
    auto& disk = add_disk(space);
    add_virtio(disk, 0x40, 1, 4, 0, 0x38);
    add_virtio(disk, 0x54, 2, 4, 0x3000, 0x1000);
    add_virtio(disk, 0x68, 3, 4, 0x1000, 1);
    add_virtio(disk, 0x7c, 4, 4, 0x3fff, 0x1000); // over the end
    auto const found = pci::read_virtio(space, *pci::probe(space, place));
    REQUIRE(found);
    CHECK((*found).common.bar == 4);
    CHECK((*found).notify.offset == 0x3000);
    CHECK((*found).notify_multiplier == 4);
    CHECK_FALSE((*found).device);
    disk.put<u32>(0x40 + 8, 0xffff'ffff);
    CHECK_FALSE(pci::read_virtio(space, *pci::probe(space, place)));
    disk.put<u16>(pci::reg_vendor, 0x8086);
    CHECK_FALSE(pci::read_virtio(space, *pci::probe(space, place)));
}

TEST_CASE("a function that can be reset says so by one of two capabilities", "[pci]")
{
    fakes::ConfigSpace space;
    auto& device = space.add(place, 1, 2);
    CHECK_FALSE(pci::has_function_reset(space, *pci::probe(space, place)));
    device.add_capability(0x60, 0x13, {6, 3, 0, 1});
    auto found = *pci::probe(space, place);
    CHECK(pci::has_function_reset(space, found));
    CHECK(pci::transactions_pending(space, found));
    pci::start_function_reset(space, found);
    CHECK(device.bytes[0x64] == 1);
    device.add_capability(0x80, 0x10);
    found = *pci::probe(space, place);
    device.put<u32>(0x84, 1 << 28);
    CHECK(pci::has_function_reset(space, found));
    CHECK_FALSE(pci::transactions_pending(space, found));
    pci::start_function_reset(space, found);
    CHECK(device.get<u16>(0x88) == 0x8000);
}

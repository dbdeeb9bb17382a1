// What a driver gets to see of a BAR, and how device memory is cut up for it.
#include "servers/device-manager/bars.hpp"

#include "servers/device-manager/free_window.hpp"
#include "servers/device-manager/high_window.hpp"
#include "servers/device-manager/hpet.hpp"
#include "sys/syscall.hpp" // the fake
#include "untyped/device_pieces.hpp"
#include <catch2/catch.hpp>

using device_manager::driver_parts;

struct seL4_IPCBuffer_;
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;

namespace {

pci::Device device_with(u64 bar_size, u32 table, u16 entries, u32 pending)
{
    pci::Device device;
    for (u8 bar : {u8{0}, u8{1}}) {
        device.bar[bar].memory = true;
        device.bar[bar].size = bar_size;
    }
    device.msix.entries = entries;
    device.msix.table_offset = table;
    device.msix.pending_offset = pending;
    return device;
}

std::vector<std::pair<u64, u64>> parts_of(pci::Device const& device, u8 bar = 0)
{
    auto const parts = driver_parts(device, bar);
    std::vector<std::pair<u64, u64>> list;
    for (usize i = 0; i < parts.count; ++i)
        list.push_back({parts.part[i].offset, parts.part[i].bytes});
    return list;
}
using List = std::vector<std::pair<u64, u64>>;

/// A kernel to which everything is fine.
void start_kernel()
{
    static abi::IpcBuffer buffer;
    __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer);
    sys::fake_kernel = {};
}

struct Slots {
    u64 next = 100;
    sys::Result<u64> take_slots(u64 count)
    {
        next += count;
        return next - count;
    }
};

} // namespace

TEST_CASE("a driver gets its BAR without the pages of MSI-X table and pending bits", "[devices]")
{
    CHECK(parts_of(device_with(0x4000, 0, 0, 0)) == List{{0, 0x4000}});
    CHECK(parts_of(device_with(0x1000, 0, 2, 0x800)) == List{});
    CHECK(parts_of(device_with(0x4000, 0x1000, 2, 0x2000)) == List{{0, 0x1000}, {0x3000, 0x1000}});
    CHECK(parts_of(device_with(0x8000, 0x6000, 2, 0x2010)) ==
          List{{0, 0x2000}, {0x3000, 0x3000}, {0x7000, 0x1000}});
    CHECK(parts_of(device_with(0x8000, 0x1ff0, 2, 0x1000)) == List{{0, 0x1000}, {0x3000, 0x5000}});
    CHECK(parts_of(device_with(0x80, 0, 0, 0)) == List{{0, 0x1000}}); // whole pages
    CHECK(parts_of(device_with(0x4000, 0x1000, 2, 0x2000), 1) == List{{0, 0x4000}});
}

TEST_CASE("a driver gets no BAR that its window does not hold", "[devices]")
{
    using device_manager::can_be_given;
    u64 const window = program::layout::device_window;
    pci::Bar bar{.address = 0x8'0000'0000, .size = window, .memory = true};
    CHECK(can_be_given(bar, 0x4000));
    CHECK(can_be_given(bar, window));
    CHECK_FALSE(can_be_given(bar, 2 * window)); // less than the manifest needs
    bar.size = 2 * window;
    CHECK_FALSE(can_be_given(bar, 0x4000));
    bar.size = 0;
    CHECK_FALSE(can_be_given(bar, 0));
    bar = {.address = 0, .size = 0x1000, .memory = true}; // firmware gave it no place
    CHECK_FALSE(can_be_given(bar, 0x1000));
    bar = {.address = 0xc000, .size = 0x1000, .memory = false};
    CHECK_FALSE(can_be_given(bar, 0x1000));
}

TEST_CASE("memory above 4 GiB is seen in one place, whatever became free before it", "[devices]")
{
    constexpr u64 page = 4096, a = 0x80'0000'0000, b = 0x81'0000'0000;
    device_manager::HighWindow window;
    CHECK(window.take(a, page) == 0);
    CHECK(window.take(b, 2 * page) == 1);
    CHECK(window.take(a, page) == 0);
    window.release(a, page);
    CHECK(window.take(b, 2 * page) == 1); // not where `a` was
    CHECK(window.take(b + page, page) == 2);
    CHECK(window.take(a + page, page) == 0);
    window.release(b, page);
    CHECK(window.take(b, 2 * page) == 3); // only half of it is shown still
    CHECK(window.take(0x82'0000'0000, 60 * page) == window.none);
    CHECK(window.take(0x82'0000'0000, 59 * page) == 5);
    CHECK(window.take(0x83'0000'0000, 65 * page) == window.none);
    CHECK(window.take(0x83'0000'0000, 2 * page) == window.none);
    CHECK(window.take(0x83'0000'0000, page) == 1);
}

TEST_CASE("device untypeds are halved until a piece fits, and each piece is used once", "[devices]")
{
    start_kernel();
    untyped::DevicePieces<64> pieces{sys::CNode{2}};
    Slots slots;
    REQUIRE(pieces.add(0x1'0000, 10, 16));
    auto* piece = pieces.at(0x1'3000, 12, slots);
    REQUIRE(piece);
    CHECK(piece->address == 0x1'3000);
    CHECK(piece->bits == 12);
    CHECK(sys::fake_kernel.calls.size() == 4);      // one retype into two for each halving
    CHECK(pieces.at(0x1'3000, 14, slots) == piece); // what is smaller stays smaller
    CHECK(pieces.at(0x1'8000, 15, slots)->bits == 15);
    CHECK(sys::fake_kernel.calls.size() == 4);
    pieces.at(0x1'8000, 15, slots)->state = untyped::PieceState::used;
    CHECK(pieces.at(0x1'9000, 12, slots)->bits == 15); // in use: it comes as it is
    CHECK(pieces.at(0x2'0000, 12, slots) == nullptr);
    CHECK(pieces.at(0, 12, slots) == nullptr);
}

TEST_CASE("a full table of pieces is an answer, not an overflow", "[devices]")
{
    start_kernel();
    untyped::DevicePieces<4> pieces{sys::CNode{2}};
    Slots slots;
    REQUIRE(pieces.add(0, 10, 20));
    CHECK(pieces.at(0, 12, slots) == nullptr);
    CHECK(pieces.add(u64{1} << 20, 11, 12));
    CHECK_FALSE(pieces.add(u64{1} << 21, 12, 12));
}

TEST_CASE("registers that firmware did not place go between RAM and the I/O APIC", "[devices]")
{
    using device_manager::free_window;
    using pci::Window;
    // RAM up to 0x1ffe0000, then tables; device memory in no order.
    std::vector<handover::Untyped> memory{
        {0x8000'0000, 1, 30}, {0xfe00'0000, 2, 23},  {0xfe80'0000, 3, 22},  {0xc000'0000, 4, 29},
        {0xe000'0000, 5, 28}, {0xf000'0000, 6, 27},  {0xf800'0000, 7, 26},  {0xfc00'0000, 8, 25},
        {0x4000'0000, 9, 30}, {0x2000'0000, 10, 29}, {0x1ffe'0000, 11, 17}, {0xfec0'0000, 12, 12}};
    CHECK(free_window(memory, 0, 0) == Window{0xc000'0000, 0xfebf'ffff});
    CHECK(free_window(memory, 0xb000'0000, 0xc000'0000) == Window{0xc000'0000, 0xfebf'ffff});
    CHECK(free_window(memory, 0xe000'0000, 0xf000'0000) == Window{0xc000'0000, 0xdfff'ffff});
    CHECK(free_window(memory, 0xc800'0000, 0xd800'0000) == Window{0xd800'0000, 0xfebf'ffff});
    CHECK(free_window(memory, 0xc000'0000, 0xd000'0000) == Window{0xd000'0000, 0xfebf'ffff});
    memory.erase(memory.begin() + 3); // RAM up to 3.5 GiB
    CHECK(free_window(memory, 0, 0) == Window{0xe100'0000, 0xfebf'ffff});
    memory.erase(memory.begin() + 2); // something is right below the I/O APIC
    CHECK(free_window(memory, 0, 0) == Window{});
    CHECK(free_window({}, 0, 0) == Window{});
}

TEST_CASE("no timer of a quiet HPET interrupts, also of those that nobody was to use", "[devices]")
{
    for (u64 const last : {u64{2}, u64{31}}) { // the block ends before a 25th
        std::vector<u64> block(2 * device_manager::hpet_bytes / 8, ~u64{0});
        block[0] = last << 8;
        device_manager::Hpet{reinterpret_cast<u8 volatile*>(block.data())}.quiet();
        for (u64 n = 0; n < 32; ++n)
            CHECK(block[(0x100 + n * 0x20) / 8] == (n <= last && n < 24 ? ~u64{4} : ~u64{0}));
    }
}

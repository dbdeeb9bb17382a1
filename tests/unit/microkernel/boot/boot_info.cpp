// What boot hands to the root server, without a machine: splitting memory into untypeds, slot
// layout against the one observed of seL4, chunks of extra boot info.
#include "boot/boot_info.hpp"

#include "abi/extensions.hpp"
#include "boot/extra_boot_info.hpp"
#include "kit/bits.hpp"
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <random>

using namespace mk;
using Kind = UntypedList::Kind;

namespace {

struct Piece {
    u64 base;
    unsigned bits;
    bool operator==(Piece const&) const = default;
};
std::vector<Piece> pieces(UntypedList const& list)
{
    std::vector<Piece> all;
    for (UntypedEntry const& e : list.entries()) all.push_back({e.base, e.bits});
    return all;
}

struct Chunk {
    u64 id, length;
    u8 const* payload;
};
std::vector<Chunk> chunks(std::vector<u8> const& bytes, usize length)
{
    std::vector<Chunk> all;
    for (usize at = 0; at < length;) {
        abi::BootInfoHeader header;
        std::memcpy(&header, bytes.data() + at, sizeof header);
        REQUIRE(header.length >= sizeof header);
        REQUIRE(header.length <= length - at);
        all.push_back({header.id, header.length, bytes.data() + at + sizeof header});
        at += header.length;
    }
    return all;
}
template <class T> T read(u8 const* from)
{
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

std::unique_ptr<boot::Handoff> small_machine()
{
    auto h = std::make_unique<boot::Handoff>();
    using K = boot::RegionKind;
    boot::Region const regions[] = {
        {0, 0x9f000, K::ram, 0},           {0x9f000, 0x61000, K::reserved, 0},
        {0x100000, 0x100000, K::ram, 0},   {0x200000, 0x100000, K::kernel, 0},
        {0x300000, 0x10000, K::module, 0}, {0x310000, 0xf0000, K::loader, 0},
        {0x400000, 0x1000, K::acpi, 0}};
    h->region_count = u32(std::size(regions));
    std::copy(std::begin(regions), std::end(regions), h->regions);
    h->module_count = 1;
    return h;
}

} // namespace

TEST_CASE("untypeds split as observed")
{
    UntypedList list;
    list.add(0x100000, 0x800000, Kind::ram);
    list.add(0xa25000, 0xc00000, Kind::ram);
    list.add(0x3ffc8880, 0x3ffdf000, Kind::ram);
    CHECK(pieces(list) == std::vector<Piece>{{0x100000, 20},   {0x200000, 21},   {0x400000, 22},
                                             {0xa25000, 12},   {0xa26000, 13},   {0xa28000, 15},
                                             {0xa30000, 16},   {0xa40000, 18},   {0xa80000, 19},
                                             {0xb00000, 20},   {0x3ffc8880, 7},  {0x3ffc8900, 8},
                                             {0x3ffc8a00, 9},  {0x3ffc8c00, 10}, {0x3ffc9000, 12},
                                             {0x3ffca000, 13}, {0x3ffcc000, 14}, {0x3ffd0000, 15},
                                             {0x3ffd8000, 14}, {0x3ffdc000, 13}, {0x3ffde000, 12}});
}

TEST_CASE("device untypeds as observed")
{
    HoleList holes;
    REQUIRE(holes.add({0x3000'0000, 0x3ffdf000, false})); // in any order, overlapping
    REQUIRE(holes.add({0x100000, 0x3000'1000, false}));
    REQUIRE(holes.add({0xe0000000, u64{1} << 47, false}));
    UntypedList list;
    list_devices(list, holes);
    CHECK(pieces(list) == std::vector<Piece>{{0, 20},
                                             {0x3ffdf000, 12},
                                             {0x3ffe0000, 17},
                                             {0x40000000, 30},
                                             {0x80000000, 30},
                                             {0xc0000000, 29}});
    for (UntypedEntry const& e : list.entries()) CHECK(e.device);
}

TEST_CASE("devices reach to 2^47 and no further; modules are untypeds of their own")
{
    HoleList holes;
    REQUIRE(holes.add({0x100000, u64{1} << 46, false}));
    REQUIRE(holes.add({0x300000, 0x303000, true}));
    REQUIRE(holes.add({~u64{0} << 12, ~u64{0}, false}));
    UntypedList list;
    list_devices(list, holes);
    CHECK(pieces(list) ==
          std::vector<Piece>{{0, 20}, {0x300000, 13}, {0x302000, 12}, {bit(46), 46}});
    auto const run = list.find(0x300000, 0x303000);
    CHECK((run.first == 1 && run.count == 2));
    CHECK(list.find(0x400000, 0x400000).count == 0);
}

TEST_CASE("splitting covers every range exactly, with aligned blocks")
{
    std::mt19937_64 random{7};
    for (int i = 0; i < 20000; ++i) {
        unsigned const scale = unsigned(random() % 47);
        u64 const base = random() % bit(scale) * 16, end = base + random() % bit(scale) * 16;
        UntypedList list;
        list.add(base, end, Kind::ram);
        u64 at = base;
        for (UntypedEntry const& e : list.entries()) {
            REQUIRE(e.base == at);
            REQUIRE(is_aligned(e.base, e.bits));
            REQUIRE((e.bits >= 4 && e.bits <= 47));
            at += bit(e.bits);
        }
        REQUIRE(at == end);
        REQUIRE(list.dropped_bytes() == 0);
    }
    UntypedList odd;
    odd.add(0x1001, 0x1fff, Kind::ram); // cut down to multiples of 16
    CHECK(odd.entries().front().base == 0x1010);
    CHECK(odd.entries().back().base + bit(odd.entries().back().bits) == 0x1ff0);
    UntypedList nothing;
    nothing.add(~u64{3}, ~u64{0}, Kind::ram);
    nothing.add(0x2000, 0x1000, Kind::ram);
    CHECK(nothing.entries().empty());
}

TEST_CASE("a full list keeps the largest, and all modules")
{
    std::mt19937 random{3};
    for (int round = 0; round < 50; ++round) {
        UntypedList list;
        std::vector<unsigned> sizes;
        u64 total = 0, kept = 0;
        for (u64 i = 0; i < 400; ++i) {
            unsigned const bits = 4 + random() % 30;
            bool const module = i % 50 == 0;
            list.add(i << 35, (i << 35) + bit(bits), module ? Kind::module : Kind::device);
            total += bit(bits);
            if (!module) sizes.push_back(bits);
        }
        std::sort(sizes.rbegin(), sizes.rend());
        std::vector<unsigned> rest;
        u64 before = 0;
        unsigned modules = 0;
        for (UntypedEntry const& e : list.entries()) {
            REQUIRE((e.base >= before)); // still in the order added
            before = e.base;
            kept += bit(e.bits);
            if (e.keep)
                ++modules;
            else
                rest.push_back(e.bits);
        }
        std::sort(rest.rbegin(), rest.rend());
        REQUIRE(list.entries().size() == 230);
        REQUIRE(modules == 8);
        REQUIRE(std::equal(rest.begin(), rest.end(), sizes.begin()));
        REQUIRE(list.dropped_bytes() == total - kept);
    }
}

TEST_CASE("slots as observed")
{
    u64 const image = 0x400000, image_end = 0x415000; // with IPC buffer and boot info pages
    u64 const paging = tables_needed(image, image_end, 39) + tables_needed(image, image_end, 30) +
                       tables_needed(image, image_end, 21);
    SlotLayout const l = slot_layout({paging, 1, 18, 102}, 13);
    auto const is = [](abi::SlotRegion r, u64 start, u64 end) {
        return r.start == start && r.end == end;
    };
    CHECK(is(l.sched_control, 16, 17));
    CHECK(is(l.paging, 17, 20));
    CHECK(is(l.extra_pages, 20, 21));
    CHECK(is(l.image_frames, 21, 39));
    CHECK(is(l.untyped, 39, 141));
    CHECK(is(l.empty, 141, 8192));
    SlotLayout const full = slot_layout({3, 1, 8192, 1}, 13);
    CHECK(full.empty.end < full.empty.start);
    CHECK(tables_needed(0x1ff000, 0x201000, 21) == 2);
    CHECK(tables_needed(0x200000, 0x400000, 21) == 1);
}

TEST_CASE("the boot info page")
{
    UntypedList list;
    list.add(0, 0x100000, Kind::device);
    list.add(0x100000, 0x200000, Kind::ram);
    auto const info = std::make_unique<abi::BootInfo>();
    SlotLayout const l = slot_layout({3, 1, 18, 2}, 13);
    write_boot_info(*info, l, 13, 0x412000, 1292, list);
    CHECK(info->extra_length == 1292);
    CHECK(info->node_count == 1);
    CHECK(info->io_page_table_levels == 0);
    CHECK(info->ipc_buffer == 0x412000);
    CHECK(info->init_thread_cnode_bits == 13);
    CHECK((info->shared_frames.start == 0 && info->shared_frames.end == 0));
    CHECK((info->untyped.start == 39 && info->untyped.end == 41));
    CHECK((info->untyped_list[0].is_device == 1 && info->untyped_list[0].size_bits == 20));
    CHECK((info->untyped_list[1].paddr == 0x100000 && info->untyped_list[1].is_device == 0));
}

TEST_CASE("extra boot info: chunks, sizes and payloads as observed")
{
    auto const handoff = small_machine();
    Platform machine{};
    std::memcpy(machine.rsdp, "RSD PTR ", 8);
    machine.rsdp_address = 0xe0000;
    machine.tsc_hz = 2'445'900'000;
    machine.tsc_at_entry = 77;
    UntypedList list;

    usize const needed = write_extra_boot_info({}, *handoff, machine, list);
    constexpr usize ours = 16 + 16; // the clock's chunk, which seL4 has not
    CHECK(needed == 1292 + ours);
    std::vector<u8> bytes(4096, 0xee);
    CHECK(write_extra_boot_info(bytes, *handoff, machine, list) == needed);
    auto const all = chunks(bytes, needed);
    REQUIRE(all.size() == 4);
    CHECK((all[0].id == 3 && all[0].length == 52));
    CHECK(read<u64>(all[0].payload) == 0x2052545020445352);
    CHECK((all[1].id == 2 && all[1].length == 1220));
    CHECK((all[2].id == 5 && all[2].length == 20));
    CHECK(read<u32>(all[2].payload) == 0x98d);
    CHECK((all[3].id == abi::boot_info_clock && all[3].length == ours));
    CHECK(read<abi::BootClock>(all[3].payload).tsc_at_entry == 77);
    CHECK(read<abi::BootClock>(all[3].payload).tsc_hz == 2'445'900'000);

    // RAM in use is RAM to the memory map, and neighbours are one entry.
    CHECK(read<u32>(all[1].payload) == 4 * 24);
    auto const second = read<abi::MemoryMapEntry>(all[1].payload + 4 + 24);
    CHECK((second.size == 20 && second.base == 0x9f000 && second.type == 2));
    auto const third = read<abi::MemoryMapEntry>(all[1].payload + 4 + 48);
    CHECK((third.base == 0x100000 && third.length == 0x300000 && third.type == 1));
    CHECK(read<abi::MemoryMapEntry>(all[1].payload + 4 + 72).type == 3);

    auto const rest = read<abi::BootInfoHeader>(bytes.data() + needed);
    CHECK((rest.id == 0 && rest.length == 4096 - needed));
}

TEST_CASE("extra boot info: modules and framebuffer")
{
    auto const handoff = small_machine();
    handoff->module_count = 2;
    boot::Module& archive = handoff->modules[1];
    archive.address = 0x300000;
    archive.size = 0x2345;
    std::strcpy(archive.name, "boot.cpio");
    archive.sha256[31] = 0x5a;
    handoff->framebuffer = {0xfd000000, 1024, 768, 4096, 32, 16, 8, 0, 0};
    Platform machine{}; // no RSDP
    UntypedList list;
    list.add(0, 0x100000, Kind::device);
    list.add(0x300000, 0x303000, Kind::module);

    usize const needed = write_extra_boot_info({}, *handoff, machine, UntypedList{});
    std::vector<u8> bytes(needed);
    CHECK(write_extra_boot_info(bytes, *handoff, machine, list) == needed);
    auto const all = chunks(bytes, needed);
    REQUIRE(all.size() == 5);
    CHECK(all[0].id == 2);
    REQUIRE(all[1].id == abi::boot_info_modules);
    CHECK((all[1].payload - bytes.data()) % 8 == 0);
    CHECK(read<abi::BootModules>(all[1].payload).count == 1);
    auto const module = read<abi::BootModule>(all[1].payload + 8);
    CHECK((module.paddr == 0x300000 && module.size == 0x2345));
    CHECK((module.first_untyped == 1 && module.untyped_count == 2));
    CHECK(std::string{module.name} == "boot.cpio");
    CHECK(module.sha256[31] == 0x5a);
    REQUIRE(all[2].id == 4);
    CHECK(read<u64>(all[2].payload) == 0xfd000000);
    CHECK(read<u32>(all[2].payload + 8) == 4096);  // pitch
    CHECK(read<u32>(all[2].payload + 12) == 1024); // width
    CHECK(read<u32>(all[2].payload + 16) == 768);
    CHECK(all[2].payload[20] == 32);
    CHECK(all[2].payload[21] == 1);  // direct RGB
    CHECK(all[2].payload[24] == 16); // red
    CHECK(all[3].id == 5);
}

TEST_CASE("extra boot info: a memory map that is too long is cut")
{
    auto const handoff = small_machine();
    handoff->region_count = boot::max_regions;
    for (u32 i = 0; i < boot::max_regions; ++i)
        handoff->regions[i] = {u64{i} << 20, 0x1000, boot::RegionKind::ram, 0};
    Platform machine{};
    std::vector<u8> bytes(4096);
    usize const length = write_extra_boot_info(bytes, *handoff, machine, UntypedList{});
    CHECK(read<u32>(chunks(bytes, length)[0].payload) == 50 * 24);
}

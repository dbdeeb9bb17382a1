// Spaces as programs see them: what is mapped holds what it should, nothing else is reachable,
// everything comes back. Random lives are compared with a model of every byte written.
#include "world.hpp"

#include "program/layout.hpp"

#include <map>

using namespace memory;

TEST_CASE("a new machine has nearly all its RAM free")
{
    World world;
    auto const all = world.must<MachineStatistics>({});
    CHECK(all.total >= 48 * 256 - 512);
    CHECK(all.free > all.total - 512);
}

TEST_CASE("a small and a large machine begin too")
{
    World small{{{8 * mib, 23}}};
    CHECK(small.free_pages() > 1000);
    World pieces{{{1 * mib, 20}, {2 * mib, 21}, {4 * mib, 22}, {16 * mib, 21}, {64 * mib, 26}}};
    CHECK(pieces.free_pages() > 17000);
}

TEST_CASE("anonymous memory is zero, private, and only where it was asked for")
{
    World world;
    u64 const a = world.new_space(), b = world.new_space();
    world.must<MapAnonymous>({a, 0x10000, 4 * page, read_write});
    world.must<MapAnonymous>({b, 0x10000, 4 * page, access_read});
    u8* const mine = world.touch(a, 0x10000, true);
    CHECK(*mine == 0);
    *mine = 7;
    CHECK(*world.touch(b, 0x10000, false) == 0);
    CHECK(world.touch(b, 0x10000, true) == nullptr);
    CHECK(world.reason == fault_unmapped);
    CHECK(world.touch(a, 0xf000, false) == nullptr);
    CHECK(world.touch(a, 0x10000 + 4 * page, false) == nullptr);
    CHECK(world.touch(a, ~u64{0}, false) == nullptr);
}

TEST_CASE("archive pages are shared until written, and zero behind their bytes")
{
    World world;
    u64 const a = world.new_space(), b = world.new_space();
    for (u64 space : {a, b})
        world.must<MapArchive>({space, 0x400000, 4 * page, 3 * page, page + 100, read_write});
    u8* const in_place = world.touch(a, 0x400000, false);
    CHECK(in_place == world.machine.archive_page(3));
    CHECK(world.touch(b, 0x400010, false) == in_place + 0x10);
    u8* const copy = world.touch(a, 0x400000, true);
    CHECK(copy != in_place);
    CHECK(std::memcmp(copy, in_place, page) == 0);
    *copy ^= 1;
    CHECK(*world.touch(b, 0x400000, false) != *copy);
    u8 const* const second = world.touch(a, 0x401000, false);
    CHECK(std::memcmp(second, world.machine.archive_page(4), 100) == 0);
    CHECK(second[100] == 0);
    CHECK(second[page - 1] == 0);
    CHECK(*world.touch(b, 0x403000, true) == 0);
    auto const account = world.must<SpaceStatistics>({a});
    CHECK(account.resident == 2);
    CHECK(account.copies == 2);
}

TEST_CASE("a resident space has everything at once")
{
    World world;
    u64 const space = world.new_space(100, true);
    world.must<MapArchive>({space, 0x400000, 2 * page, 0, 2 * page, access_read | access_execute});
    world.must<MapArchive>({space, 0x500000, 2 * page, 0, 2 * page, read_write});
    world.must<MapAnonymous>({space, 0x600000, 2 * page, read_write});
    auto const pages = world.pages_of_space(space);
    CHECK(world.machine.touch(*pages, 0x401000, false) == world.machine.archive_page(1));
    for (u64 address : {0x500000, 0x501000, 0x600000, 0x601000})
        CHECK(world.machine.touch(*pages, address, true) != nullptr);
    CHECK(world.must<SpaceStatistics>({space}).faults == 0);
    // What does not fit its account is refused as a whole.
    u64 const free = world.free_pages();
    CHECK(world.call<MapAnonymous>(manager, {space, 0x700000, 200 * page, read_write}).error() ==
          Error::no_memory);
    CHECK(world.free_pages() + 8 >= free);
    CHECK(world.machine.touch(*pages, 0x700000, false) == nullptr);
}

TEST_CASE("a quota holds, and its fault says so")
{
    World world;
    u64 const space = world.new_space(8);
    world.must<MapAnonymous>({space, 0x10000, 20 * page, read_write});
    int served = 0;
    while (world.touch(space, 0x10000 + u64(served) * page, true)) ++served;
    CHECK(served == 4); // and a root, a PDPT, a page directory and a page table
    CHECK(world.reason == fault_quota);
    CHECK(world.call<Allocate>(space, {9 * page}).error() == Error::no_memory);
    CHECK(world.call<Allocate>(space, {0}).error() == Error::bad_argument);
}

TEST_CASE("shared objects are one memory, in one piece")
{
    World world;
    u64 const a = world.new_space(), b = world.new_space(100, true);
    auto const object = world.must<CreateObject>({5 * page, 1, 32});
    CHECK(object.physical != 0);
    world.must<MapObject>({a, object.object, 0x2000'0000, read_write});
    world.must<MapObject>({b, object.object, 0x2000'8000, access_read});
    for (u64 i = 0; i < 5; ++i) {
        u8* const at = world.touch(a, 0x2000'0000 + i * page, true);
        CHECK(at == world.machine.ram(object.physical + i * page));
        CHECK(world.touch(b, 0x2000'8000 + i * page, false) == at);
    }
    CHECK(world.touch(b, 0x2000'8000, true) == nullptr);
    CHECK(world.call<DestroyObject>(manager, {object.object}).error() == Error::slot_occupied);
    world.must<TakeFrame>({a, 0x2000'0000, read_write});
    fake::Slot const& taken = *world.machine.slot(world.given);
    CHECK(taken.type == fake::Type::frame);
    world.must<DestroySpace>({a});
    world.must<DestroySpace>({b});
    world.must<DestroyObject>({object.object});
    CHECK(taken.type == fake::Type::null); // its memory is another's from now on
    CHECK(world.call<DestroyObject>(manager, {object.object}).error() == Error::not_found);
}

TEST_CASE("a space has room for page directories wherever its pages lie")
{
    World world;
    u64 const space = world.new_space();
    for (u64 gib = 1; gib < program::layout::heap_end >> 30; ++gib) {
        world.must<MapAnonymous>({space, gib << 30, page, read_write});
        REQUIRE(world.touch(space, gib << 30, true) != nullptr);
    }
}

TEST_CASE("Fill writes what the program can only read; Peek reads it back")
{
    World world;
    u64 const space = world.new_space();
    Fill::Args fill{space, 0x1000'0ff0, 100, {}};
    for (u64 i = 0; i < 100; ++i) fill.data[i] = static_cast<u8>(i + 1);
    world.must<Fill>(fill);
    CHECK(*world.touch(space, 0x1000'0ff0, false) == 1);
    CHECK(*world.touch(space, 0x1000'1000, false) == 17);
    CHECK(world.touch(space, 0x1000'0ff0, true) == nullptr);
    auto const seen = world.must<Peek>({space, 0x1000'0ff0, 100});
    CHECK(seen.bytes == 16);
    CHECK(seen.data[15] == 16);
    CHECK(world.must<Peek>({space, 0x3000'0000, 8}).bytes == 0);
}

TEST_CASE("TakeFrame gives the frame that the program has")
{
    World world;
    u64 const space = world.new_space();
    world.must<MapAnonymous>({space, 0x1001'0000, page, read_write});
    world.must<TakeFrame>({space, 0x1001'0000, read_write});
    REQUIRE(world.given != 0);
    fake::Slot const& given = *world.machine.slot(world.given);
    CHECK(world.machine.ram(given.physical) == world.touch(space, 0x1001'0000, true));
    world.must<DestroySpace>({space});
    CHECK(world.machine.slot(world.given)->type == fake::Type::null);
}

TEST_CASE("an injector changes a victim's own copy, and nobody else's")
{
    World world;
    u64 const victim = world.new_space(), other = world.new_space(), own = world.new_space();
    u64 const text = 0x400000, window = program::layout::device;
    u64 const run = access_read | access_execute;
    for (u64 it : {victim, other}) world.must<MapArchive>({it, text, 2 * page, 0, 2 * page, run});
    u8 const* const before = world.touch(victim, text, false);
    REQUIRE(before == world.touch(other, text, false)); // in place

    CHECK(world.call<MapVictim>(own, {victim, text, window}).error() == Error::missing_rights);
    CHECK(world.call<MapVictim>(own | monitor_bit, {victim, text, window}).error() ==
          Error::missing_rights);
    u64 const injector = own | injector_bit;
    CHECK(world.call<MapVictim>(injector, {own, text, window}).error() == Error::bad_argument);
    CHECK(world.call<MapVictim>(injector, {0, text, window}).error() == Error::not_found);
    CHECK(world.call<MapVictim>(injector, {victim, text - page, window}).error() ==
          Error::not_found);
    world.must<MapVictim>({victim, text, window}, injector);
    u8* const at = world.touch(own, window, true);
    REQUIRE(at != nullptr);
    u8 const was = at[5];
    at[5] = static_cast<u8>(~was);
    CHECK(world.touch(victim, text, false) == at);
    CHECK(world.machine.archive_page(0)[5] == was);
    CHECK(world.touch(other, text, false)[5] == was);

    // The next window takes the place of the first.
    world.must<MapVictim>({victim, text + page, window}, injector);
    CHECK(world.touch(own, window, true) == world.touch(victim, text + page, false));
    world.must<DestroySpace>({victim});
    CHECK(world.touch(own, window, true) == nullptr); // a fault, and not for ever the same one
    CHECK(world.reason == fault_unmapped);
    world.must<DestroySpace>({own});

    // Each number of a space keeps a page for its regions: only when all numbers have been used
    // does nothing new stay.
    u64 free[2] = {};
    for (int round = 0; round < 260; ++round) {
        u64 const next = world.new_space(), holder = world.new_space();
        world.must<MapArchive>({next, text, 2 * page, 0, 2 * page, run});
        world.must<MapVictim>({next, text, window}, holder | injector_bit);
        world.must<DestroySpace>({next});
        world.must<DestroySpace>({holder});
        if (round >= 130) free[round & 1] = world.free_pages();
    }
    CHECK(free[0] == free[1]);
}

TEST_CASE("untypeds are lent and come back")
{
    World world;
    u64 const free = world.free_pages();
    std::vector<u64> lent;
    for (u64 bits : {12, 14, 16, 20, 12, 13, 20, 21, 21}) {
        auto const it = world.must<TakeUntyped>({bits});
        fake::Slot const& slot = *world.machine.slot(world.given);
        CHECK(slot.bits == bits);
        CHECK(slot.physical == it.physical);
        lent.push_back(it.untyped);
    }
    CHECK(world.call<TakeUntyped>(manager, {11}).error() == Error::out_of_range);
    CHECK(world.call<TakeUntyped>(manager, {22}).error() == Error::out_of_range);
    for (u64 it : lent) {
        world.must<ReturnUntyped>({it});
        CHECK(world.call<ReturnUntyped>(manager, {it}).error() == Error::not_found);
    }
    CHECK(world.free_pages() + 16 >= free); // another area's own slots
}

TEST_CASE("device frames are the space's until it ends")
{
    World world;
    u64 const space = world.new_space();
    auto const map = [&](u64 address, u64 physical, u64 bits, unsigned really = 0) {
        world.machine.give_frame(world.manager->inbox, physical,
                                 really ? really : static_cast<unsigned>(bits));
        return world.call<MapFrame>(manager, {space, address, bits, read_write, 3}, true);
    };
    CHECK(map(0x1'0000'0000, 0, 12));
    CHECK(map(0x1'0000'1000, page, 12));
    CHECK(map(0x1'0020'0000, 2 * mib, 21));
    CHECK(map(0x1'0000'0000, page, 12));
    CHECK(map(0x1'0020'1000, page, 12).error() == Error::slot_occupied);
    CHECK(map(0x1'0060'0000, page, 21, 12).error() == Error::bad_argument);
    CHECK(map(0x1'0000'4000, 2 * mib, 12, 21).error() == Error::bad_argument);
    CHECK(map(0x1'0040'0000, 4 * mib, 21));
    CHECK(world.call<MapFrame>(manager, {space, 0x1'0000'2000, 12, read_write, 3}).error() ==
          Error::invalid_cap);
    auto const pages = world.pages_of_space(space);
    CHECK(world.machine.touch(*pages, 0x1'0000'1004, true) == world.machine.ram(page + 4));
    CHECK(world.machine.touch(*pages, 0x1'0020'1234, true) == world.machine.ram(2 * mib + 0x1234));
    CHECK(world.manager->spaces.find(space)->regions.count() == 2);
    world.must<DestroySpace>({space});
}

namespace {

/// A program and every word that was written to it.
struct Model {
    u64 space;
    std::map<u64, u64> regions; ///< start to pages, of the heap
    std::map<u64, u64> words;
};

void live(World& world, std::mt19937& random, std::vector<Model>& models, int steps)
{
    auto const pick = [&](u64 n) { return random() % n; };
    for (int step = 0; step < steps; ++step) {
        u64 const what = pick(100);
        if (models.empty() || (what < 3 && models.size() < 6)) {
            models.push_back({world.new_space(600), {}, {}});
            world.must<MapArchive>(
                {models.back().space, 0x400000, 40 * page, 8 * page, 30 * page + 40, read_write});
            continue;
        }
        Model& model = models[pick(models.size())];
        if (what < 5) {
            world.must<DestroySpace>({model.space});
            std::swap(model, models.back());
            models.pop_back();
        } else if (what < 12) {
            u64 const pages = 1 + pick(60);
            auto got = world.call<Allocate>(model.space, {pages * page});
            if (got) model.regions[got->address] = pages;
        } else if (what < 17 && !model.regions.empty()) {
            auto const it =
                std::next(model.regions.begin(), static_cast<long>(pick(model.regions.size())));
            world.must<Free>({it->first}, model.space);
            model.words.erase(model.words.lower_bound(it->first),
                              model.words.lower_bound(it->first + it->second * page));
            model.regions.erase(it);
        } else {
            bool const heap = !model.regions.empty() && pick(2);
            auto const it = heap ? std::next(model.regions.begin(),
                                             static_cast<long>(pick(model.regions.size())))
                                 : model.regions.end();
            u64 const start = heap ? it->first : 0x400000, size = (heap ? it->second : 40) * page;
            u64 const address = start + pick(size / 8) * 8;
            bool const write = pick(2);
            u8* const at = world.touch(model.space, address, write);
            if (at == nullptr) {
                REQUIRE(world.reason == fault_quota);
                continue;
            }
            u64 found = 0, expected = 0;
            std::memcpy(&found, at, 8);
            if (model.words.contains(address))
                expected = model.words[address];
            else if (!heap && address - start < 30 * page + 40)
                std::memcpy(
                    &expected,
                    world.machine.archive_page(8 + (address - start) / page) + address % page, 8);
            REQUIRE(found == expected);
            if (!write) continue;
            u64 const value = random();
            std::memcpy(at, &value, 8);
            model.words[address] = value;
        }
    }
}

} // namespace

TEST_CASE("random lives keep every word, and all memory comes back")
{
    World world;
    std::mt19937 random{1};
    std::vector<Model> models;
    u64 free_before = 0;
    for (int round = 0; round < 4; ++round) {
        live(world, random, models, 4000);
        for (Model& model : models) world.must<DestroySpace>({model.space});
        models.clear();
        // Tables of ours grow to what the liveliest round needed, and stay.
        if (round == 3) CHECK(world.free_pages() + 40 >= free_before);
        free_before = world.free_pages();
    }
}

TEST_CASE("2 MiB that are all a program's are one page, until somebody wants a part of it")
{
    World world;
    u64 const before = world.free_pages(), space = world.new_space(2000);
    u64 const heap = world.must<Allocate>({4 * mib}, space).address;
    REQUIRE(heap % (2 * mib) == 0);
    *world.touch(space, heap + 5 * page, true) = 1;
    auto account = world.must<SpaceStatistics>({space});
    CHECK(account.large == 1);
    CHECK(account.resident == 512);
    CHECK(account.faults == 1);
    auto const pages = world.pages_of_space(space);
    for (u64 n = 0; n < 512; ++n) {
        u8* const at = world.machine.touch(*pages, heap + n * page + 7, true);
        REQUIRE(at != nullptr);
        CHECK(*at == 0);
        *at = static_cast<u8>(n % 3); // every third stays zero
    }
    CHECK(world.must<Peek>({space, heap + 5 * page + 7, 1}).data[0] == 2);
    CHECK(world.must<SpaceStatistics>({space}).large == 1);

    world.must<TakeFrame>({space, heap + 4 * page, read_write});
    account = world.must<SpaceStatistics>({space});
    CHECK(account.large == 0);
    CHECK(account.resident == 512 - 171);
    for (u64 n = 0; n < 512; ++n) {
        REQUIRE(*world.touch(space, heap + n * page + 7, false) == n % 3);
        REQUIRE(*world.touch(space, heap + n * page, false) == (n == 5));
    }
    (void)world.touch(space, heap + 2 * mib, false);
    CHECK(world.must<SpaceStatistics>({space}).large == 1);
    world.must<Free>({heap}, space);
    (void)world.sweep();
    CHECK(world.must<SpaceStatistics>({space}).resident == 0);
    world.must<DestroySpace>({space});
    CHECK(world.free_pages() + 2000 > before);
}

TEST_CASE("large pages keep nobody from what the quota promises")
{
    World world;
    u64 const space = world.new_space(700);
    u64 const heap[] = {world.must<Allocate>({2 * mib}, space).address,
                        world.must<Allocate>({2 * mib}, space).address};
    (void)world.touch(space, heap[0], true);
    CHECK(world.must<SpaceStatistics>({space}).large == 1);
    // No room for a second: small pages, and when the account is full the first is cut.
    for (u64 n = 0; n < 512; ++n) *world.touch(space, heap[1] + n * page, true) = 1;
    auto const account = world.must<SpaceStatistics>({space});
    CHECK(account.large == 0);
    CHECK(account.resident + account.tables <= 701);
    for (u64 n = 0; n < 150; ++n) *world.touch(space, heap[0] + n * page, true) = 1;
    u64 n = 150;
    while (n < 512 && world.touch(space, heap[0] + n * page, true)) ++n;
    CHECK(world.reason == fault_quota);
    CHECK(n < 190);
}

TEST_CASE("pages of 2 MiB are not made when memory is short")
{
    World world{{{16 * mib, 24}}, 8};
    u64 const space = world.new_space(100000);
    u64 const heap = world.must<Allocate>({16 * mib}, space).address;
    u64 n = 0;
    while (u8* const at = world.touch(space, heap + n * page, true)) *at = 1, ++n;
    CHECK(world.reason == fault_memory);
    CHECK(n > 2000);
    world.must<CreateObject>({mib, 1, 64});
}

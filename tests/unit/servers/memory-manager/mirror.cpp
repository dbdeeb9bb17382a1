// Frames that were somebody's before: zero for the next one, whoever had what of them, and cleared
// without a mapping made for it where that is promised.
#include "world.hpp"

#include "program/layout.hpp"

#include <algorithm>
#include <set>

using namespace memory;

namespace {

struct MirrorWorld : World {
    using World::World;
    /// Pages that memory-manager has mapped for good.
    std::vector<u64> mirrored()
    {
        std::vector<u64> found;
        for (auto const& [address, mapping] : own().pages)
            if (address >= place::mirror) found.push_back(address);
        return found;
    }
    u64 chunks_mirrored()
    {
        std::set<u64> found;
        for (u64 const address : mirrored()) found.insert(address >> chunk_bits);
        return found.size();
    }
    fake::Space& own() { return *machine.space(machine.handed_over().own_vspace); }

    /// Touches pages, which must be zero, and writes all of each. The physical addresses.
    std::set<u64> soil(u64 space, u64 address, u64 pages)
    {
        std::set<u64> found;
        for (u64 n = 0; n < pages; ++n) {
            u8* const at = touch(space, address + n * page, true);
            REQUIRE(at != nullptr);
            REQUIRE(std::all_of(at, at + page, [](u8 byte) { return byte == 0; }));
            std::memset(at, 0xa5, page);
            found.insert(static_cast<u64>(at - machine.ram(0)));
        }
        return found;
    }
    /// Addresses of so many pages of heap, in pieces that are never one large page.
    std::vector<u64> small_pages(u64 space, u64 pages)
    {
        std::vector<u64> found;
        for (u64 n = 0; n < pages; n += 400) {
            u64 const heap = must<Allocate>({400 * page}, space).address;
            for (u64 i = 0; i < 400; ++i) found.push_back(heap + i * page);
        }
        return found;
    }
    /// Takes every page but each hundredth away from its program, as replacement does.
    void thin_out(u64 space, std::vector<u64> const& addresses)
    {
        Space& it = *manager->spaces.find(space);
        for (u64 n = 0; n < addresses.size(); ++n)
            if (n % 100 != 0)
                manager->mapper.drop_range(it, static_cast<u32>(addresses[n] / page), 1);
    }
    /// The same as soil() of a piece of heap that is given back.
    std::set<u64> cycle(u64 space, u64 pages)
    {
        u64 const heap = must<Allocate>({pages * page}, space).address;
        auto const frames = soil(space, heap, pages);
        must<Free>({heap}, space);
        return frames;
    }
};

} // namespace

TEST_CASE("a frame is mapped for clearing once, and clean each time")
{
    MirrorWorld world;
    u64 const space = world.new_space();
    auto const fresh = world.cycle(space, 100);
    CHECK(world.mirrored().empty());
    CHECK(world.cycle(space, 100) == fresh); // the same frames again
    CHECK(world.mirrored().size() == 100);
    for (int round = 0; round < 5; ++round) {
        unsigned const before = world.machine.maps;
        CHECK(world.cycle(space, 100) == fresh);
        CHECK(world.machine.maps - before == 100); // the program's own
    }
    CHECK(world.mirrored().size() == 100);
    for (u64 const address : world.mirrored()) {
        auto const& mapping = world.own().pages.at(address);
        CHECK(fresh.contains(mapping.physical));
        CHECK(mapping.write);
    }
}

TEST_CASE("a program that ends with its pages mapped leaves them clean")
{
    MirrorWorld world;
    u64 const keeper = world.new_space();
    world.must<MapAnonymous>({keeper, 0x10000, page, read_write});
    (void)world.soil(keeper, 0x10000, 1);
    for (int round = 0; round < 4; ++round) {
        u64 const space = world.new_space();
        world.must<MapAnonymous>({space, 0x10000, 50 * page, read_write});
        (void)world.soil(space, 0x10000, 50);
        world.must<DestroySpace>({space});
    }
    CHECK(world.mirrored().size() >= 50);
    CHECK(*world.touch(keeper, 0x10000, false) == 0xa5);
}

TEST_CASE("a frame whose capability was taken is nobody else's afterwards, and clean")
{
    MirrorWorld world;
    u64 const space = world.new_space();
    (void)world.cycle(space, 10);
    (void)world.cycle(space, 10);
    CHECK(world.mirrored().size() == 10);
    for (int round = 0; round < 3; ++round) {
        u64 const heap = world.must<Allocate>({10 * page}, space).address;
        (void)world.soil(space, heap, 10);
        world.must<TakeFrame>({space, heap + 3 * page, read_write});
        fake::Slot const& taken = *world.machine.slot(world.given);
        REQUIRE(taken.type == fake::Type::frame);
        CHECK(world.mirrored().size() == 10);
        world.must<Free>({heap}, space);
        CHECK(taken.type == fake::Type::null);
        CHECK(world.mirrored().size() == 9); // that one is mapped anew when it is cleared
    }
    (void)world.cycle(space, 10);
    CHECK(world.mirrored().size() == 10);
}

TEST_CASE("shared memory comes of frames used before, and goes back to them")
{
    MirrorWorld world;
    u64 const space = world.new_space();
    (void)world.cycle(space, 200);
    (void)world.cycle(space, 200);
    for (int round = 0; round < 3; ++round) {
        auto const object = world.must<CreateObject>({100 * page, 1, 64});
        world.must<MapObject>({space, object.object, 0x2000'0000, read_write});
        (void)world.soil(space, 0x2000'0000, 100);
        u64 const other = world.new_space();
        world.must<MapObject>({other, object.object, 0x2000'0000, read_write});
        CHECK(*world.touch(other, 0x2000'0000, true) == 0xa5);
        world.must<DestroySpace>({other});
        auto const& regions = world.manager->spaces.find(space)->regions;
        world.manager->spaces.remove_region(*world.manager->spaces.find(space),
                                            regions.at(0x2000'0000 / page));
        world.must<DestroyObject>({object.object});
        (void)world.cycle(space, 200);
    }
    CHECK(world.mirrored().size() >= 200);
}

TEST_CASE("a chunk that goes back takes its mappings along, and may be a large page next")
{
    MirrorWorld world;
    u64 free[2] = {};
    for (int round = 0; round < 6; ++round) {
        u64 const space = world.new_space(8000);
        for (int again = 0; again < 3; ++again) {
            u64 const heap = world.must<Allocate>({400 * page}, space).address;
            (void)world.soil(space, heap, 400);
            world.must<Free>({heap}, space);
            (void)world.sweep();
        }
        CHECK(world.mirrored().size() >= 390);
        for (u64 const at : world.small_pages(space, 1600)) (void)world.touch(space, at, true);
        world.must<DestroySpace>({space});
        (void)world.sweep();
        CHECK(world.chunks_mirrored() <= 1); // the chunk that is kept

        u64 const large = world.new_space(8000);
        u64 const heap = world.must<Allocate>({12 * mib}, large).address;
        for (u64 n = 0; n < 6; ++n) (void)world.soil(large, heap + n * 2 * mib, 512);
        CHECK(world.must<SpaceStatistics>({large}).large == 6);
        world.must<TakeFrame>({large, heap, read_write}); // cut
        CHECK(*world.touch(large, heap + 5 * page, false) == 0xa5);
        world.must<DestroySpace>({large});
        (void)world.sweep();
        free[round & 1] = world.free_pages();
    }
    CHECK(free[0] ==
          free[1] + 2); // each number of a space that is new takes a page for its regions
}

TEST_CASE("at most every other chunk has mappings; the others' frames are clean too")
{
    MirrorWorld world{{{16 * mib, 24}, {32 * mib, 25}}};
    u64 const chunks = world.manager->chunks.count();
    u64 const space = world.new_space(100000);
    auto const addresses = world.small_pages(space, 8000);
    for (u64 const at : addresses) (void)world.soil(space, at, 1);
    for (int round = 0; round < 3; ++round) {
        world.thin_out(space, addresses);
        for (u64 n = 0; n < addresses.size(); ++n)
            if (n % 100 != 0) (void)world.soil(space, addresses[n], 1);
    }
    CHECK(world.chunks_mirrored() == (chunks + 1) / 2);
}

TEST_CASE("where memory is short no more is mapped for good")
{
    MirrorWorld world{{{16 * mib, 24}}, 8};
    u64 const space = world.new_space(100000);
    auto const addresses = world.small_pages(space, 8000);
    for (u64 const at : addresses)
        if (world.touch(space, at, true) == nullptr) break;
    CHECK(world.reason == fault_memory);
    auto const before = world.must<MachineStatistics>({});
    for (int round = 0; round < 3; ++round) {
        world.thin_out(space, addresses);
        for (u64 n = 1; n < 100; ++n) (void)world.soil(space, addresses[n], 1);
    }
    CHECK(world.mirrored().empty());
    CHECK(world.must<MachineStatistics>({}).kernel_objects == before.kernel_objects);
}

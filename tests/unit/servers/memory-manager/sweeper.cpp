// Large programs and large pieces of heap go in steps: others are served between them, nobody
// reaches what is going, and nobody waits for memory that could be taken back.
#include "world.hpp"

#include "program/layout.hpp"

using namespace memory;

namespace {

constexpr u64 most = Sweeper::step_pages;

struct SweeperWorld : World {
    using World::World;
    /// So many pages of heap, in pieces that are never one large page, all written.
    std::vector<u64> written(u64 space, u64 pages)
    {
        std::vector<u64> found;
        for (u64 n = 0; n < pages; n += 400) {
            u64 const heap = must<Allocate>({400 * page}, space).address;
            for (u64 i = 0; i < 400; ++i) {
                u8* const at = touch(space, heap + i * page, true);
                REQUIRE(at != nullptr);
                std::memset(at, 0xa5, page);
                found.push_back(heap + i * page);
            }
        }
        return found;
    }
    /// One piece of so many small pages, all written: each 2 MiB is cut.
    u64 piece(u64 space, u64 pages)
    {
        u64 const heap = must<Allocate>({pages * page}, space).address;
        for (u64 n = 0; n < pages; ++n) {
            u8* const at = touch(space, heap + n * page, true);
            REQUIRE(at != nullptr);
            std::memset(at, 0xa5, page);
            if (n % 512 == 511) must<TakeFrame>({space, heap + n * page, read_write});
        }
        CHECK(must<SpaceStatistics>({space}).large == 0);
        return heap;
    }
    Space& raw(u64 space) { return manager->spaces[static_cast<u32>(space)]; }
};

} // namespace

TEST_CASE("others are served between the steps of a program's end")
{
    SweeperWorld world;
    u64 const other = world.new_space(), space = world.new_space(8000);
    world.must<MapAnonymous>({other, 0x10000, 100 * page, read_write});
    auto const addresses = world.written(space, 2000);
    u64 left = world.must<SpaceStatistics>({space}).resident;
    u64 const free = world.free_pages();
    CHECK(left == 2000);

    world.must<DestroySpace>({space});
    CHECK(world.call<SpaceStatistics>(manager, {space}).error() == Error::not_found);
    CHECK(world.call<DestroySpace>(manager, {space}).error() == Error::not_found);
    CHECK(world.call<Allocate>(space, {page}).error() == Error::not_found);
    CHECK(world.manager->spaces.find(space) == nullptr); // its faults get no answer
    CHECK(world.free_pages() >= free + 2000);            // whoever needs it gets it
    u32 steps = 1;
    for (bool more = true; more; ++steps) {
        u64 const now = world.raw(space).account.resident;
        CHECK(left - now <= most);
        CHECK(left - now > 0);
        left = now;
        u8* const at = world.touch(other, 0x10000 + steps * page, true);
        REQUIRE(at != nullptr);
        CHECK(*at == 0);
        u64 const next = world.new_space();
        CHECK(next != space);
        world.must<DestroySpace>({next});
        more = world.must<Sweep>({}).more != 0;
    }
    CHECK(steps >= 2000 / most);
    CHECK(world.must<Sweep>({}).more == 0);
    CHECK(!world.raw(space).used);
    CHECK(world.free_pages() + 40 >= free + 2000);
}

TEST_CASE("small programs are gone when the call returns")
{
    SweeperWorld world;
    u64 const space = world.new_space();
    world.must<MapAnonymous>({space, 0x10000, 200 * page, read_write});
    for (u64 n = 0; n < 200; ++n) (void)world.touch(space, 0x10000 + n * page, true);
    world.must<DestroySpace>({space});
    CHECK(!world.manager->sweeper.pending());
    u64 const other = world.new_space(), heap = world.must<Allocate>({mib}, other).address;
    for (u64 n = 0; n < 256; ++n) (void)world.touch(other, heap + n * page, true);
    world.must<Free>({heap}, other);
    CHECK(!world.manager->sweeper.pending());
    CHECK(world.must<SpaceStatistics>({other}).resident == 0);
}

TEST_CASE("freed heap is out of reach at once and goes in steps")
{
    SweeperWorld world;
    u64 const space = world.new_space(8000);
    u64 const heap = world.piece(space, 2000);
    u64 left = world.must<Statistics>({}, space).resident;
    CHECK(left == 2000);
    world.must<Free>({heap}, space);
    CHECK(world.call<Free>(space, {heap}).error() == Error::not_found);
    for (bool more = true; more; more = world.must<Sweep>({}).more != 0) {
        u64 const now = world.must<Statistics>({}, space).resident;
        CHECK(left - now <= most);
        left = now;
        for (u64 n = 0; n < 2000; n += 333) {
            world.reason = 0;
            auto& it = *world.manager->spaces.find(space);
            CHECK(world.manager->on_page_fault(it, heap + n * page, n % 2 * 2) == fault_unmapped);
        }
        CHECK(world.call<TakeFrame>(manager, {space, heap, read_write}).error() ==
              Error::not_found);
        u64 const next = world.must<Allocate>({page}, space).address;
        auto const* const going = world.raw(space).regions.find(static_cast<u32>(heap / page));
        CHECK((going == nullptr || next < heap || next >= u64{going->end()} * page));
        CHECK(*world.touch(space, next, true) == 0);
        world.must<Free>({next}, space);
    }
    CHECK(world.must<Statistics>({}, space).resident == 0);
    CHECK(world.raw(space).regions.count() == 0);
    CHECK(world.raw(space).freed == 0);
}

TEST_CASE("pages of 2 MiB and pages never touched go too")
{
    SweeperWorld world;
    u64 const space = world.new_space(100000);
    u64 const free = world.free_pages(), heap = world.must<Allocate>({300 * mib}, space).address;
    for (u64 n : {0, 3, 7, 8}) (void)world.touch(space, heap + n * 2 * mib + page, true);
    (void)world.touch(space, heap + 120 * mib, true);
    CHECK(world.must<Statistics>({}, space).large == 5);
    world.must<Free>({heap}, space);
    (void)world.sweep();
    CHECK(world.must<Statistics>({}, space).large == 0);
    CHECK(world.must<Statistics>({}, space).resident == 0);
    CHECK(world.free_pages() + 16 >= free);
}

TEST_CASE("who needs memory does not wait for the sweeper")
{
    SweeperWorld world{{{16 * mib, 24}}, 8};
    for (int round = 0; round < 4; ++round) {
        u64 const first = world.new_space(100000), second = world.new_space(100000);
        (void)world.written(first, 2000);
        world.must<DestroySpace>({first});
        CHECK(world.manager->sweeper.pending());
        auto const addresses = world.written(second, 2000);
        for (u64 const at : addresses) REQUIRE(*world.touch(second, at, false) == 0xa5);
        world.must<DestroySpace>({second});
        CHECK(world.manager->sweeper.pending());
        std::vector<u64> lent;
        for (int n = 0; n < 3; ++n) lent.push_back(world.must<TakeUntyped>({21}).untyped);
        for (u64 const it : lent) world.must<ReturnUntyped>({it});
    }
}

TEST_CASE("a program with a full account gets what it freed")
{
    SweeperWorld world;
    u64 const space = world.new_space(1700);
    for (int round = 0; round < 3; ++round) {
        u64 const heap = world.must<Allocate>({1500 * page}, space).address;
        for (u64 n = 0; n < 1500; ++n) {
            u8* const at = world.touch(space, heap + n * page, true);
            REQUIRE(at != nullptr);
            REQUIRE(*at == 0);
            *at = 1;
        }
        world.must<Free>({heap}, space);
    }
    world.must<DestroySpace>({space});
    (void)world.sweep();
    CHECK(!world.manager->sweeper.pending());
}

TEST_CASE("shared memory and taken frames of a program that is going")
{
    SweeperWorld world;
    u64 const space = world.new_space(8000);
    auto const object = world.must<CreateObject>({500 * page, 1, 64});
    world.must<MapObject>({space, object.object, 0x2000'0000, read_write});
    for (u64 n = 0; n < 500; ++n) (void)world.touch(space, 0x2000'0000 + n * page, true);
    u64 const at = world.written(space, 800)[3];
    world.must<TakeFrame>({space, at, read_write});
    fake::Slot const& taken = *world.machine.slot(world.given);
    world.must<DestroySpace>({space});
    CHECK(world.manager->sweeper.pending());
    world.must<DestroyObject>({object.object}); // nobody maps it any more
    (void)world.sweep();
    CHECK(taken.type == fake::Type::null);
    CHECK(world.must<MachineStatistics>({}).shared == 0);
}

TEST_CASE("only the manager sweeps")
{
    SweeperWorld world;
    u64 const space = world.new_space();
    for (u64 const badge : {space, space | monitor_bit, u64{0}})
        CHECK(world.call<Sweep>(badge, {}).error() == Error::missing_rights);
}

// Shared objects of 2 MiB and more: which pages they are made of, where they are mapped, and that
// all of it comes back.
#include "world.hpp"

using namespace memory;

TEST_CASE("a large object has large pages and small ones behind them")
{
    World world{{{16 * mib, 24}, {32 * mib, 25}, {64 * mib, 25}}};
    u64 const free = world.free_pages();
    u64 const a = world.new_space(), b = world.new_space(100, true);
    u64 const bytes = 5 * mib + 3 * page, at = 0x2000'0000;
    auto const object = world.must<CreateObject>({bytes, 1, 32});
    CHECK(object.physical % (2 * mib) == 0);
    CHECK(world.call<MapObject>(manager, {a, object.object, at + page, read_write}).error() ==
          Error::bad_argument);
    world.must<MapObject>({a, object.object, at, read_write});
    world.must<MapObject>({b, object.object, at + 16 * mib, access_read});
    // In any order: what is touched first may lie anywhere in its 2 MiB.
    for (u64 const offset : {5 * mib + 2 * page, 3 * mib + 5 * page, u64{0}, 2 * mib - page,
                             4 * mib, 4 * mib - page}) {
        u8* const there = world.touch(a, at + offset, true);
        CHECK(there == world.machine.ram(object.physical + offset));
        CHECK(*there == 0);
        CHECK(world.touch(b, at + 16 * mib + offset, false) == there);
        *there = 1;
    }
    auto const pages = world.pages_of_space(a);
    CHECK(pages->pages.at(at).bits == 21);
    CHECK(pages->pages.at(at + 2 * mib).bits == 21);
    CHECK(pages->pages.at(at + 5 * mib + 2 * page).bits == 12);
    CHECK(world.touch(a, at + bytes, true) == nullptr);
    CHECK(world.touch(b, at + 16 * mib, true) == nullptr);

    auto const seen = world.must<Peek>({a, at + 3 * mib + 5 * page, 16});
    CHECK(seen.bytes == 16);
    CHECK(seen.data[0] == 1);
    CHECK(world.must<TakeFrame>({a, at + mib, read_write}).size_bits == 21);
    fake::Slot const& taken = *world.machine.slot(world.given);
    CHECK(taken.physical == object.physical);

    CHECK(world.call<DestroyObject>(manager, {object.object}).error() == Error::slot_occupied);
    world.must<DestroySpace>({a});
    world.must<DestroySpace>({b});
    world.must<DestroyObject>({object.object});
    CHECK(taken.type == fake::Type::null);
    // Books of our own have grown.
    CHECK(world.free_pages() + 64 > free);
}

TEST_CASE("large objects come and go, and what is refused takes nothing")
{
    World world{{{16 * mib, 24}, {64 * mib, 25}}};
    CHECK(world.call<CreateObject>(manager, {16 * mib + page, 0, 0}).error() == Error::no_memory);
    auto const first = world.must<CreateObject>({16 * mib, 1, 64});
    CHECK(first.physical >= 64 * mib); // below, the archive lies in the way
    auto const second = world.must<CreateObject>({16 * mib, 1, 64});
    CHECK(second.physical != first.physical);
    u64 const free = world.free_pages();
    for (int n = 0; n < 3; ++n) {
        CHECK(world.call<CreateObject>(manager, {16 * mib, 1, 26}).error() == Error::no_memory);
        CHECK(world.call<CreateObject>(manager, {16 * mib, 1, 64}).error() == Error::no_memory);
    }
    CHECK(world.free_pages() == free);
    auto const third = world.must<CreateObject>({4 * mib + page, 1, 64});
    for (u64 const object : {third.object, second.object, first.object})
        world.must<DestroyObject>({object});
    auto const again = world.must<CreateObject>({16 * mib, 1, 64});
    CHECK(again.physical == first.physical);
}

TEST_CASE("a large object in the manager's own space")
{
    World world;
    auto const object = world.must<CreateObject>({2 * mib + page, 1, 64});
    constexpr u64 at = program::layout::shared;
    world.must<MapObject>({0, object.object, at, read_write});
    for (u64 const offset : {u64{0}, 2 * mib - 8, 2 * mib, 2 * mib + page - 8}) {
        *reinterpret_cast<u64*>(at + offset) = offset + 1;
        u64 stored;
        std::memcpy(&stored, world.machine.ram(object.physical + offset), sizeof stored);
        CHECK(stored == offset + 1);
    }
}

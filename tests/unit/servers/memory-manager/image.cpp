// What a loader does to its own space: MapImage only where nothing is and only in the image's area;
// Seal once, for good; no page is ever writable and executable, in memory or on its way back from
// the disk.
#include "swap_world.hpp"

#include <map>

using namespace memory;
namespace layout = program::layout;

namespace {

constexpr u64 read_execute = access_read | access_execute;

/// A space and its loader's badge.
struct Loader {
    World world;
    u64 space = world.new_space();
    u64 badge = space | loader_bit;

    template <class C> Error call(u64 as, typename C::Args const& args)
    {
        auto const answer = world.call<C>(as, args);
        return answer ? Error::ok : answer.error();
    }
    Error map(u64 address, u64 bytes) { return call<MapImage>(badge, {address, bytes}); }
    Error seal(u64 address, u64 access) { return call<Seal>(badge, {address, access}); }
    /// What is mapped at an address; null: nothing.
    fake::Mapping const* mapping(u64 address)
    {
        auto const pages = world.pages_of_space(space);
        auto const found = pages->pages.find(address);
        return found == pages->pages.end() ? nullptr : &found->second;
    }
    /// Whether every page of the space keeps the rule.
    bool keeps_the_rule()
    {
        for (auto const& [address, it] : world.pages_of_space(space)->pages)
            if (it.write && it.execute) return false;
        return true;
    }
};

} // namespace

TEST_CASE("a loader writes its image, and what was sealed keeps its contents")
{
    Loader it;
    REQUIRE(it.map(0x400000, 3 * page) == Error::ok);
    u8* const first = it.world.touch(it.space, 0x400000, true);
    CHECK(*first == 0);
    *first = 0xc3;
    CHECK_FALSE(it.mapping(0x400000)->execute);
    REQUIRE(it.seal(0x400000, read_execute) == Error::ok);
    // The page that was there, and one that comes only now.
    REQUIRE(it.mapping(0x400000) != nullptr);
    CHECK(it.mapping(0x400000)->execute);
    CHECK_FALSE(it.mapping(0x400000)->write);
    CHECK(*it.world.touch(it.space, 0x400000, false) == 0xc3);
    CHECK(it.world.touch(it.space, 0x400000, true) == nullptr);
    CHECK(it.world.reason == fault_unmapped);
    CHECK(*it.world.touch(it.space, 0x402000, false) == 0);
    CHECK(it.mapping(0x402000)->execute);
    CHECK(it.world.touch(it.space, 0x402000, true) == nullptr);
    CHECK(it.keeps_the_rule());
}

TEST_CASE("what is sealed read-only cannot be executed")
{
    Loader it;
    REQUIRE(it.map(0x400000, page) == Error::ok);
    (void)it.world.touch(it.space, 0x400000, true);
    REQUIRE(it.seal(0x400000, access_read) == Error::ok);
    CHECK_FALSE(it.mapping(0x400000)->execute);
    CHECK_FALSE(it.mapping(0x400000)->write);
    CHECK(it.world.touch(it.space, 0x400000, true) == nullptr);
}

TEST_CASE("a seal is once, with nothing but read and execute, and of what MapImage gave")
{
    Loader it;
    REQUIRE(it.map(0x400000, 2 * page) == Error::ok);
    for (u64 access : {u64{0}, access_write, read_write, access_execute, u64{7}, u64{8}, ~u64{0}})
        CHECK(it.seal(0x400000, access) == Error::bad_argument);
    for (u64 address : {u64{0}, u64{0x400001}, u64{0x401000}, u64{0x3ff000}, layout::image_end,
                        layout::heap, ~u64{0} - page + 1})
        CHECK(it.seal(address, read_execute) == Error::not_found);
    CHECK(it.seal(0x400000, access_read) == Error::ok);
    CHECK(it.seal(0x400000, read_execute) == Error::not_found);
    CHECK(it.seal(0x400000, access_read) == Error::not_found);
    // A stack, memory of the archive, heap: not made by MapImage.
    it.world.must<MapAnonymous>({it.space, 0x500000, page, read_write});
    it.world.must<MapArchive>({it.space, 0x600000, page, 0, page, read_write});
    u64 const heap = it.world.must<Allocate>({page}, it.badge).address;
    for (u64 address : {u64{0x500000}, u64{0x600000}, heap})
        CHECK(it.seal(address, read_execute) == Error::not_found);
}

TEST_CASE("an image lies in its area, on whole pages, where nothing else is")
{
    Loader it;
    it.world.must<MapAnonymous>({it.space, 0x410000, page, access_read});
    REQUIRE(it.map(0x400000, 2 * page) == Error::ok);
    for (auto const& [address, bytes] : std::map<u64, u64>{{0x400000, page},
                                                           {0x401000, 4 * page},
                                                           {0x3ff000, 2 * page},
                                                           {0x40f000, 4 * page},
                                                           {0x410000, page}})
        CHECK(it.map(address, bytes) == Error::slot_occupied);
    for (auto const& [address, bytes] : std::vector<std::pair<u64, u64>>{
             {0x420001, page}, {0x420000, 0}, {0x420000, 1}, {0x420800, 0x800}})
        CHECK(it.map(address, bytes) == Error::bad_argument);
    for (auto const& [address, bytes] :
         std::vector<std::pair<u64, u64>>{{0, page},
                                          {layout::image_end, page},
                                          {layout::image_end - page, 2 * page},
                                          {layout::arguments, page},
                                          {layout::ipc_buffer, page},
                                          {layout::shared, page},
                                          {layout::heap, page},
                                          {layout::heap_end, page},
                                          {0x420000, ~u64{0} - page + 1},
                                          {~u64{0} - page + 1, page}})
        CHECK(it.map(address, bytes) == Error::out_of_range);
    CHECK(it.map(0x500000, 1001 * page) == Error::no_memory);
    CHECK(it.map(layout::image_end - page, page) == Error::ok);
}

TEST_CASE("only a loader may, and only in its own space")
{
    Loader it;
    for (u64 badge : {it.space, it.space | monitor_bit, it.space | injector_bit, manager,
                      manager | loader_bit, u64{0}})
        CHECK(it.call<MapImage>(badge, {0x400000, page}) != Error::ok);
    CHECK(it.call<MapImage>(it.space, {0x400000, page}) == Error::missing_rights);
    CHECK(it.map(0x400000, page) == Error::ok);
    u64 const other = it.world.new_space();
    CHECK(it.call<Seal>(other | loader_bit, {0x400000, access_read}) == Error::not_found);
    CHECK(it.call<Seal>(it.space, {0x400000, access_read}) == Error::missing_rights);
    // A page that another program may write stays that program's business.
    CHECK(it.world.must<SpaceStatistics>({other}).resident == 0);
}

TEST_CASE("random lives of a loader never break the rule, and all comes back")
{
    World world;
    std::mt19937_64 random{23};
    u64 const free = world.free_pages();
    constexpr int lives = 40;
    for (int life = 0; life < lives; ++life) {
        u64 const space = world.new_space(300);
        u64 const badge = space | loader_bit;
        std::map<u64, u8> written; // by address of the page
        std::map<u64, u64> sealed; // access by page
        for (int step = 0; step < 200; ++step) {
            u64 const address = 0x400000 + random() % 64 * page;
            switch (random() % 4) {
            case 0:
                (void)world.call<MapImage>(badge, {address, (random() % 6 + 1) * page});
                break;
            case 1: {
                u64 const access = random() % 2 ? read_execute : access_read;
                Space& it = *world.manager->spaces.find(space);
                u32 const n = it.regions.at(static_cast<u32>(address / page));
                u64 const pages = n < it.regions.count() ? it.regions[n].pages : 0;
                if (!world.call<Seal>(badge, {address, access})) break;
                for (u64 i = 0; i < pages; ++i) {
                    REQUIRE_FALSE(sealed.contains(address + i * page));
                    sealed[address + i * page] = access;
                }
                break;
            }
            default:
                if (u8* const at = world.touch(space, address, true)) {
                    REQUIRE_FALSE(sealed.contains(address));
                    written[address] = *at = static_cast<u8>(random());
                }
            }
            for (auto const& [at, it] : world.pages_of_space(space)->pages) {
                REQUIRE_FALSE((it.write && it.execute));
                if (sealed.contains(at)) {
                    REQUIRE_FALSE(it.write);
                    REQUIRE(it.execute == (sealed[at] == read_execute));
                }
            }
        }
        for (auto const& [at, value] : written) REQUIRE(*world.touch(space, at, false) == value);
        world.must<DestroySpace>({space});
        world.sweep();
    }
    // Each number of a space keeps a page for its regions.
    CHECK(world.free_pages() + lives + 16 >= free);
}

TEST_CASE("an image that is sealed while it is on the disk comes back sealed")
{
    SwapWorld world{12000};
    u64 const space = world.new_space(100000), badge = space | loader_bit;
    constexpr u64 image = 0x400000, pages = 64;
    REQUIRE(world.call<MapImage>(badge, {image, pages * page}));
    for (u64 i = 0; i < pages; ++i) *world.wait_for(space, image + i * page, true) = u8(i + 1);
    u64 const heap = world.must<Allocate>({8000 * page}, space).address;
    u64 n = 0;
    auto const is_there = [&](u64 address) {
        return world.pages_of_space(space)->pages.contains(address);
    };
    while (is_there(image) || is_there(image + (pages - 1) * page)) {
        REQUIRE(n < 8000);
        *world.wait_for(space, heap + n++ * page, true) = 1;
    }
    REQUIRE(world.call<Seal>(badge, {image, access_read | access_execute}));
    for (u64 i = 0; i < pages; ++i) {
        u8* const at = world.wait_for(space, image + i * page, false);
        REQUIRE(at != nullptr);
        CHECK(*at == i + 1);
        auto const& mapped = world.pages_of_space(space)->pages.at(image + i * page);
        CHECK(mapped.execute);
        CHECK_FALSE(mapped.write);
        CHECK(world.wait_for(space, image + i * page, true) == nullptr);
    }
}

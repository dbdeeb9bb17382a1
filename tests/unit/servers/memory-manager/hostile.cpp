// Every method with arguments that nobody in his right mind would send, from programs and from the
// manager: nothing breaks, others' memory stays what it was, and everything comes back.
#include "world.hpp"

#include "program/layout.hpp"

using namespace memory;

namespace {

u64 strange_word(std::mt19937_64& random)
{
    constexpr u64 values[] = {0,
                              1,
                              2,
                              3,
                              5,
                              7,
                              12,
                              20,
                              21,
                              page,
                              2 * page,
                              page - 1,
                              page + 1,
                              0x400000,
                              0x1000'0000,
                              0x2000'0000,
                              program::layout::heap,
                              program::layout::heap_end - page,
                              program::layout::heap_end,
                              0x7fff'ffff'f000,
                              u64{1} << 63,
                              ~u64{0},
                              ~u64{0} - page + 1,
                              16 * page,
                              2 * mib,
                              800};
    u64 const word = values[random() % std::size(values)];
    return random() % 8 == 0 ? random() >> random() % 64 : word;
}

int succeeded = 0; ///< of all calls that were made strangely

template <class C> void call_strangely(World& world, std::mt19937_64& random, u64 badge)
{
    typename C::Args args{};
    if constexpr (!std::is_empty_v<typename C::Args>) {
        u64 words[sizeof args / 8];
        for (u64& word : words) word = strange_word(random);
        std::memcpy(&args, words, sizeof args);
    }
    bool const with_frame = random() % 4 == 0;
    if (with_frame) world.machine.give_frame(world.manager->inbox, 0, random() % 2 ? 12 : 21);
    if (world.call<C>(badge, args, with_frame)) ++succeeded;
}

template <u32 V, class... Calls>
void call_any(rpc::Protocol<V, Calls...>, World& world, std::mt19937_64& random, u64 badge)
{
    u64 n = random() % sizeof...(Calls);
    ((n-- == 0 ? call_strangely<Calls>(world, random, badge) : void()), ...);
}

} // namespace

TEST_CASE("programs reach nothing but their own account")
{
    World world;
    std::mt19937_64 random{7};
    u64 const victim = world.new_space(), attacker = world.new_space(64);
    world.must<MapAnonymous>({victim, 0x10000, page, read_write});
    std::memset(world.touch(victim, 0x10000, true), 0x5a, page);
    u64 const free = world.free_pages();
    for (int i = 0; i < 20000; ++i) {
        u64 const badges[] = {attacker,   attacker | monitor_bit, 0,
                              max_spaces, ~u64{0} >> 1,           manager - 1};
        call_any(Memory{}, world, random, badges[random() % std::size(badges)]);
    }
    u8 const* const at = world.touch(victim, 0x10000, false);
    for (u64 i = 0; i < page; ++i) REQUIRE(at[i] == 0x5a);
    CHECK(world.must<SpaceStatistics>({victim}).resident == 1);
    world.must<DestroySpace>({attacker});
    CHECK(world.free_pages() + 8 >= free);
}

TEST_CASE("the manager's mistakes are refused and leak nothing")
{
    World world;
    std::mt19937_64 random{11};
    for (int i = 0; i < 40000; ++i) call_any(Memory{}, world, random, manager);
    CHECK(succeeded > 4000);
    for (u64 n = 1; n < max_spaces; ++n) (void)world.call<DestroySpace>(manager, {n});
    u64 const untyped_numbers = 1 << 18;
    for (u64 n = 0; n < untyped_numbers; ++n) (void)world.call<ReturnUntyped>(manager, {n});
    auto const all = world.must<MachineStatistics>({});
    CHECK(all.free + all.shared + all.kernel_objects + 512 >= all.total);
    CHECK(all.kernel_objects < 1500);
}

TEST_CASE("a message of another length or label is not a call")
{
    World world;
    for (u64 label : {u64{0}, u64{1}, u64{1} << 16 | 200, u64{2} << 16, ~u64{0}}) {
        rpc::Message message{label, 3, {1, 2, 3}};
        rpc::dispatch(Memory{}, world.service, {manager}, message);
        CHECK(message.label == static_cast<u64>(Error::not_supported));
    }
    rpc::Message message{Memory::label<CreateSpace>(), 1, {100}};
    rpc::dispatch(Memory{}, world.service, {manager}, message);
    CHECK(message.label == static_cast<u64>(Error::truncated));
}

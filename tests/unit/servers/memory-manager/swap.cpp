// Pages that leave memory and come back: every word survives, whatever the disk's driver does;
// which page goes is compared with a model of second chance.
#include "world.hpp"

#include "abi/faults.hpp"
#include "program/layout.hpp"
#include "queue/ring.hpp"

#include <deque>
#include <map>

using namespace memory;

namespace {

/// The other end of the rings: a driver that does what it is asked when the test lets it, may die,
/// and the disk behind it.
class Disk {
public:
    std::vector<u8> bytes;
    block::Shared* rings;
    u8* pool;
    queue::Receiver<decltype(block::Shared::requests)> requests;
    queue::Sender<decltype(block::Shared::completions)> completions;
    block::Status answer = block::Status::ok;
    u64 reads = 0, writes = 0;
    std::set<u64> written; ///< sectors

    Disk(u64 pages, u8* shared, u8* data)
        : bytes(pages * page), rings{new (shared) block::Shared{}}, pool{data}
    {
        std::memcpy(bytes.data(), swap_signature, swap_signature_bytes);
        live();
    }
    /// A new driver: it drops what was asked of the old one.
    void live()
    {
        requests = queue::Receiver<decltype(block::Shared::requests)>{&rings->requests};
        completions = queue::Sender<decltype(block::Shared::completions)>{&rings->completions};
        requests.drop_all();
        rings->sectors = bytes.size() / 512;
        ++rings->epoch;
    }
    /// Does at most n requests.
    bool work(int n = 1000)
    {
        bool any = false;
        block::Request it{};
        while (n-- > 0 && requests.pop(it)) {
            if (it.epoch != rings->epoch) continue;
            REQUIRE(it.sector * 512 + it.bytes <= bytes.size());
            bool const write = it.operation == static_cast<u32>(block::Operation::write);
            if (write) REQUIRE(it.sector != 0);
            ++(write ? writes : reads);
            if (write) written.insert(it.sector);
            if (answer == block::Status::ok) {
                if (write)
                    std::memcpy(&bytes[it.sector * 512], pool + it.offset, it.bytes);
                else
                    std::memcpy(pool + it.offset, &bytes[it.sector * 512], it.bytes);
            }
            REQUIRE(completions.push({it.id, static_cast<u32>(answer), rings->epoch}));
            any = true;
        }
        return any;
    }
};

struct SwapWorld : World {
    std::unique_ptr<Disk> disk;
    std::map<u64, u64> waiting; ///< reply object to the space that waits in it

    explicit SwapWorld(u64 disk_pages, bool is_swap_disk = true, u64 pool_pages = 32)
        : World{{{16 * mib, 24}}, 8}
    {
        auto const rings = must<CreateObject>({sizeof(block::Shared), 0, 0});
        auto const pool = must<CreateObject>({pool_pages * page, 1, 64});
        constexpr u64 at = program::layout::shared;
        must<MapObject>({0, rings.object, at, read_write});
        must<MapObject>({0, pool.object, at + mib, read_write});
        disk = std::make_unique<Disk>(disk_pages, reinterpret_cast<u8*>(at),
                                      machine.ram(pool.physical));
        if (!is_swap_disk) disk->bytes[3] ^= 1;
        auto& inbox = *machine.slot(manager->inbox);
        inbox = *machine.slot(machine.handed_over().supervisor_signal);
        inbox.parent = nullptr;
        auto const attached =
            call<AttachSwap>(memory::manager, {at, at + mib, pool_pages * page}, true);
        REQUIRE(attached);
        turn();
    }
    /// The driver works, we are told.
    bool turn(int requests = 1000)
    {
        bool const any = disk->work(requests);
        manager->on_signal();
        return any;
    }
    /// Touches, and waits as a thread does. Null: refused, see reason.
    u8* wait_for(u64 space, u64 address, bool write)
    {
        for (int tries = 0; tries < 100; ++tries) {
            if (u8* const there = touch_once(space, address, write)) return there;
            if (reason != Manager::waits_for_memory) return nullptr;
            u64 const reply = manager->faults.reply();
            manager->keep(*manager->spaces.find(space),
                          {0, abi::MessageInfo(6, 0, 0, 4), {0, address, 0, write ? u64{2} : 0}},
                          reason);
            machine.answered.clear();
            for (int turns = 0; machine.answered.empty(); ++turns) {
                if (manager->faults.oldest(FaultState::told_not)) return reason = 99, nullptr;
                REQUIRE(turns < 200);
                turn();
            }
            CHECK(machine.answered[0] == reply);
        }
        FAIL("a page never stayed");
        return nullptr;
    }
    u8* touch_once(u64 space, u64 address, bool write)
    {
        auto const pages = pages_of_space(space);
        if (u8* const there = machine.touch(*pages, address, write)) return there;
        reason = manager->on_page_fault(*manager->spaces.find(space), address, write ? 2 : 0);
        return reason ? nullptr : machine.touch(*pages, address, write);
    }
};

u64 word_at(u8 const* at)
{
    u64 word = 0;
    std::memcpy(&word, at, 8);
    return word;
}

} // namespace

TEST_CASE("a program that touches more than the machine has keeps its data")
{
    SwapWorld world{12000};
    u64 const space = world.new_space(100000);
    u64 const pages = 8000;
    u64 const heap = world.must<Allocate>({pages * page}, space).address;
    for (u64 i = 0; i < pages; ++i) {
        u64 const value = (i + 1) * 0x9e3779b97f4a7c15;
        u8* const at = world.wait_for(space, heap + i * page + 8, true);
        INFO("page " << i << ", reason " << world.reason);
        REQUIRE(at != nullptr);
        std::memcpy(at, &value, 8);
    }
    auto const full = world.must<SpaceStatistics>({space});
    CHECK(full.swapped > 4000);
    CHECK(full.swapped + full.resident >= pages);
    for (u64 i = 0; i < pages; ++i) {
        u8* const at = world.wait_for(space, heap + i * page + 8, false);
        REQUIRE(at != nullptr);
        REQUIRE(word_at(at) == (i + 1) * 0x9e3779b97f4a7c15);
    }
    CHECK(world.must<SpaceStatistics>({space}).swap_ins > 4000);
    // It goes while some of its pages are on their way.
    for (u64 i = 0; i < 20; ++i) (void)world.touch_once(space, heap + i * 300 * page, false);
    world.must<DestroySpace>({space});
    for (bool more = true; more; more = world.must<Sweep>({}).more != 0) world.turn(1);
    while (world.turn()) {
    }
    CHECK(world.must<MachineStatistics>({}).swap_used == 0);
}

TEST_CASE("frames that were used before bring nothing along, the disk in between or not")
{
    SwapWorld world{12000};
    u64 const first = world.new_space(), space = world.new_space(100000);
    for (int round = 0; round < 3; ++round) {
        u64 const heap = world.must<Allocate>({300 * page}, first).address;
        for (u64 i = 0; i < 300; ++i)
            std::memset(world.wait_for(first, heap + i * page, true), 0xff, page);
        world.must<Free>({heap}, first);
    }
    auto const& own = world.machine.space(world.machine.handed_over().own_vspace)->pages;
    u64 mapped = 0;
    for (auto const& [address, mapping] : own) mapped += address >= place::mirror;
    CHECK(mapped == 300);
    u64 const pages = 6000;
    u64 const heap = world.must<Allocate>({pages * page}, space).address;
    for (int round = 0; round < 2; ++round)
        for (u64 i = 0; i < pages; ++i) {
            u8* const at = world.wait_for(space, heap + i * page, i % 3 == 0);
            REQUIRE(at != nullptr);
            if (i % 3 == 0) std::memcpy(at + 8 * (i % 512), &i, 8);
            u64 sum = 0;
            for (u64 word = 0; word < 512; ++word) sum += word_at(at + 8 * word);
            REQUIRE(sum == (i % 3 == 0 ? i : 0));
        }
    CHECK(world.must<SpaceStatistics>({space}).swap_ins > 500);
}

TEST_CASE("a disk without the signature is never written")
{
    SwapWorld world{4000, false};
    u64 const space = world.new_space(100000);
    world.must<MapAnonymous>({space, 0x10000, 8000 * page, read_write});
    u64 n = 0;
    while (world.wait_for(space, 0x10000 + n * page, true)) ++n;
    CHECK(world.reason == fault_memory);
    CHECK(world.disk->writes == 0);
    CHECK(world.must<MachineStatistics>({}).swap_total == 0);
}

TEST_CASE("a full disk is the end of memory, not of data")
{
    SwapWorld world{100};
    u64 const space = world.new_space(100000);
    world.must<MapAnonymous>({space, 0x10000, 8000 * page, read_write});
    u64 n = 0;
    while (u8* const at = world.wait_for(space, 0x10000 + n * page, true)) {
        std::memcpy(at, &n, 8);
        ++n;
    }
    CHECK(n > 1000);
    CHECK(world.must<MachineStatistics>({}).swap_used <= 99);
    for (u64 i = n - 1; i > n - 50; --i)
        REQUIRE(word_at(world.wait_for(space, 0x10000 + i * page, false)) == i);
}

TEST_CASE("a disk that cannot be written is tried once in each place")
{
    SwapWorld world{100};
    u64 const space = world.new_space(100000);
    world.must<MapAnonymous>({space, 0x10000, 8000 * page, read_write});
    world.disk->answer = block::Status::io_error;
    u64 n = 0;
    while (u8* const at = world.wait_for(space, 0x10000 + n * page, true)) {
        std::memcpy(at, &n, 8);
        ++n;
    }
    CHECK(world.reason == 99); // told of: there is no memory left
    CHECK(world.must<NextFault>({}).word[4] == fault_memory);
    while (world.turn()) {
    }
    CHECK(world.disk->writes == 99);
    for (u64 i = 0; i < n; ++i)
        REQUIRE(word_at(world.wait_for(space, 0x10000 + i * page, false)) == i);
}

TEST_CASE("a driver that dies in the middle loses nothing")
{
    SwapWorld world{12000};
    std::mt19937_64 random{5};
    u64 const spaces[] = {world.new_space(100000), world.new_space(1200)};
    std::map<u64, u64> words[2];
    for (u64 space : spaces) world.must<MapAnonymous>({space, 0x400000, 4000 * page, read_write});
    for (int step = 0; step < 30000; ++step) {
        u64 const who = random() % 2;
        u64 const address = 0x400000 + random() % 3000 * page + 16;
        bool const write = random() % 2;
        u8* const at = world.wait_for(spaces[who], address, write);
        REQUIRE(at != nullptr);
        auto const expected = words[who].contains(address) ? words[who][address] : 0;
        REQUIRE(word_at(at) == expected);
        if (write) {
            words[who][address] = random();
            std::memcpy(at, &words[who][address], 8);
        }
        if (step % 50 == 0) world.disk->work(static_cast<int>(random() % 4));
        if (step % 97 == 0) world.disk->live();
        if (step % 13 == 0) world.turn(static_cast<int>(random() % 3));
    }
    CHECK(world.must<SpaceStatistics>({spaces[1]}).resident <= 1200);
    CHECK(world.disk->writes > 1000);
    for (u64 who : {0, 1})
        for (auto const& [address, value] : words[who])
            REQUIRE(word_at(world.wait_for(spaces[who], address, false)) == value);
}

TEST_CASE("a driver that finds the completions full hears when there is room")
{
    SwapWorld world{4000};
    auto& completions = world.disk->completions;
    while (completions.push({0, 0, 1})) {
    }
    REQUIRE(completions.sleep_if_full());
    world.manager->on_signal();
    CHECK(completions.space() == block::ring_entries);
    CHECK(world.disk->rings->completions.producer_awake == 1); // set by who signals it
}

TEST_CASE("a page that cannot be read stops its program alone")
{
    SwapWorld world{12000};
    u64 const space = world.new_space(100000);
    world.must<MapAnonymous>({space, 0x400000, 6000 * page, read_write});
    for (u64 i = 0; i < 6000; ++i) *world.wait_for(space, 0x400000 + i * page, true) = 1;
    world.disk->answer = block::Status::io_error;
    CHECK(world.wait_for(space, 0x400000, false) == nullptr);
    auto const fault = world.must<NextFault>({});
    CHECK(fault.space == space);
    CHECK(fault.words == 5);
    CHECK(fault.word[4] == fault_disk);
    world.disk->answer = block::Status::ok;
    CHECK(*world.wait_for(space, 0x400000, false) == 1);
}

TEST_CASE("resident spaces keep every page")
{
    SwapWorld world{12000};
    u64 const resident = world.new_space(100, true), big = world.new_space(100000);
    world.must<MapAnonymous>({resident, 0x10000, 50 * page, read_write});
    world.must<MapAnonymous>({big, 0x400000, 6000 * page, read_write});
    for (u64 i = 0; i < 6000; ++i) *world.wait_for(big, 0x400000 + i * page, true) = 1;
    auto const pages = world.pages_of_space(resident);
    for (u64 i = 0; i < 50; ++i)
        CHECK(world.machine.touch(*pages, 0x10000 + i * page, true) != nullptr);
    // There is still memory for one more resident program.
    u64 const another = world.new_space(200, true);
    world.must<MapAnonymous>({another, 0x10000, 100 * page, read_write});
}

TEST_CASE("clean pages are dropped without a write")
{
    SwapWorld world{12000};
    u64 const space = world.new_space(100000);
    world.must<MapAnonymous>({space, 0x400000, 6000 * page, read_write});
    for (u64 i = 0; i < 6000; ++i) REQUIRE(*world.wait_for(space, 0x400000 + i * page, false) == 0);
    CHECK(world.disk->writes == 0);
    CHECK(world.must<SpaceStatistics>({space}).evictions > 3000);
    CHECK(world.must<SpaceStatistics>({space}).swapped == 0);
}

namespace {

/// Second chance over the pages of two tables: the hand takes all marks of a table when it enters
/// it, and a page is out when it had none then and has none now.
struct SecondChance {
    std::vector<bool> there, used, idle, fresh;
    u64 table = 0, at = 0;
    explicit SecondChance(u64 count)
        : there(count, true), used(count, true), idle(count, false), fresh(count, true)
    {
    }
    u64 victim()
    {
        for (int steps = 0; steps < 7; ++steps, table = 1 - table, at = 0) {
            if (at == 0)
                for (u64 i = table * 512; i < table * 512 + 512 && i < there.size(); ++i)
                    idle[i] = !used[i], used[i] = false;
            while (at < 512) {
                u64 const i = table * 512 + at++;
                if (i >= there.size() || !there[i]) continue;
                bool const stays = fresh[i] || !idle[i];
                fresh[i] = false;
                if (stays) continue;
                if (!used[i]) return i;
                used[i] = false;
            }
        }
        return ~u64{0};
    }
};

} // namespace

TEST_CASE("which page goes is what second chance says")
{
    SwapWorld world{12000};
    constexpr u64 count = 700, start = 0x400000;
    u64 const space = world.new_space(100000);
    for (u64 half : {0, 1}) // so that there is no page of 2 MiB
        world.must<MapAnonymous>(
            {space, start + half * count / 2 * page, count / 2 * page, read_write});
    std::mt19937_64 random{3};
    auto const pages = world.pages_of_space(space);
    for (u64 i = 0; i < count; ++i) (void)world.wait_for(space, start + i * page, false);
    SecondChance model{count};
    for (int step = 0; step < 3000; ++step) {
        for (u64 touches = random() % 40; touches > 0; --touches) {
            u64 const i = random() % count;
            (void)world.wait_for(space, start + i * page, false);
            model.fresh[i] = model.fresh[i] || !model.there[i];
            model.there[i] = model.used[i] = true;
        }
        auto const before = pages->pages;
        REQUIRE(world.manager->replacement.make_room(0) == Replacement::Room::made);
        u64 const expected = model.victim();
        REQUIRE(expected < count);
        REQUIRE(before.contains(start + expected * page));
        REQUIRE(pages->pages.size() + 1 == before.size());
        REQUIRE(!pages->pages.contains(start + expected * page));
        model.there[expected] = false;
    }
}

TEST_CASE("behind a driver's successor the disk must be the same")
{
    SwapWorld world{12000};
    u64 const space = world.new_space(100000);
    world.must<MapAnonymous>({space, 0x400000, 8000 * page, read_write});
    u64 n = 0;
    for (; n < 6000; ++n) {
        u8* const at = world.wait_for(space, 0x400000 + n * page, true);
        REQUIRE(at != nullptr);
        *at = static_cast<u8>(n % 251 + 1);
    }
    bool const other_signature = GENERATE(true, false);
    (other_signature ? world.disk->bytes[5]
                     : reinterpret_cast<u8&>(world.disk->rings->serial[0])) ^= 1;
    u64 const writes = world.disk->writes;
    // Some writes are under way when the driver changes: they are asked of no other disk.
    for (; n < 6010; ++n) (void)world.touch_once(space, 0x400000 + n * page, true);
    world.disk->live();
    world.turn();
    for (; n < 8000 && world.wait_for(space, 0x400000 + n * page, true); ++n) {
    }
    CHECK(world.reason != 0); // no more room
    CHECK(world.disk->writes == writes);
    CHECK(world.touch_once(space, 0x400000, false) == nullptr);
    CHECK(world.reason == fault_disk);
    while (world.must<NextFault>({}).space != 0) world.must<ResumeFault>({space});

    (other_signature ? world.disk->bytes[5]
                     : reinterpret_cast<u8&>(world.disk->rings->serial[0])) ^= 1;
    world.disk->live();
    world.turn();
    world.turn();
    for (u64 i = 0; i < 6000; ++i) {
        u8* const at = world.wait_for(space, 0x400000 + i * page, false);
        REQUIRE(at != nullptr);
        REQUIRE(*at == i % 251 + 1);
    }
}

TEST_CASE("the manager's calls and pages on the disk")
{
    SwapWorld world{12000};
    u64 const space = world.new_space(100000), fresh = world.new_space(100);
    world.must<MapAnonymous>({space, 0x400000, 8000 * page, read_write});
    Fill::Args fill{fresh, 0x10000, 8, {1, 2, 3}};
    world.must<Fill>(fill);
    for (u64 n = 0; n < 6000; ++n) *world.wait_for(space, 0x400000 + n * page, true) = 7;
    CHECK(world.must<SpaceStatistics>({fresh}).swapped == 0);
    fill.address += 8;
    world.must<Fill>(fill);
    world.must<Fill>({fresh, 0x20000, 8, {}}); // however short memory is for programs

    CHECK(world.call<Peek>(memory::manager, {space, 0x400000, 8}).error() == Error::busy);
    CHECK(world.call<TakeFrame>(memory::manager, {space, 0x400000, read_write}).error() ==
          Error::busy);
    world.turn();
    world.must<TakeFrame>({space, 0x400000, read_write});
    CHECK(world.must<Peek>({space, 0x400000, 8}).data[0] == 7);
}

// Time: the page against simulated counters, across restarts, and alarms of the HPET.
#include "drivers/timer/hpet-clock/alarms.hpp"
#include "drivers/timer/hpet-clock/hpet.hpp"
#include "drivers/timer/hpet-clock/timekeeper.hpp"

#include "program/time.hpp"
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>

namespace {

constexpr u64 second = 1'000'000'000;

/// A machine whose time goes on with every look at it.
struct World {
    double ns = 0;
    double tsc_hz = 2.999'873e9;
    u64 tsc_at_0 = 0;
    u32 ticks_at_0 = 0xffff'f000; // the counter wraps soon
    u32 period_fs = 10'000'000;   // 100 MHz
    double look_ns = 800;
    std::mt19937* disturbed = nullptr;

    u64 tsc_now() const { return tsc_at_0 + static_cast<u64>(ns * tsc_hz / 1e9); }
    u64 tsc()
    {
        pass();
        return tsc_now();
    }
    u32 ticks()
    {
        pass();
        return ticks_at_0 + static_cast<u32>(static_cast<u64>(ns * 1e6 / period_fs));
    }
    u64 ns_of(u32 ticks) const { return u64{ticks} * period_fs / 1'000'000; }
    void pass()
    {
        ns += look_ns;
        if (disturbed && (*disturbed)() % 5 == 0)
            ns += static_cast<double>((*disturbed)() % 100'000);
    }
};

using Keeper = timekeeper::Timekeeper<World>;

double error_of(World const& world, program::Clock const& clock)
{
    return std::abs(static_cast<double>(clock.nanoseconds(world.tsc_now())) - world.ns);
}

} // namespace

TEST_CASE("the page says what time it is, right to parts in a million after refining", "[clock]")
{
    for (u64 const given : {u64{0}, u64{3'000'000'000}, u64{1'000'000'000}}) { // the last is wrong
        World world;
        time_protocol::Page page{};
        program::Clock const clock{&page};
        Keeper keeper{world, page};
        CHECK_FALSE(clock.is_set());
        world.ns = 1.5e9; // since power-on, when the TSC was 0
        keeper.begin();
        world.ns += 100'000;
        double const before = world.ns;
        keeper.start(given, 0);
        CHECK(world.ns - before < (given == 3 * second ? 0.3e6 : 2.2e6)); // it does not wait long
        CHECK(clock.is_set());
        CHECK(error_of(world, clock) < 1.5e9 * 0.002);
        world.ns += 1e9;
        REQUIRE(keeper.refine());
        double const early = error_of(world, clock);
        world.ns += 100e9;
        CHECK(std::abs(error_of(world, clock) - early) < 100e9 * 5e-6);
        CHECK(keeper.now() >= clock.nanoseconds(world.tsc_now()) - 3000);
    }
}

TEST_CASE("time never goes back when its rate is refined, nor when the driver is replaced",
          "[clock]")
{
    std::mt19937 random{11};
    for (int round = 0; round < 200; ++round) {
        World world;
        world.tsc_hz = 1e9 + static_cast<double>(random() % 4'000'000'000);
        world.period_fs = 9'999'000 + random() % 80'000'000;
        world.ns = 1e6 * (1 + random() % 1'000'000);
        time_protocol::Page page{};
        program::Clock const clock{&page};
        u64 last = 0;
        auto const look = [&] {
            u64 const now = clock.nanoseconds(world.tsc_now());
            REQUIRE(now >= last);
            last = now;
        };
        for (int instance = 0; instance < 4; ++instance) {
            Keeper keeper{world, page};
            keeper.begin();
            // The kernel's rate, rounded to a MHz.
            keeper.start(static_cast<u64>(world.tsc_hz / 1e6 + 0.5) * 1'000'000, 0);
            look();
            world.ns += 1e6 * (500 + random() % 2000);
            look();
            if (instance % 2 == 0) CHECK(keeper.refine());
            look();
            world.ns += 1e6 * (random() % 1'000'000);
        }
    }
}

TEST_CASE("a predecessor's page is gone on with if it is sane", "[clock]")
{
    World world;
    time_protocol::Page page{};
    program::Clock const clock{&page};
    world.ns = 1e9;
    {
        Keeper keeper{world, page};
        keeper.begin();
        keeper.start(0, 0);
        keeper.set_wall(1'800'000'000);
    }
    i64 const offset = page.wall_offset;
    u64 const scale = page.scale;
    page.sequence = page.sequence + 1; // it died while it wrote
    page.tsc_zero = 12345;
    {
        Keeper keeper{world, page};
        keeper.begin();
        keeper.start(0, 0);
        CHECK(page.sequence % 2 == 0);
        CHECK(page.tsc_zero == 12345);
        CHECK(page.scale == scale);
        keeper.set_wall(1'800'000'001); // right to a second: no jump
        CHECK(page.wall_offset == offset);
    }
    page.scale = scale / 3; // it wrote rubbish
    {
        Keeper keeper{world, page};
        keeper.begin();
        keeper.start(0, 0);
        CHECK(std::abs(static_cast<double>(page.scale) / static_cast<double>(scale) - 1) < 0.01);
    }
}

TEST_CASE("nothing of a predecessor's page is believed that cannot be", "[clock]")
{
    constexpr u64 most = ~u64{0};
    constexpr i64 wall = 1'800'000'000;
    std::mt19937_64 random{7};
    for (int round = 0; round < 500; ++round) {
        World world;
        time_protocol::Page page{};
        program::Clock const clock{&page};
        world.ns = 100e9;
        {
            Keeper keeper{world, page};
            keeper.begin();
            keeper.start(3 * second, 0);
            keeper.set_wall(wall);
        }
        u64 const edges[] = {0, 1, most, most >> 1, ~(most >> 1), random(), random() >> 33};
        auto const spoilt = [&] { return edges[random() % std::size(edges)]; };
        // By a thousandth to a hundredth of what it is or counts from.
        auto const nearly = [&](u64 of) { return of / 10'000 * (10 + random() % 90); };
        u64 const some = nearly(world.tsc_now());
        if (random() % 2) page.sequence = static_cast<u32>(spoilt());
        if (random() % 4 == 0) page.shift = static_cast<u32>(spoilt());
        if (random() % 2) page.scale = random() % 2 ? page.scale + nearly(page.scale) : spoilt();
        if (random() % 2) page.tsc_zero = random() % 2 ? spoilt() : random() % 2 ? some : 0 - some;
        if (random() % 2) page.wall_offset = static_cast<i64>(spoilt());
        Keeper keeper{world, page};
        keeper.begin();
        keeper.start(3 * second, 0);
        keeper.set_wall(wall);
        REQUIRE(page.sequence % 2 == 0);
        REQUIRE(clock.is_set());
        REQUIRE(error_of(world, clock) < world.ns * 0.0015);
        u64 const now = keeper.now();
        world.ns += 1e9;
        REQUIRE(std::abs(static_cast<double>(keeper.now() - now) / 1e9 - 1) < 0.03);
        REQUIRE(std::abs(page.wall_offset + static_cast<i64>(now) - wall * i64{second}) <
                2 * i64{second});
    }
}

TEST_CASE("a successor's time is right at once, however its first looks are disturbed", "[clock]")
{
    std::mt19937 random{5};
    for (int round = 0; round < 2000; ++round) {
        World world;
        time_protocol::Page page{};
        program::Clock const clock{&page};
        world.ns = 100e9;
        for (int instance = 0; instance < 2; ++instance) {
            // Every look may take long: no try of a sample is a good one.
            world.disturbed = instance == 0 ? nullptr : &random;
            world.look_ns = instance == 0 ? 800 : 1000 * (1 + random() % 200);
            Keeper keeper{world, page};
            keeper.begin();
            keeper.start(3 * second, 0);
            REQUIRE(error_of(world, clock) < world.ns * 0.001);
        }
    }
}

TEST_CASE("time does not go back where the kernel's rate is wrong by less than it can be seen",
          "[clock]")
{
    for (double const wrong : {0.995, 0.999, 1.001, 1.005}) {
        World world;
        time_protocol::Page page{};
        program::Clock const clock{&page};
        world.ns = 2e9;
        u64 last = 0;
        for (int instance = 0; instance < 3; ++instance) {
            Keeper keeper{world, page};
            keeper.begin();
            keeper.start(static_cast<u64>(world.tsc_hz * wrong), 0);
            u64 const now = clock.nanoseconds(world.tsc_now());
            REQUIRE(now >= last);
            world.ns += 1e9;
            REQUIRE(keeper.refine());
            world.ns += 500e9;
            last = clock.nanoseconds(world.tsc_now());
            CHECK(error_of(world, clock) < 2e9 * 0.01 + 2000e9 * 1e-5);
        }
    }
}

TEST_CASE("a rate unlike the one before is believed when it is seen twice", "[clock]")
{
    World world;
    time_protocol::Page page{};
    Keeper keeper{world, page};
    keeper.begin();
    keeper.start(3 * second, 0);
    world.ns += 0.6e9;
    world.ticks_at_0 -= 50'000'000; // the HPET stood still for half a second
    CHECK_FALSE(keeper.refine());
    CHECK(keeper.hz() == 3 * second);
    keeper.begin();
    world.ns += 1e9;
    CHECK(keeper.refine());
    CHECK(std::abs(static_cast<double>(keeper.hz()) / world.tsc_hz - 1) < 2e-5);
    world.tsc_hz = 2e9; // so it is
    for (int i = 0; i < 2; ++i) {
        keeper.begin();
        world.ns += 1e9;
        CHECK(keeper.refine() == (i == 1));
    }
}

TEST_CASE("wall time follows the RTC when it differs by more than it can show", "[clock]")
{
    World world;
    time_protocol::Page page{};
    program::Clock const clock{&page};
    Keeper keeper{world, page};
    keeper.begin();
    keeper.start(0, 0);
    i64 const start = 1'800'000'000;
    auto const wall = [&] { return page.wall_offset + static_cast<i64>(keeper.now()); };
    keeper.set_wall(start);
    CHECK(std::abs(wall() - start * i64{second}) < 100'000);
    for (i64 const step : {1, -1}) {
        i64 const before = page.wall_offset;
        keeper.set_wall(start + step);
        CHECK(page.wall_offset == before);
    }
    for (i64 const step : {2, -3, 86400}) {
        keeper.set_wall(start + step);
        CHECK(std::abs(wall() - (start + step) * i64{second}) < 100'000);
    }
}

TEST_CASE("a measurement that was disturbed, or is too old, is not used", "[clock]")
{
    std::mt19937 random{2};
    World world;
    time_protocol::Page page{};
    Keeper keeper{world, page};
    keeper.begin();
    keeper.start(3 * second, 0);
    world.ns += 30e9;
    CHECK_FALSE(keeper.refine());
    world.look_ns = 50'000; // each look takes too long
    keeper.begin();
    world.ns += 1e9;
    CHECK_FALSE(keeper.refine());
    world.look_ns = 800;
    world.disturbed = &random;
    for (int i = 0; i < 100; ++i) {
        keeper.begin();
        world.ns += 1e9;
        if (keeper.refine())
            CHECK(std::abs(static_cast<double>(keeper.hz()) / 2.999'873e9 - 1) < 2e-5);
    }
}

TEST_CASE("a sequence number of 0 is never written again", "[clock]")
{
    World world;
    time_protocol::Page page{};
    page.sequence = 0xffff'fffe;
    Keeper keeper{world, page};
    keeper.begin();
    keeper.start(0, 0);
    CHECK(page.sequence == 2);
}

namespace {

/// HPET registers whose counter goes on with every access, and an interrupt.
struct FakeHpet {
    std::unique_ptr<u32[]> memory = std::make_unique<u32[]>(0x200 / 4);
    u32 step = 3;
    bool interrupted = false;

    FakeHpet() { memory[1] = 10'000'000; }
    u32& at(usize offset) { return memory[offset / 4]; }
    void pass(u32 ticks)
    {
        if (!(at(0x10) & 1)) return;
        u32 const before = at(0xf0);
        at(0xf0) += ticks;
        if (at(0x100) & 4 && at(0x108) - before - 1 < ticks) interrupted = true;
    }
};
struct Registers {
    FakeHpet* hpet;
    template <class R> hw::Value<R> read() const
    {
        hpet->pass(hpet->step);
        return {hpet->at(R::offset)};
    }
    template <class R> void write(hw::Value<R> value) const
    {
        hpet->pass(hpet->step);
        hpet->at(R::offset) = value.raw;
    }
};

} // namespace

TEST_CASE("start makes the HPET count and keeps the device-manager's route", "[clock]")
{
    FakeHpet fake;
    fake.at(0x10) = 2;
    fake.at(0x100) = 0xc000 | 5 << 9 | 0xc; // a message, an old route, periodic, interrupting
    hpet::Hpet<Registers> timer{Registers{&fake}};
    REQUIRE(timer.start());
    CHECK(fake.at(0x10) == 1);
    CHECK(fake.at(0x100) == (0xc000 | 5 << 9 | 0x100));
    u32 const before = timer.ticks();
    CHECK(timer.ticks() != before);
    CHECK(timer.ns_of(100) == 1000);
    CHECK(timer.ns_of(0xffff'ffff) == 42'949'672'950);
    fake.at(0) = 0x8000; // legacy routes, for the pin of IRQ 0 alone
    for (u32 const pin : {2u, 20u}) {
        fake.at(0x100) = pin << 9;
        REQUIRE(timer.start());
        CHECK(fake.at(0x10) == (pin == 2 ? 3 : 1));
        CHECK(fake.at(0x100) == (pin << 9 | 0x100));
    }
    fake.at(0x100) = 0x4000 | 2 << 9; // a message needs none
    REQUIRE(timer.start());
    CHECK(fake.at(0x10) == 1);
    for (u32 const bad : {0u, 100'000'001u, 0xffff'ffffu}) {
        fake.at(4) = bad;
        CHECK(timer.start().error() == Error::absent);
    }
}

TEST_CASE("an alarm interrupts in time, or is told to be over", "[clock]")
{
    std::mt19937 random{4};
    for (int i = 0; i < 20'000; ++i) {
        FakeHpet fake;
        fake.at(0xf0) = random() % 3 ? random() : 0 - random() % 200;
        fake.step = 1 + random() % 100; // slow accesses: it may be over before it is set
        hpet::Hpet<Registers> timer{Registers{&fake}};
        REQUIRE(timer.start());
        u64 const ns = random() % 2 ? random() % 5'000 : u64{random()} * 10;
        u32 const asked_at = fake.at(0xf0);
        if (!timer.alarm_in(ns)) continue;
        u32 const at = fake.at(0x108);
        REQUIRE(u64{at - asked_at} * 10 >= std::min(ns, u64{10} * second)); // not before
        REQUIRE_FALSE(fake.interrupted);
        fake.pass(at - fake.at(0xf0));
        REQUIRE(fake.interrupted);
    }
}

TEST_CASE("each client has one deadline; the due ones ring once", "[clock]")
{
    alarms::Alarms<4> table;
    CHECK(table.next() == alarms::none);
    table.set(2, 50);
    table.set(0, 70);
    table.set(2, 90); // replaces
    CHECK(table.next() == 70);
    std::string rung;
    auto const ring = [&](usize client) { rung += std::to_string(client); };
    table.ring_due(69, ring);
    CHECK(rung.empty());
    table.set(3, 1); // in the past already
    table.ring_due(90, ring);
    CHECK(rung == "023");
    CHECK(table.next() == alarms::none);
    table.ring_due(~u64{0}, ring);
    CHECK(rung == "023");
    table.set(1, 5);
    table.set(1, alarms::none);
    CHECK(table.next() == alarms::none);
}

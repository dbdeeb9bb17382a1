// A driver that dies in the middle, and a client that does.
#include "disk_rig.hpp"

#include <map>

using namespace disk_rig;

TEST_CASE("a successor completes nothing of the old life; the client asks again", "[block]")
{
    Rig rig;
    auto client = rig.online();
    auto& pool = rig.edges[0].pool;
    std::memset(pool.data(), 0x11, 4096);
    for (u64 i = 0; i < 8; ++i) REQUIRE(client.submit(Operation::write, i, i * 512, 512, i));
    REQUIRE(rig.life->server.run());
    REQUIRE(rig.model.process(0, 3) == 3); // done by the device, not yet told
    for (u64 i = 8; i < 12; ++i) REQUIRE(client.submit(Operation::read, 20, i * 512, 512, i));

    rig.start(); // killed; a successor is there
    Outcome outcome{};
    CHECK_FALSE(client.next(outcome));
    rig.settle();
    CHECK_FALSE(client.sleep());
    CHECK_FALSE(client.next(outcome)); // sees the new epoch, asks again
    CHECK(client.epoch() == 2);
    rig.settle();
    std::map<u64, u32> seen;
    while (client.next(outcome)) {
        CHECK(outcome.status == Status::ok);
        ++seen[outcome.cookie];
    }
    CHECK(seen.size() == 12);
    for (auto const& [cookie, times] : seen) CHECK(times == 1);
    CHECK(rig.medium.cached[7 * 512] == 0x11);
    CHECK(client.in_flight() == 0);
}

TEST_CASE("a request that was pushed around the change of epochs is dropped", "[block]")
{
    Rig rig;
    auto client = rig.online();
    rig.start();
    rig.settle(); // epoch 2; the client has not looked yet
    REQUIRE(client.submit(Operation::write, 5, 0, 512, 1));
    u32 const rung = rig.model.doorbells;
    rig.settle();
    CHECK(rig.model.doorbells == rung);
    Outcome outcome{};
    CHECK_FALSE(client.next(outcome));
    rig.settle();
    CHECK(client.next(outcome));
    CHECK_FALSE(client.next(outcome));
}

TEST_CASE("the driver dies at every step of a stream of writes", "[block]")
{
    Rig rig;
    auto client = rig.online();
    auto& pool = rig.edges[0].pool;
    u64 written[32] = {}, acknowledged[32] = {};
    u32 random = 1;
    auto const next_random = [&] { return (random = random * 1664525 + 1013904223) >> 16; };
    auto const write = [&](u64 slot) {
        u64 const content = ++written[slot];
        for (u32 i = 0; i < 64; ++i) std::memcpy(&pool[slot * 512 + i * 8], &content, 8);
        REQUIRE(client.submit(Operation::write, slot * 3, slot * 512, 512, slot));
        client.wake_driver();
    };
    bool busy[32] = {};
    for (u32 step = 0; step < 20'000; ++step) {
        u64 const slot = next_random() % 32;
        if (!busy[slot]) write(slot), busy[slot] = true;
        switch (next_random() % 8) {
        case 0:
            if (next_random() % 16 == 0) rig.start();
            break;
        case 1:
        case 2:
            rig.model.process(0, next_random() % 4);
            break;
        case 3:
        case 4:
            REQUIRE(rig.life->server.run());
            break;
        default:
            break;
        }
        for (Outcome outcome{}; client.next(outcome);) {
            REQUIRE(outcome.status == Status::ok);
            acknowledged[outcome.cookie] = written[outcome.cookie];
            busy[outcome.cookie] = false;
            u64 content;
            std::memcpy(&content, &rig.medium.cached[outcome.cookie * 3 * 512], 8);
            REQUIRE(content == written[outcome.cookie]);
        }
    }
    for (u64 i = 0; i < 32; ++i) CHECK(acknowledged[i] > 100);
}

TEST_CASE("a client that was started anew waits for its predecessor's requests", "[block]")
{
    Rig rig;
    auto predecessor = rig.online();
    REQUIRE(predecessor.submit(Operation::read, 0, 0, 512, 1));
    REQUIRE(rig.life->server.run()); // the device has it
    auto client = rig.edges[0].client();
    Outcome outcome{};
    CHECK_FALSE(client.next(outcome));
    REQUIRE(*rig.life->server.run());
    CHECK_FALSE(client.next(outcome));
    CHECK_FALSE(client.online());
    CHECK(client.submit(Operation::read, 0, 0, 512, 1).error() == Error::absent);
    rig.settle();
    CHECK_FALSE(client.next(outcome)); // the predecessor's completion is nobody's
    CHECK(client.online());
    CHECK(rig.once(client, Operation::read, 0, 0, 512) == Status::ok);
}

TEST_CASE("a driver that finds its client's completions full hears when there is room", "[block]")
{
    Rig rig;
    auto client = rig.online();
    REQUIRE(client.submit(Operation::write, 5, 0, 512, 1));
    client.wake_driver(); // the predecessor's last signal
    queue::Sender mad{&rig.edges[0].shared->completions};
    while (mad.push({0, 0, 1})) {
    }
    rig.start();
    rig.settle(); // the successor waits for room
    sys::fake_kernel.calls.clear();
    Outcome outcome{};
    CHECK_FALSE(client.next(outcome)); // none of it is an outcome; asks again
    CHECK(signals_of(rig.edges[0].driver_signal) == 1);
    rig.settle();
    REQUIRE(client.next(outcome));
    CHECK((outcome.cookie == 1 && outcome.status == Status::ok));
    CHECK(client.in_flight() == 0);
}

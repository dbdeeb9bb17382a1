#include "servers/net/sockets.hpp" // under test: first, so that a missing include shows

#include "socket_rig.hpp"

using namespace socket_rig;

TEST_CASE("a connection is made, carries bytes both ways, and ends", "[net]")
{
    Rig rig;
    Rig::Pair pair;
    rig.connect(pair);
    auto& [near, far] = rig.peer;
    net::Peer who{};
    std::memcpy(&who, far.arena(), sizeof who);
    CHECK(who.address == net::ipv4(10, 2, 0, 2));
    CHECK(who.port >= 1024);
    u64 const sent = near.next_cookie(), received = far.next_cookie();
    std::memcpy(near.arena(), "hello", 5);
    REQUIRE(pair.client.send({0, 5}, sent));
    REQUIRE(pair.server.receive({4096, 100}, received));
    CHECK(rig.status(0, sent) == Status::ok);
    CHECK(rig.finish(1, received).value == 5);
    CHECK(std::memcmp(far.arena() + 4096, "hello", 5) == 0);

    u64 const shut = near.next_cookie(), end = far.next_cookie();
    REQUIRE(pair.client.shutdown(shut));
    REQUIRE(pair.server.receive({4096, 100}, end));
    CHECK(rig.status(0, shut) == Status::ok);
    CHECK(rig.finish(1, end).value == 0);
    u64 const back = far.next_cookie(), answer = near.next_cookie();
    REQUIRE(pair.server.send({4096, 5}, back));
    REQUIRE(pair.client.receive({8192, 100}, answer));
    CHECK(rig.finish(0, answer).value == 5);
    u64 const late = near.next_cookie();
    REQUIRE(pair.client.send({0, 5}, late));
    CHECK(rig.status(0, late) == Status::closed);
    u64 const closed = far.next_cookie();
    REQUIRE(pair.server.close(closed));
    CHECK(rig.status(1, closed) == Status::ok);
}

namespace {

/// Sends `total` random bytes from peer 0 to peer 1 and compares. Pieces of different lengths are
/// under way at both ends; `stall`: the receiver does nothing for so long in the middle.
struct Transfer {
    Rig& rig;
    Rig::Pair& pair;
    std::string data, received;
    static constexpr u32 piece = 48 << 10, pieces = 4;

    Transfer(Rig& in, Rig::Pair& over, usize total) : rig{in}, pair{over}
    {
        std::mt19937 random{static_cast<u32>(total)};
        data.resize(total);
        for (char& each : data) each = static_cast<char>(random());
    }
    void run(u32 stall = 0)
    {
        auto& [near, far] = rig.peer;
        std::deque<std::pair<u64, u32>> sends, receives; // cookie, place
        std::deque<u32> free_sends, free_receives;
        for (u32 i = 0; i < pieces; ++i) free_sends.push_back(i), free_receives.push_back(i);
        usize queued = 0;
        bool end = false, shut = false;
        std::mt19937 random{5};
        for (u32 step = 0; !end; ++step) {
            REQUIRE(step < 400'000);
            while (!free_sends.empty() && queued < data.size()) {
                u32 const place = free_sends.front() * piece;
                u32 const bytes =
                    static_cast<u32>(std::min<usize>(1 + random() % piece, data.size() - queued));
                u64 const cookie = near.next_cookie();
                std::memcpy(near.arena() + place, data.data() + queued, bytes);
                if (!pair.client.send({place, bytes}, cookie)) break;
                sends.push_back({cookie, free_sends.front()});
                free_sends.pop_front();
                queued += bytes;
            }
            if (queued == data.size() && !shut)
                shut = bool{pair.client.shutdown(near.next_cookie())};
            bool const stalled = stall > 0 && received.size() > data.size() / 2;
            while (!stalled && !free_receives.empty()) {
                u64 const cookie = far.next_cookie();
                u32 const place = free_receives.front() * piece;
                if (!pair.server.receive({place, static_cast<u32>(1 + random() % piece)}, cookie))
                    break;
                receives.push_back({cookie, free_receives.front()});
                free_receives.pop_front();
            }
            rig.pass(1);
            if (stalled) {
                for (u32 i = 0; i < stall; i += 100) rig.pass(100);
                stall = 0;
            }
            while (!sends.empty() && rig.has_ended(0, sends.front().first)) {
                REQUIRE(rig.peer[0].ended[sends.front().first].status == Status::ok);
                free_sends.push_back(sends.front().second);
                sends.pop_front();
            }
            while (!receives.empty() && rig.has_ended(1, receives.front().first)) {
                auto const outcome = rig.peer[1].ended[receives.front().first];
                REQUIRE(outcome.status == Status::ok);
                u32 const place = receives.front().second * piece;
                received.append(reinterpret_cast<char*>(far.arena()) + place, outcome.value);
                free_receives.push_back(receives.front().second);
                receives.pop_front();
                end |= outcome.value == 0;
            }
            // Quotas hold whatever is under way.
            REQUIRE(rig.sockets->memory_of(0) <= 2u << 20);
            REQUIRE(rig.sockets->memory_of(1) <= 2u << 20);
        }
        REQUIRE(received.size() == data.size());
        CHECK(received == data);
    }
};

} // namespace

TEST_CASE("bytes arrive intact through losses and windows of every size", "[net]")
{
    struct Case {
        u32 lost, window, bytes;
        bool cuts;
    };
    for (Case const& it :
         {Case{0, 1460, 200'000, true}, Case{0, 5000, 300'000, true},
          Case{0, 65535, 3'000'000, true}, Case{0, 1 << 20, 12'000'000, true},
          Case{10, 1460, 60'000, true}, Case{10, 65535, 1'500'000, true},
          Case{10, 1 << 20, 3'000'000, true}, Case{100, 1460, 40'000, true},
          Case{100, 65535, 200'000, true}, Case{100, 1 << 20, 300'000, true},
          Case{0, 1 << 20, 3'000'000, false}, Case{10, 1 << 20, 1'500'000, false}}) {
        INFO(it.lost << " of 1000 lost, window " << it.window << ", cuts " << it.cuts);
        Rig rig;
        Rig::cuts = it.cuts;
        rig.wire.cuts = it.cuts;
        Rig::Pair pair;
        rig.connect(pair, it.window);
        rig.wire.lost_in_1000 = it.lost;
        Transfer transfer{rig, pair, it.bytes};
        transfer.run();
        if (it.cuts && it.window == 1 << 20 && it.lost == 0) {
            CHECK(rig.wire.largest > 50'000);
            CHECK(rig.wire.cut > 100);
        }
        if (!it.cuts) CHECK(rig.wire.cut == 0);
    }
}

TEST_CASE("a packet of several segments is acknowledged without delay", "[net]")
{
    bool const waits = GENERATE(false, true);
    Rig rig;
    Rig::Pair pair;
    rig.connect(pair, 256 << 10);
    auto& [near, far] = rig.peer;
    for (u32 i = 0; i < 10; ++i) { // until the window for congestion is large
        REQUIRE(pair.client.send({0, 20'000}, near.next_cookie()));
        for (u32 left = 20'000; left > 0;) {
            u64 const some = far.next_cookie();
            REQUIRE(pair.server.receive({65536, left}, some));
            left -= rig.finish(1, some).value;
        }
    }
    rig.pass(1000); // all is acknowledged
    rig.wire.merges = true;
    constexpr u32 bytes = 8000;
    u64 const received = far.next_cookie();
    if (waits) REQUIRE(pair.server.receive({4096, bytes}, received));
    u64 const sent = near.next_cookie();
    REQUIRE(pair.client.send({0, bytes}, sent));
    rig.wire.largest = 0;
    rig.pass(0);
    REQUIRE(rig.has_ended(0, sent));
    CHECK(near.ended[sent].status == Status::ok);
    CHECK(rig.wire.largest == bytes + 40);
    CHECK(rig.sockets->memory_of(0) == 0); // the sender has forgotten it, and no time has passed
    CHECK(rig.has_ended(1, received) == waits);
}

TEST_CASE("a receiver that does not read closes its window, and opens it again", "[net]")
{
    for (u32 const window : {3000u, 65535u, 1u << 20}) {
        INFO(window);
        Rig rig;
        Rig::Pair pair;
        rig.connect(pair, window);
        Transfer transfer{rig, pair, 4'000'000};
        transfer.run(60'000);
    }
}

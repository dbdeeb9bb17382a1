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

// A client's memory among its connections: peers that take nothing, data that nobody reads,
// connections that were closed and do not end. Others go on meanwhile.
#include "servers/net/quota.hpp" // under test: first, so that a missing include shows

#include "socket_rig.hpp"

using namespace socket_rig;
using net_server::Quota;

TEST_CASE("every holding may reach the floor, whatever the others hold", "[net]")
{
    std::mt19937 random{3};
    for (u32 round = 0; round < 300; ++round) {
        u32 const sockets = 1 + random() % 40, bytes = random() % (2 << 20);
        Quota quota{bytes, sockets};
        REQUIRE(quota.floor() <= Quota::largest_floor);
        std::vector<u32> holding(sockets + 1); // and the datagrams on their way
        for (u32 step = 0; step < 500; ++step) {
            u32& it = holding[random() % holding.size()];
            bool const reads = random() % 2;
            u32 const room = reads ? quota.room_to_read(it) : quota.room(it);
            if (it < quota.floor()) REQUIRE(room >= quota.floor() - it);
            REQUIRE(quota.room_to_read(it) <= quota.room(it));
            u32 const more = random() % 8 ? random() % (room + 1) : room;
            quota.change(it, random() % 4 ? it + more : random() % (it + 1));
            u64 sum = 0;
            for (u32 const each : holding) sum += each;
            REQUIRE(quota.held() == sum);
            REQUIRE(sum <= bytes);
        }
        for (u32& it : holding) quota.change(it, 0);
        REQUIRE(quota.held() == 0);
        REQUIRE(quota.room(0) == quota.largest());
    }
}

namespace {

constexpr u32 memory = 256 << 10, sockets = 24, ordinary = 24 << 10;

Grant small_grant()
{
    Grant grant = grant_all(memory);
    grant.sockets = sockets;
    return grant;
}

/// Peer 1 serves with little memory; peer 0 plays all its peers.
struct Server {
    Rig rig{grant_all(8 << 20), small_grant()};
    net::Listener listener;
    struct Pair {
        net::Stream peer, server;
    };
    std::vector<std::unique_ptr<Pair>> pairs;

    Server()
    {
        auto& far = rig.peer[1];
        REQUIRE(net::Listener::open(*far.client, listener));
        REQUIRE(listener.bind({net::any_address, 80}, far.next_cookie()));
        REQUIRE(listener.listen(16, far.next_cookie()));
    }
    /// @param window  of the peer; 0: the ordinary one
    Pair& connect(u32 window = 0)
    {
        auto& [near, far] = rig.peer;
        pairs.push_back(std::make_unique<Pair>());
        Pair& pair = *pairs.back();
        u64 const accepted = far.next_cookie(), connected = near.next_cookie();
        REQUIRE(listener.accept(pair.server, {}, accepted));
        REQUIRE(net::Stream::open(*near.client, pair.peer));
        if (window) REQUIRE(pair.peer.set(net::Option::receive_window, window, near.next_cookie()));
        REQUIRE(pair.peer.connect({net::ipv4(10, 1, 0, 2), 80}, connected));
        REQUIRE(rig.status(0, connected) == Status::ok);
        REQUIRE(rig.status(1, accepted) == Status::ok);
        return pair;
    }
    void send(net::Stream& from, u32 who, u32 bytes)
    {
        REQUIRE(from.send({0, bytes}, rig.peer[who].next_cookie()));
        rig.pass(10);
    }
    /// Sends bytes over a connection whose ends both do their part. Milliseconds it takes.
    u32 carry(net::Stream& from, u32 who, net::Stream& to, u32 bytes)
    {
        u32 const start = fakes::lwip_port.now, other = 1 - who;
        u64 const sent = rig.peer[who].next_cookie();
        std::memset(rig.peer[who].arena(), 'a', bytes);
        REQUIRE(from.send({0, bytes}, sent));
        for (u32 got = 0; got < bytes;) {
            u64 const cookie = rig.peer[other].next_cookie();
            REQUIRE(to.receive({256 << 10, 16 << 10}, cookie));
            auto const outcome = rig.finish(other, cookie);
            REQUIRE(outcome.status == Status::ok);
            REQUIRE(outcome.value > 0);
            got += outcome.value;
            REQUIRE(rig.sockets->memory_of(1) <= memory);
        }
        CHECK(rig.status(who, sent) == Status::ok);
        return fakes::lwip_port.now - start;
    }
};

constexpr u32 in_time = 3000; // ms for 64 KiB, with delayed acknowledgments of 250 ms

} // namespace

TEST_CASE("peers that take nothing leave the others what they need to be served", "[net]")
{
    Server server;
    for (u32 i = 0; i < 20; ++i) {
        auto& pair = server.connect(2920);
        server.send(pair.server, 1, 200'000); // never read
    }
    server.rig.pass(5000);
    CHECK(server.rig.sockets->memory_of(1) > memory / 2);
    auto& pair = server.connect();
    CHECK(server.carry(pair.server, 1, pair.peer, 64 << 10) < in_time);
    CHECK(server.carry(pair.peer, 0, pair.server, 64 << 10) < in_time);
}

TEST_CASE("data that nobody reads leaves the others what they need to be read", "[net]")
{
    Server server;
    for (u32 i = 0; i < 20; ++i) {
        auto& pair = server.connect();
        server.send(pair.peer, 0, 200'000); // never received
    }
    server.rig.pass(5000);
    CHECK(server.rig.sockets->memory_of(1) > memory / 2);
    auto& pair = server.connect();
    CHECK(server.carry(pair.peer, 0, pair.server, 64 << 10) < in_time);
    CHECK(server.carry(pair.server, 1, pair.peer, 64 << 10) < in_time);
}

TEST_CASE("a window is narrow while memory is short, and opens when it is there again", "[net]")
{
    Server server;
    auto& pair = server.connect();
    auto const window = [] {
        u32 largest = 0; // of the peer's view: what it may send
        for (tcp_pcb const* it = tcp_active_pcbs; it != nullptr; it = it->next)
            if (it->remote_port == 80) largest = std::max(largest, u32{it->snd_wnd});
        return largest;
    };
    std::vector<Server::Pair*> idle;
    for (u32 i = 0; i < 20; ++i) {
        idle.push_back(&server.connect(2920));
        server.send(idle.back()->server, 1, 200'000);
    }
    for (auto* each : idle) // out of the way of window()
        REQUIRE(each->peer.abort(server.rig.peer[0].next_cookie()));
    CHECK(server.carry(pair.peer, 0, pair.server, 128 << 10) < 2 * in_time);
    for (auto* each : idle) REQUIRE(each->server.abort(server.rig.peer[1].next_cookie()));
    server.rig.pass(2000);
    CHECK(server.carry(pair.peer, 0, pair.server, 128 << 10) < 2 * in_time);
    CHECK(window() > ordinary);
}

TEST_CASE("a connection that was closed and whose peer takes nothing ends in time", "[net]")
{
    Server server;
    auto const close_with = [&](u32 bytes) {
        auto& pair = server.connect(2920);
        server.send(pair.server, 1, bytes); // 64 KiB are taken: the SYN said so
        u64 const closed = server.rig.peer[1].next_cookie();
        REQUIRE(pair.server.close(closed));
        CHECK(server.rig.status(1, closed) == Status::ok);
    };
    for (u32 i = 0; i < 20; ++i) close_with(70'000);
    CHECK(server.rig.sockets->memory_of(1) > 0);
    server.rig.pass(20'000);
    CHECK(server.rig.sockets->memory_of(1) > 0); // a peer that is slow is not cut off at once
    for (u32 i = 0; i < 260; ++i) server.rig.pass(500);
    CHECK(server.rig.sockets->memory_of(1) == 0);
}

TEST_CASE("closed connections make room for new ones, the oldest first", "[net]")
{
    Server server;
    for (u32 i = 0; i < 3 * sockets; ++i) {
        auto& pair = server.connect(2920);
        server.send(pair.server, 1, 70'000);
        u64 const closed = server.rig.peer[1].next_cookie();
        REQUIRE(pair.server.close(closed));
        REQUIRE(server.rig.status(1, closed) == Status::ok);
        pair.server = {};
        server.rig.pass(100);
        // Room for more peers.
        if (i >= 40) server.pairs[i - 40]->peer = {};
        REQUIRE(server.rig.sockets->memory_of(1) <= memory);
    }
    u32 lingering = 0;
    for (tcp_pcb const* it = tcp_active_pcbs; it != nullptr; it = it->next)
        lingering += it->local_port == 80 && (it->unsent != nullptr || it->unacked != nullptr);
    CHECK(lingering < sockets);
    CHECK(lingering > sockets / 2);
}

TEST_CASE("a slow peer of a closed connection gets all of it", "[net]")
{
    Server server;
    auto& pair = server.connect(2920);
    auto& [near, far] = server.rig.peer;
    u64 const sent = far.next_cookie(), closed = far.next_cookie();
    REQUIRE(pair.server.send({0, 60'000}, sent));
    REQUIRE(pair.server.close(closed));
    u32 got = 0;
    for (;;) {
        for (u32 i = 0; i < 40; ++i) server.rig.pass(500); // a piece each 20 s
        u64 const cookie = near.next_cookie();
        REQUIRE(pair.peer.receive({0, 4000}, cookie));
        auto const outcome = server.rig.finish(0, cookie);
        REQUIRE(outcome.status == Status::ok);
        if (outcome.value == 0) break;
        got += outcome.value;
    }
    CHECK(got == 60'000);
}

TEST_CASE("who waits for memory that others hold tries again in a second", "[net]")
{
    Rig rig;
    auto& [near, far] = rig.peer;
    net::Datagram from, to;
    REQUIRE(net::Datagram::open(*near.client, from));
    REQUIRE(net::Datagram::open(*far.client, to));
    REQUIRE(to.bind({net::any_address, 5000}, far.next_cookie()));
    rig.pass(0);
    u64 const sent = near.next_cookie();
    fakes::lwip_port.most = fakes::lwip_port.allocated; // the pool is used up
    REQUIRE(from.send_to({net::ipv4(10, 1, 0, 2), 5000}, {0, 100}, sent));
    rig.pass(1000);
    CHECK_FALSE(rig.has_ended(0, sent));
    fakes::lwip_port.most = ~u64{0};
    rig.pass(1000);
    rig.pass(1000);
    CHECK(rig.has_ended(0, sent));
}

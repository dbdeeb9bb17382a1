// Rules, quotas, and clients and peers that do what they should not.
#include "socket_rig.hpp"

#include "lwip/igmp.h"

using namespace socket_rig;

TEST_CASE("without a rule everything is refused, and a line a second says so", "[net]")
{
    Grant none;
    none.sockets = 8;
    none.memory = 64 << 10;
    Rig rig{none, grant_all()};
    auto& near = rig.peer[0];
    net::Stream stream;
    net::Datagram datagram;
    REQUIRE(net::Stream::open(*near.client, stream));
    REQUIRE(net::Datagram::open(*near.client, datagram));
    net::Endpoint const to{net::ipv4(10, 1, 0, 2), 80};
    std::vector<u64> asked;
    auto const ask = [&](auto&& what) {
        asked.push_back(near.next_cookie());
        REQUIRE(what(asked.back()));
    };
    for (u32 i = 0; i < 20; ++i) {
        ask([&](u64 it) { return stream.connect(to, it); });
        ask([&](u64 it) { return stream.bind({net::any_address, 80}, it); });
        ask([&](u64 it) { return stream.bind({net::any_address, 0}, it); });
        ask([&](u64 it) { return datagram.send_to(to, {0, 10}, it); });
        ask([&](u64 it) { return datagram.connect(to, it); });
        ask([&](u64 it) { return near.client->ping(to.address, 8, it); });
        std::memcpy(near.arena(), "host", 4);
        ask([&](u64 it) { return near.client->resolve({0, 4}, 0, it); });
        for (u64 const it : asked) CHECK(rig.status(0, it) == Status::denied);
        asked.clear();
    }
    CHECK(rig.sockets->refused_by_rule() == 120);
    CHECK(log_lines.size() == 1);
    CHECK(log_lines[0] == "client 0: no rule to reach tcp 10.1.0.2:80");
    rig.pass(1100);
    ask([&](u64 it) { return stream.connect(to, it); });
    CHECK(rig.status(0, asked[0]) == Status::denied);
    REQUIRE(log_lines.size() == 2);
    CHECK(log_lines[1].find("(119 more refused)") != std::string::npos);
    CHECK(rig.wire.sent == 0);
}

TEST_CASE("a rule is for its protocol, its ports and its addresses", "[net]")
{
    Grant grant;
    using What = net::Rule::What;
    grant.rule[grant.rules++] = {What::reach, 6, 96 + 24, 80, 90, net::ipv4(10, 0, 2, 0)};
    grant.rule[grant.rules++] = {What::bind, 17, 0, 5000, 5000, {}};
    grant.rule[grant.rules++] = {What::reach, 1, 0, 0, 0, {}};
    auto const reach = [&](u8 protocol, net::Address const& to, u16 port) {
        return grant.allows(What::reach, protocol, to, port);
    };
    CHECK(reach(6, net::ipv4(10, 0, 2, 77), 80));
    CHECK(reach(6, net::ipv4(10, 0, 2, 77), 90));
    CHECK_FALSE(reach(6, net::ipv4(10, 0, 2, 77), 91));
    CHECK_FALSE(reach(6, net::ipv4(10, 0, 2, 77), 79));
    CHECK_FALSE(reach(6, net::ipv4(10, 0, 3, 77), 80));
    CHECK_FALSE(reach(17, net::ipv4(10, 0, 2, 77), 80));
    CHECK_FALSE(reach(6, net::any_address, 80));
    CHECK(reach(1, net::any_address, 0));
    CHECK(grant.allows(What::bind, 17, net::any_address, 5000));
    CHECK_FALSE(grant.allows(What::bind, 6, net::any_address, 5000));
    CHECK_FALSE(grant.allows(What::bind, 17, net::any_address, 49152, 65535));
    CHECK(grant.may_resolve());
    CHECK_FALSE(Grant{}.may_resolve());
}

TEST_CASE("sockets above the quota are refused, others are not touched", "[net]")
{
    Grant few = grant_all();
    few.sockets = 3;
    Rig rig{few, grant_all()};
    auto& near = rig.peer[0];
    std::vector<net::Stream> all(4);
    for (auto& stream : all) REQUIRE(net::Stream::open(*near.client, stream));
    u64 const last = near.next_cookie();
    REQUIRE(all[3].connect({net::ipv4(10, 1, 0, 2), 80}, last));
    CHECK(rig.status(0, last) == Status::quota);
    all.erase(all.begin());
    rig.pass(0);
    net::Stream again;
    REQUIRE(net::Stream::open(*near.client, again));
    u64 const asked = near.next_cookie();
    REQUIRE(again.bind({net::any_address, 0}, asked));
    CHECK(rig.finish(0, asked).status == Status::ok);
    CHECK(rig.finish(0, asked).value >= 49152);
}

TEST_CASE("nobody listens, nobody answers, and both are told apart", "[net]")
{
    Rig rig;
    auto& near = rig.peer[0];
    net::Stream refused, lost;
    REQUIRE(net::Stream::open(*near.client, refused));
    u64 const first = near.next_cookie(), second = near.next_cookie();
    REQUIRE(refused.connect({net::ipv4(10, 1, 0, 2), 80}, first));
    CHECK(rig.status(0, first) == Status::refused);
    rig.wire.drop = [](std::vector<u8> const&) { return true; };
    REQUIRE(net::Stream::open(*near.client, lost));
    REQUIRE(lost.connect({net::ipv4(10, 1, 0, 2), 80}, second));
    CHECK(rig.status(0, second) == Status::timed_out);
}

TEST_CASE("a port is taken by who listens there, not by connections that ended", "[net]")
{
    Rig rig;
    auto& [near, far] = rig.peer;
    auto const bind = [&](net::Listener& listener) {
        u64 const bound = far.next_cookie();
        REQUIRE(net::Listener::open(*far.client, listener));
        REQUIRE(listener.bind({net::any_address, 80}, bound));
        return rig.status(1, bound);
    };
    Rig::Pair pair;
    rig.connect(pair);
    net::Listener second;
    CHECK(bind(second) == Status::in_use); // one listens
    // The server closes first: its end waits in TIME-WAIT.
    REQUIRE(pair.server.close(far.next_cookie()));
    rig.pass(10);
    REQUIRE(pair.client.close(near.next_cookie()));
    rig.pass(10);
    u32 waits = 0;
    for (tcp_pcb const* it = tcp_tw_pcbs; it != nullptr; it = it->next)
        waits += it->local_port == 80;
    REQUIRE(waits == 1);
    u64 const closed = far.next_cookie();
    REQUIRE(pair.listener.close(closed));
    REQUIRE(rig.status(1, closed) == Status::ok);
    net::Listener successor, third;
    CHECK(bind(successor) == Status::ok);
    CHECK(bind(third) == Status::in_use); // one is bound
    // It serves, though the old connection is still there.
    u64 const accepted = far.next_cookie(), connected = near.next_cookie();
    net::Stream server, client;
    REQUIRE(successor.listen(4, far.next_cookie()));
    REQUIRE(successor.accept(server, {}, accepted));
    REQUIRE(net::Stream::open(*near.client, client));
    REQUIRE(client.connect({net::ipv4(10, 1, 0, 2), 80}, connected));
    CHECK(rig.status(0, connected) == Status::ok);
    CHECK(rig.status(1, accepted) == Status::ok);
    for (u32 i = 0; i < 1000 && tcp_tw_pcbs != nullptr; ++i) rig.pass(500);
    CHECK(tcp_tw_pcbs == nullptr);
}

TEST_CASE("an abort at one end is a reset at the other, whatever waits there", "[net]")
{
    Rig rig;
    Rig::Pair pair;
    rig.connect(pair);
    auto& [near, far] = rig.peer;
    u64 const waits = far.next_cookie(), aborted = near.next_cookie(), late = far.next_cookie();
    REQUIRE(pair.server.receive({0, 100}, waits));
    rig.pass(0);
    REQUIRE(pair.client.abort(aborted));
    CHECK(rig.status(0, aborted) == Status::ok);
    CHECK(rig.status(1, waits) == Status::reset);
    REQUIRE(pair.server.send({0, 100}, late));
    CHECK(rig.status(1, late) == Status::reset);
}

TEST_CASE("what was sent before close arrives; close is the socket's last event", "[net]")
{
    Rig rig;
    Rig::Pair pair;
    rig.connect(pair, 8000);
    auto& [near, far] = rig.peer;
    std::memset(near.arena(), 7, 100'000);
    u64 const sent = near.next_cookie(), waits = near.next_cookie(), closed = near.next_cookie();
    REQUIRE(pair.client.send({0, 100'000}, sent));
    REQUIRE(pair.client.receive({200'000, 10}, waits));
    REQUIRE(pair.client.close(closed));
    usize total = 0;
    for (;;) {
        u64 const cookie = far.next_cookie();
        REQUIRE(pair.server.receive({0, 30'000}, cookie));
        u32 const bytes = rig.finish(1, cookie).value;
        total += bytes;
        if (bytes == 0) break;
    }
    CHECK(total == 100'000);
    CHECK(rig.finish(0, sent).value == 100'000);
    CHECK(rig.status(0, waits) == Status::canceled);
    CHECK(rig.status(0, closed) == Status::ok);
}

TEST_CASE("datagrams keep their bounds, and come with who sent them", "[net]")
{
    Rig rig;
    auto& [near, far] = rig.peer;
    net::Datagram from, to;
    REQUIRE(net::Datagram::open(*near.client, from));
    REQUIRE(net::Datagram::open(*far.client, to));
    u64 const bound = far.next_cookie();
    REQUIRE(to.bind({net::any_address, 5000}, bound));
    CHECK(rig.finish(1, bound).value == 5000);
    for (u32 bytes : {0u, 1u, 1472u, 9000u}) {
        std::memset(near.arena(), 'x', bytes);
        u64 const sent = near.next_cookie(), got = far.next_cookie();
        REQUIRE(from.send_to({net::ipv4(10, 1, 0, 2), 5000}, {0, bytes}, sent));
        REQUIRE(to.receive_from({0, 20'000}, got));
        CHECK(rig.status(0, sent) == Status::ok);
        if (bytes > 1472) continue; // the wire cuts nothing: fragments come as they are
        CHECK(rig.finish(1, got).value == bytes);
        net::Peer peer{};
        std::memcpy(&peer, far.arena(), sizeof peer);
        CHECK((peer.bytes == bytes && peer.address == net::ipv4(10, 2, 0, 2)));
    }
    u64 const large = near.next_cookie();
    REQUIRE(from.send_to({net::ipv4(10, 1, 0, 2), 5000}, {0, 65508}, large));
    CHECK(rig.status(0, large) == Status::too_long);
}

TEST_CASE("who is in a group is in it on interfaces that come later, until its end", "[net]")
{
    Rig rig;
    auto& peer = rig.peer[0];
    net::Address const group = net::ipv4(239, 1, 2, 3);
    net::Datagram socket[2];
    for (net::Datagram& each : socket) {
        REQUIRE(net::Datagram::open(*peer.client, each));
        u64 const bound = peer.next_cookie(), cookie = peer.next_cookie();
        REQUIRE(
            each.bind({net::any_address, static_cast<u16>(&each == socket ? 5000 : 5001)}, bound));
        REQUIRE(each.join(group, true, cookie));
        CHECK(rig.status(0, cookie) == Status::ok); // no interface has groups yet
    }
    netif& later = rig.wire.end[0];
    later.flags = static_cast<u8>(later.flags | NETIF_FLAG_IGMP);
    REQUIRE(igmp_start(&later) == ERR_OK);
    ip4_addr_t ip;
    IP4_ADDR(&ip, 239, 1, 2, 3);
    CHECK(igmp_lookfor_group(&later, &ip) == nullptr);
    rig.sockets->join_groups(later);
    CHECK(igmp_lookfor_group(&later, &ip) != nullptr);
    u64 const cookie = peer.next_cookie();
    REQUIRE(socket[0].join(group, false, cookie));
    CHECK(rig.status(0, cookie) == Status::ok);
    CHECK(igmp_lookfor_group(&later, &ip) != nullptr); // the other one's
    rig.sockets->drop_client(0);
    CHECK(igmp_lookfor_group(&later, &ip) == nullptr);
    static_cast<void>(igmp_stop(&later));
    later.flags = static_cast<u8>(later.flags & ~NETIF_FLAG_IGMP);
}

TEST_CASE("an echo comes back, and one that does not is told", "[net]")
{
    Rig rig;
    auto& near = rig.peer[0];
    u64 const first = near.next_cookie(), second = near.next_cookie();
    REQUIRE(near.client->ping(net::ipv4(10, 1, 0, 2), 56, first));
    CHECK(rig.status(0, first) == Status::ok);
    rig.wire.drop = [](std::vector<u8> const&) { return true; };
    REQUIRE(near.client->ping(net::ipv4(10, 1, 0, 2), 56, second));
    rig.pass(0);
    CHECK(rig.sockets->deadline() == 5000);
    CHECK(rig.status(0, second) == Status::timed_out);
}

TEST_CASE("a rate in a client's manifest holds", "[net]")
{
    Grant slow = grant_all();
    slow.rate = 100'000;
    Rig rig{slow, grant_all()};
    Rig::Pair pair;
    rig.connect(pair);
    auto& [near, far] = rig.peer;
    u64 const sent = near.next_cookie();
    REQUIRE(pair.client.send({0, 300'000}, sent));
    u32 const from = fakes::lwip_port.now;
    while (!rig.has_ended(0, sent)) {
        u64 const cookie = far.next_cookie();
        REQUIRE(pair.server.receive({0, 100'000}, cookie));
        rig.finish(1, cookie);
    }
    u32 const took = fakes::lwip_port.now - from;
    CHECK(took > 1500);
    CHECK(took < 4000);
}

TEST_CASE("a hostile client harms itself alone", "[net]")
{
    Rig rig;
    Rig::Pair pair;
    rig.connect(pair);
    auto& [near, far] = rig.peer;
    // The second client's place is taken by one that writes what it likes into the rings.
    Peer evil;
    Grant grant = grant_all(128 << 10);
    rig.sockets->add_client(evil.edge(), grant, 500);
    auto& shared = evil.memory->shared;
    std::mt19937 random{99};
    u32 at = 0;
    for (u32 round = 0; round < 30'000; ++round) {
        net::Request request{};
        request.cookie = random();
        request.operation = static_cast<Operation>(random() % 18);
        request.port = static_cast<u16>(random() % 4 ? random() % 8 : random());
        request.socket = random() % 8 ? random() % 10 : static_cast<u32>(random());
        request.offset =
            random() % 4 ? static_cast<u32>(random() % 4096) : static_cast<u32>(random());
        request.bytes =
            random() % 4 ? static_cast<u32>(random() % 4096) : static_cast<u32>(random());
        request.value = random() % 4 ? static_cast<u32>(random() % 10) : static_cast<u32>(random());
        request.epoch = shared.epoch.load();
        switch (random() % 4) {
        case 0:
            request.address = net::ipv4(10, 1, 0, 2);
            break;
        case 1:
            request.address = net::ipv4(224, 0, 0, static_cast<u8>(random() % 3));
            break;
        case 2:
            for (u8& each : request.address.byte) each = static_cast<u8>(random());
            break;
        default:
            break;
        }
        shared.requests.record[at++ % net::request_entries] = request;
        // Positions that cannot be, for a while.
        shared.requests.pushed.store(random() % 50 ? at : static_cast<u32>(random()));
        shared.events.popped.store(random() % 50 ? shared.events.pushed.load()
                                                 : static_cast<u32>(random()));
        if (round % 8 == 0) rig.pass(random() % 50 == 0 ? 500 : 1);
        REQUIRE(rig.sockets->memory_of(2) <= grant.memory);
    }
    shared.requests.pushed.store(at);
    shared.events.popped.store(shared.events.pushed.load());
    rig.pass(1);
    CHECK(shared.requests.popped.load() == at);
    CHECK(shared.events.pushed.load() > 15'000); // most were answered
    // The others never noticed.
    u64 const sent = near.next_cookie(), got = far.next_cookie();
    REQUIRE(pair.client.send({0, 5}, sent));
    REQUIRE(pair.server.receive({4096, 100}, got));
    CHECK(rig.finish(1, got).value == 5);
    rig.sockets->drop_client(2);
    CHECK(rig.status(0, sent) == Status::ok);
}

TEST_CASE("resets and nonsense in every state of a connection", "[net]")
{
    std::mt19937 random{7};
    for (u32 round = 0; round < 150; ++round) {
        Rig rig;
        Rig::Pair pair;
        rig.connect(pair, 4000);
        auto& [near, far] = rig.peer;
        u32 left = 1 + random() % 40;
        // One frame after the other is turned into something else.
        rig.wire.drop = [&](std::vector<u8> const& bytes) {
            if (bytes[9] != 6 || --left > 0) return false;
            left = 1 + random() % 10;
            std::vector<u8> copy = bytes;
            usize const flags = (copy[0] & 15u) * 4 + 13;
            copy[flags] = random() % 2 ? 0x14 : static_cast<u8>(random()); // RST
            if (random() % 2) copy[flags - 9 + random() % 8] ^= static_cast<u8>(1 + random() % 255);
            for (usize at : {usize{12}, usize{16}}) copy[at + 1] ^= 3, copy[at + 3] ^= 3;
            netif* const to = copy[17] == 2 ? &rig.wire.end[1] : &rig.wire.end[0];
            rig.wire.frames.push_back({to, copy});
            return random() % 2 == 0;
        };
        std::vector<u64> cookies;
        for (u32 i = 0; i < 4; ++i) {
            cookies.push_back(near.next_cookie());
            REQUIRE(pair.client.send({0, 20'000}, cookies.back()));
            u64 const got = far.next_cookie();
            REQUIRE(pair.server.receive({0, 9'000}, got));
            rig.pass(random() % 3 * 300);
        }
        u64 const closed = near.next_cookie(), gone = far.next_cookie();
        REQUIRE(pair.client.abort(closed));
        REQUIRE(pair.server.abort(gone));
        CHECK(rig.status(0, closed) == Status::ok);
        CHECK(rig.status(1, gone) == Status::ok);
        for (u64 const cookie : cookies) CHECK(rig.has_ended(0, cookie));
        rig.wire.drop = nullptr;
    }
}

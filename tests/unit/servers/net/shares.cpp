// What all connections share, segments and receive buffers, against peers and clients that take as
// much as they can; a rate that datagrams keep; what is left of a connection that both ends closed.
#include "servers/net/large_segments.hpp" // under test: first, so that a missing include shows

#include "socket_rig.hpp"

using namespace socket_rig;

namespace {

u32 segments_used()
{
    return static_cast<u32>(memp_pools[MEMP_TCP_SEG]->stats->used);
}
constexpr u32 all_segments = MEMP_NUM_TCP_SEG;

u32 source_port(std::vector<u8> const& frame)
{
    return static_cast<u32>(frame[20] << 8 | frame[21]);
}

/// Connections from peer 0 to one port of peer 1.
struct Crowd {
    Rig rig{grant_all(16 << 20), grant_all(16 << 20)}; // memory is not what is short here
    net::Listener listener;
    struct Pair {
        net::Stream near, far;
    };
    std::vector<std::unique_ptr<Pair>> pairs;

    Crowd()
    {
        auto& far = rig.peer[1];
        REQUIRE(net::Listener::open(*far.client, listener));
        REQUIRE(listener.bind({net::any_address, 80}, far.next_cookie()));
        REQUIRE(listener.listen(16, far.next_cookie()));
    }
    Pair& join()
    {
        auto& [near, far] = rig.peer;
        Pair& pair = *pairs.emplace_back(std::make_unique<Pair>());
        u64 const accepted = far.next_cookie(), connected = near.next_cookie();
        REQUIRE(listener.accept(pair.far, {}, accepted));
        REQUIRE(net::Stream::open(*near.client, pair.near));
        REQUIRE(pair.near.connect({net::ipv4(10, 1, 0, 2), 80}, connected));
        REQUIRE(rig.status(0, connected) == Status::ok);
        REQUIRE(rig.status(1, accepted) == Status::ok);
        return pair;
    }
    /// Sends byte by byte, as fast as that is taken.
    void trickle(u32 who, net::Stream& from, u64& last)
    {
        if (last != 0 && !rig.has_ended(who, last)) return;
        last = rig.peer[who].next_cookie();
        REQUIRE(from.send({0, 1}, last));
    }
    /// Whether 100,000 bytes go from near to far in a time that leaves room for delayed
    /// acknowledgments, not for retransmissions one after the other.
    bool carries(Pair& pair)
    {
        auto& [near, far] = rig.peer;
        u32 const start = fakes::lwip_port.now;
        u64 const sent = near.next_cookie();
        REQUIRE(pair.near.send({0, 100'000}, sent));
        for (u32 got = 0; got < 100'000;) {
            u64 const cookie = far.next_cookie();
            REQUIRE(pair.far.receive({256 << 10, 64 << 10}, cookie));
            while (!rig.has_ended(1, cookie)) {
                if (fakes::lwip_port.now - start > 6000) return false;
                rig.pass(10);
            }
            got += far.ended[cookie].value;
        }
        return rig.status(0, sent) == Status::ok;
    }
};

u32 out_of_order()
{
    u32 held = 0;
    for (tcp_pcb const* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next)
        for (tcp_seg const* it = pcb->ooseq; it != nullptr; it = it->next) held += pbuf_clen(it->p);
    return held;
}

} // namespace

TEST_CASE("peers with a tiny MSS or window leave segments to the others", "[net]")
{
    for (bool const cuts : {false, true}) {
        for (bool const tiny_window : {false, true}) {
            INFO("cuts " << cuts << ", window " << tiny_window);
            std::vector<u32> hostile;
            bool joining = true, silent = false;
            Crowd crowd;
            Rig& rig = crowd.rig;
            Rig::cuts = rig.wire.cuts = cuts;
            rig.wire.drop = [&](std::vector<u8> const& frame) {
                auto& bytes = const_cast<std::vector<u8>&>(frame);
                u32 const from = source_port(frame);
                if (joining && (frame[33] & 2) && from != 80) {
                    REQUIRE(frame[40] == 2); // kind: MSS
                    if (!tiny_window) bytes[42] = 0, bytes[43] = 1;
                    hostile.push_back(from);
                }
                bool const theirs =
                    std::find(hostile.begin(), hostile.end(), from) != hostile.end();
                if (theirs && tiny_window) bytes[34] = 0, bytes[35] = 2;
                return theirs && silent;
            };
            for (u32 i = 0; i < 12; ++i) crowd.join();
            joining = false;
            auto& honest = crowd.join();
            silent = true;
            for (u32 i = 0; i < 12; ++i)
                REQUIRE(crowd.pairs[i]->far.send({0, 400'000}, rig.peer[1].next_cookie()));
            for (u32 i = 0; i < 50; ++i) rig.pass(10);
            for (tcp_pcb const* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next)
                CHECK(pcb->mss >= LWIP_PORT_LEAST_MSS);
            CHECK(segments_used() > all_segments / 4); // it is a shortage
            CHECK(segments_used() < all_segments - 2048);
            CHECK(crowd.carries(honest));
            rig.wire.drop = nullptr;
        }
    }
}

TEST_CASE("a client that sends byte by byte leaves segments to the others", "[net]")
{
    std::vector<u32> silent;
    Crowd crowd;
    Rig& rig = crowd.rig;
    auto& far = rig.peer[1];
    for (u32 i = 0; i < 12; ++i) {
        auto& pair = crowd.join();
        REQUIRE(pair.far.set(net::Option::no_delay, 1, far.next_cookie()));
    }
    auto& honest = crowd.join();
    for (tcp_pcb const* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next)
        if (pcb->remote_port == 80) silent.push_back(pcb->local_port);
    silent.erase(silent.begin()); // the newest stands first
    rig.wire.drop = [&](std::vector<u8> const& frame) {
        return std::find(silent.begin(), silent.end(), source_port(frame)) != silent.end();
    };
    u64 last[12] = {};
    for (u32 round = 0; round < 1000; ++round) {
        for (u32 i = 0; i < 12; ++i) crowd.trickle(1, crowd.pairs[i]->far, last[i]);
        rig.pass(0);
    }
    CHECK(segments_used() > all_segments / 4);
    CHECK(segments_used() < all_segments - 2048);
    CHECK(crowd.carries(honest));
    rig.wire.drop = nullptr;
}

TEST_CASE("what is out of order holds a part of the pool at most, shared by all", "[net]")
{
    std::map<u32, std::vector<u8>> first; // sequence number that never arrives, by port
    bool drops = false;
    Crowd crowd;
    Rig& rig = crowd.rig;
    auto& near = rig.peer[0];
    rig.wire.drop = [&](std::vector<u8> const& frame) {
        if (source_port(frame) == 80 || frame.size() <= 40) return false;
        std::vector<u8> const number(frame.begin() + 24, frame.begin() + 28);
        if (drops) first.emplace(source_port(frame), number);
        auto const it = first.find(source_port(frame));
        return it != first.end() && it->second == number;
    };
    u32 const alone = LWIP_PORT_MOST_OUT_OF_ORDER / 2;
    for (u32 i = 0; i < 12; ++i) {
        auto& pair = crowd.join();
        REQUIRE(pair.near.set(net::Option::no_delay, 1, near.next_cookie()));
        drops = true;
        u64 last = 0;
        for (u32 round = 0; round < 400; ++round) {
            crowd.trickle(0, pair.near, last);
            rig.pass(0);
            REQUIRE(out_of_order() <= LWIP_PORT_MOST_OUT_OF_ORDER);
        }
        drops = false;
        if (i == 0) CHECK(out_of_order() >= alone - 1);
        tcp_pcb const* newest = tcp_active_pcbs;
        while (newest->ooseq == nullptr && newest->next != nullptr) newest = newest->next;
        CHECK(newest->ooseq != nullptr);
    }
    CHECK(out_of_order() > alone);
    CHECK(crowd.carries(crowd.join()));
    rig.wire.drop = nullptr;
}

TEST_CASE("what came before both ends closed can be read after it", "[net]")
{
    Rig rig;
    Rig::Pair pair;
    rig.connect(pair);
    auto& [near, far] = rig.peer;
    std::memcpy(far.arena(), "hello", 5);
    REQUIRE(pair.server.send({0, 5}, far.next_cookie()));
    REQUIRE(pair.server.shutdown(far.next_cookie()));
    rig.pass(10);
    REQUIRE(pair.client.shutdown(near.next_cookie()));
    for (u32 i = 0; i < 50; ++i) rig.pass(100);
    u64 const got = near.next_cookie(), end = near.next_cookie(), late = near.next_cookie();
    REQUIRE(pair.client.receive({0, 100}, got));
    REQUIRE(pair.client.receive({100, 100}, end));
    REQUIRE(pair.client.send({0, 5}, late));
    CHECK(rig.status(0, got) == Status::ok);
    CHECK(rig.finish(0, got).value == 5);
    CHECK(std::memcmp(near.arena(), "hello", 5) == 0);
    CHECK(rig.status(0, end) == Status::ok);
    CHECK(rig.finish(0, end).value == 0);
    CHECK(rig.status(0, late) == Status::closed);
}

TEST_CASE("a rate holds for datagrams, whatever their size, both ways", "[net]")
{
    struct Case {
        u32 rate, bytes, count;
    };
    for (Case const& it : {Case{100'000, 10'000, 30}, Case{10'000, 60'000, 4}}) {
        Grant slow = grant_all();
        slow.rate = it.rate;
        Rig rig{slow, grant_all()};
        auto& near = rig.peer[0];
        net::Datagram from;
        REQUIRE(net::Datagram::open(*near.client, from));
        std::vector<u64> sent;
        u32 const start = fakes::lwip_port.now;
        for (u32 i = 0; i < it.count; ++i) {
            sent.push_back(near.next_cookie());
            REQUIRE(from.send_to({net::ipv4(10, 1, 0, 2), 5000}, {0, it.bytes}, sent.back()));
        }
        for (u64 const each : sent) CHECK(rig.status(0, each) == Status::ok);
        u32 const took = fakes::lwip_port.now - start;
        u32 const ideal = it.bytes * (it.count - 1) / (it.rate / 1000); // ms before the last one
        CHECK(took > ideal - 1000);
        CHECK(took < ideal + 1000);
    }
    Grant slow = grant_all();
    slow.rate = 100'000;
    Rig rig{grant_all(), slow};
    auto& [near, far] = rig.peer;
    net::Datagram from, to;
    REQUIRE(net::Datagram::open(*near.client, from));
    REQUIRE(net::Datagram::open(*far.client, to));
    REQUIRE(to.bind({net::any_address, 5000}, far.next_cookie()));
    u32 const start = fakes::lwip_port.now;
    u64 bytes = 0;
    for (u32 round = 0; round < 20; ++round) {
        std::vector<u64> got;
        for (u32 i = 0; i < 20; ++i) {
            got.push_back(far.next_cookie());
            REQUIRE(to.receive_from({0, 2000}, got.back()));
            REQUIRE(from.send_to({net::ipv4(10, 1, 0, 2), 5000}, {0, 1400}, near.next_cookie()));
        }
        for (u64 const each : got) bytes += rig.finish(1, each).value;
    }
    CHECK(bytes == 560'000);
    CHECK(fakes::lwip_port.now - start > 5000);
    CHECK(fakes::lwip_port.now - start < 7000);
}

// The sockets of the network server over lwIP, with clients at both ends of a wire: what one client
// sends goes through rings, lwIP, a wire that loses frames and cuts large segments as a device
// does, lwIP again, and to the other client. Time passes only when a test says so.
#pragma once

#include "lwip_port.hpp"
#include "net/socket.hpp"
#include "servers/net/sockets.hpp"

#include "lwip/init.h"
#include "lwip/ip4.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"
#include "port.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace socket_rig {

using net::Operation;
using net::Outcome;
using net::Status;
using net_server::Grant;
using net_server::Sockets;

/// Two interfaces of one stack and what is between them. lwIP would not send to an address of its
/// own by a wire: so 10.1.0.1 sees the other end, 10.2.0.1, as 10.1.0.2, and is seen as 10.2.0.2.
struct Wire {
    struct Frame {
        netif* to;
        std::vector<u8> bytes;
    };
    netif end[2]{};
    std::deque<Frame> frames;
    std::mt19937 random{1};
    u32 lost_in_1000 = 0;
    bool cuts = true;
    bool merges = false; ///< what was cut comes in one piece again
    u32 sent = 0, cut = 0, largest = 0;
    std::function<bool(std::vector<u8> const&)> drop;

    static Wire* of(netif* interface) { return static_cast<Wire*>(interface->state); }
    static err_t output(netif* interface, pbuf* packet, ip4_addr_t const*)
    {
        Wire& wire = *of(interface);
        std::vector<u8> bytes(packet->tot_len);
        REQUIRE(pbuf_copy_partial(packet, bytes.data(), packet->tot_len, 0) == packet->tot_len);
        wire.largest = std::max(wire.largest, u32{packet->tot_len});
        u16 const mss = lwip_port_segment(packet);
        if (packet->tot_len > interface->mtu) {
            REQUIRE(mss > 0);
            REQUIRE(wire.cuts);
            if (wire.merges)
                wire.put(interface, std::move(bytes));
            else
                wire.cut_up(interface, bytes, mss);
        } else {
            wire.put(interface, std::move(bytes));
        }
        return ERR_OK;
    }
    static err_t begin(netif* interface)
    {
        interface->mtu = 1500;
        interface->name[0] = 'w';
        interface->name[1] = 'i';
        interface->flags = NETIF_FLAG_LINK_UP;
        interface->output = output;
        NETIF_SET_CHECKSUM_CTRL(interface, 0); // the device's business
        return ERR_OK;
    }

    Wire()
    {
        for (u8 i = 0; i < 2; ++i) {
            ip4_addr_t address, mask, gateway{};
            IP4_ADDR(&address, 10, static_cast<u8>(i + 1), 0, 1);
            IP4_ADDR(&mask, 255, 255, 0, 0);
            netif_add(&end[i], &address, &mask, &gateway, this, begin, ip_input);
            netif_set_up(&end[i]);
        }
    }
    ~Wire()
    {
        for (netif& each : end) netif_remove(&each);
    }

    void put(netif* from, std::vector<u8> bytes)
    {
        ++sent;
        if (lost_in_1000 > 0 && random() % 1000 < lost_in_1000) return;
        if (drop && drop(bytes)) return;
        for (usize at : {usize{12}, usize{16}}) {
            bytes[at + 1] ^= 3;
            bytes[at + 3] ^= 3;
        }
        frames.push_back({from == &end[0] ? &end[1] : &end[0], std::move(bytes)});
    }
    /// As a device with segmentation offload: headers again for each piece, sequence numbers go on,
    /// FIN and PSH come last.
    void cut_up(netif* from, std::vector<u8> const& bytes, u16 mss)
    {
        ++cut;
        usize const ip = (bytes[0] & 15u) * 4, head = ip + (bytes[ip + 12] >> 4) * 4u;
        u32 sequence = 0;
        std::memcpy(&sequence, &bytes[ip + 4], 4);
        sequence = lwip_ntohl(sequence);
        for (usize at = head; at < bytes.size(); at += mss) {
            usize const part = std::min<usize>(mss, bytes.size() - at);
            std::vector<u8> piece(bytes.begin(), bytes.begin() + static_cast<long>(head));
            piece.insert(piece.end(), bytes.begin() + static_cast<long>(at),
                         bytes.begin() + static_cast<long>(at + part));
            REQUIRE(piece.size() <= from->mtu);
            u32 const number = lwip_htonl(sequence + static_cast<u32>(at - head));
            std::memcpy(&piece[ip + 4], &number, 4);
            piece[2] = static_cast<u8>(piece.size() >> 8);
            piece[3] = static_cast<u8>(piece.size());
            if (at + part < bytes.size()) piece[ip + 13] &= 0xf6;
            put(from, std::move(piece));
        }
    }
    bool deliver()
    {
        if (frames.empty()) return false;
        Frame const frame = std::move(frames.front());
        frames.pop_front();
        pbuf* const packet = pbuf_alloc(PBUF_RAW, static_cast<u16>(frame.bytes.size()), PBUF_RAM);
        if (packet == nullptr) return true;
        pbuf_take(packet, frame.bytes.data(), static_cast<u16>(frame.bytes.size()));
        if (frame.to->input(packet, frame.to) != ERR_OK) pbuf_free(packet);
        return true;
    }
};

constexpr u64 arena_bytes = 512 << 10;
using Tables = net::Client::Tables<64, 256, arena_bytes>;

/// A client, with the memory of its edge.
struct Peer {
    struct Memory {
        net::Shared shared;
        u8 rest[net::arena_offset - sizeof(net::Shared) + arena_bytes];
    };
    std::unique_ptr<Memory> memory{new Memory{}};
    Tables tables;
    std::unique_ptr<net::Client> client;
    std::map<u64, Outcome> ended; ///< by cookie
    u64 cookies = 0;

    program::ClientEdge edge() const
    {
        program::ClientEdge edge;
        edge.shared = memory.get();
        edge.shared_bytes = sizeof(Memory);
        return edge;
    }
    void start()
    {
        program::Use use;
        use.shared = memory.get();
        use.shared_bytes = sizeof(Memory);
        use.peer = 1;
        client.reset();
        client = std::make_unique<net::Client>(use, tables);
    }
    u8* arena() const { return reinterpret_cast<u8*>(memory.get()) + net::arena_offset; }
    void collect()
    {
        for (Outcome outcome{}; client->next(outcome);) {
            REQUIRE(ended.emplace(outcome.cookie, outcome).second);
        }
    }
    u64 next_cookie() { return ++cookies; }
};

inline std::vector<std::string> log_lines;

inline Grant grant_all(u32 memory = 2 << 20)
{
    Grant grant;
    grant.sockets = 64;
    grant.memory = memory;
    using What = net::Rule::What;
    for (u8 const protocol : {u8{6}, u8{17}})
        for (What const what : {What::bind, What::reach})
            grant.rule[grant.rules++] = {what, protocol, 0, 1, 65535, {}};
    grant.rule[grant.rules++] = {What::reach, 1, 0, 0, 0, {}};
    return grant;
}

struct Rig {
    Wire wire;
    std::unique_ptr<Sockets> sockets;
    Peer peer[2];
    static inline bool cuts = true;

    explicit Rig(Grant const& first = grant_all(), Grant const& second = grant_all())
    {
        static bool const begun = (lwip_init(), true);
        static_cast<void>(begun);
        cuts = true;
        log_lines.clear();
        sockets = std::make_unique<Sockets>(
            net_server::Hooks{[] { return u64{fakes::lwip_port.now} * 1000; },
                              [](netif const&, bool) { return cuts; },
                              [](std::string_view line) { log_lines.emplace_back(line); }});
        sockets->add_client(peer[0].edge(), first, 2000);
        sockets->add_client(peer[1].edge(), second, 2000);
        sockets->begin_lookups();
        for (Peer& each : peer) each.start();
        pass(0);
        REQUIRE((peer[0].client->online() && peer[1].client->online()));
    }
    ~Rig()
    {
        wire.lost_in_1000 = 0;
        for (u32 i = 0; i < 2; ++i) sockets->drop_client(i);
        // Until lwIP has nothing of this test any more.
        for (u32 i = 0; i < 400 && (tcp_active_pcbs || tcp_tw_pcbs); ++i) pass(500);
        CHECK(tcp_active_pcbs == nullptr);
        CHECK(tcp_tw_pcbs == nullptr);
        CHECK(sockets->memory_of(0) == 0);
        CHECK(sockets->memory_of(1) == 0);
        sockets->end_lookups();
    }
    /// Lets everything happen that can, then time pass.
    void pass(u32 milliseconds)
    {
        for (u32 i = 0; i < 100'000; ++i) {
            for (Peer& each : peer) each.collect();
            bool const idle = sockets->run();
            for (Peer& each : peer) each.collect();
            bool moved = false;
            for (u32 n = 0; n < 32 && wire.deliver(); ++n) moved = true;
            if (idle && !moved && sockets->run()) break;
        }
        for (Peer& each : peer) each.collect();
        u32 const second = fakes::lwip_port.now / 1000;
        fakes::lwip_port.now += milliseconds;
        sys_check_timeouts();
        if (fakes::lwip_port.now / 1000 != second) sockets->on_second();
    }
    /// Until the request has ended. The outcome.
    Outcome finish(u32 who, u64 cookie, u32 most_milliseconds = 600'000)
    {
        for (u32 time = 0; time < most_milliseconds; time += 10) {
            pass(0);
            if (auto const it = peer[who].ended.find(cookie); it != peer[who].ended.end())
                return it->second;
            pass(10);
        }
        FAIL("the request does not end");
        return {};
    }
    bool has_ended(u32 who, u64 cookie) { return peer[who].ended.count(cookie) > 0; }
    Status status(u32 who, u64 cookie) { return finish(who, cookie).status; }

    struct Pair {
        net::Listener listener;
        net::Stream client, server;
    };
    /// A connection from peer 0 to peer 1.
    void connect(Pair& pair, u32 window = 0, u16 port = 80)
    {
        auto& [near, far] = peer;
        REQUIRE(net::Listener::open(*far.client, pair.listener));
        u64 const accepted = far.next_cookie();
        if (window)
            REQUIRE(pair.listener.set(net::Option::receive_window, window, far.next_cookie()));
        REQUIRE(pair.listener.bind({net::any_address, port}, far.next_cookie()));
        REQUIRE(pair.listener.listen(16, far.next_cookie()));
        REQUIRE(pair.listener.accept(pair.server, {0, 24}, accepted));
        pass(0);
        REQUIRE(net::Stream::open(*near.client, pair.client));
        u64 const connected = near.next_cookie();
        REQUIRE(pair.client.connect({net::ipv4(10, 1, 0, 2), port}, connected));
        REQUIRE(status(0, connected) == Status::ok);
        REQUIRE(status(1, accepted) == Status::ok);
    }
};

} // namespace socket_rig

// The HTTP server on a network that a test plays, with time that it says.
#pragma once

#include "servers/http/server.hpp"

#include "../libs/net/edge.hpp"
#include "../libs/net/tcp_network.hpp"

namespace http_test {

using net::Status;
using net_rig::Network;
using net_rig::Peer;

constexpr u32 arena_bytes = 256 << 10, sockets = 64, connections = 40;

/// Bodies that say how often they were made.
struct Pages final : http_server::Renderer {
    u32 made = 0;
    usize bytes = 0; ///< of filling
    void render(http_server::Resource resource, text::Writer& out) override
    {
        text::format(out, "body {} of {}", ++made, static_cast<u32>(resource));
        out.fill('.', bytes);
    }
};

/// A server, its network and time.
struct World {
    static constexpr u64 second = 1'000'000'000, wall = 784111777 * second;
    net_rig::EdgeOf<arena_bytes> edge;
    std::unique_ptr<Network> network = std::make_unique<Network>(edge.shared(), sockets);
    net::Client::Tables<sockets, 256, arena_bytes> tables;
    net::Client client{edge.use(), tables};
    Pages pages;
    http_server::Site site{client.arena(), pages, "default-src 'none'"};
    http_server::Connection table[connections];
    http_server::Server server{client, site, table, {}};
    u64 now = second, next = 0;

    World() { run(); }
    /// Another network server takes over; it has done nothing yet.
    void replace_network() { network = std::make_unique<Network>(edge.shared(), sockets); }
    /// Until nothing happens any more.
    void run()
    {
        do {
            next = server.poll(now, wall);
            network->run();
        } while (!client.sleep());
    }
    void pass(u64 nanoseconds)
    {
        now += nanoseconds;
        run();
    }
    std::shared_ptr<Peer> connect()
    {
        auto peer = network->connect();
        run();
        return peer;
    }
    /// What comes back for it.
    std::string say(std::shared_ptr<Peer> const& peer, std::string const& text)
    {
        peer->from_server.clear();
        peer->to_server += text;
        run();
        return peer->from_server;
    }
    /// Nothing is held: no connection, no buffer but bodies' and the one for draining.
    bool is_quiet()
    {
        u32 accepting = 0, free = 0;
        for (auto const& each : table) {
            accepting += each.phase == http_server::Phase::accepting;
            free += each.phase == http_server::Phase::free;
        }
        return accepting + free == connections && server.connections() == 0;
    }
};

} // namespace http_test

// A network server for tests of servers/http: the requests of the real client library end as a TCP
// server would end them, with peers that the test plays.
#pragma once

#include "servers/http/server.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace http_test {

using net::Operation;
using net::Request;
using net::Status;

constexpr u32 arena_bytes = 256 << 10, sockets = 64, connections = 40;

struct Edge {
    struct Memory {
        net::Shared shared;
        u8 rest[net::arena_offset - sizeof(net::Shared) + arena_bytes];
    };
    std::unique_ptr<Memory> memory{new Memory{}};
    net::Shared& shared() const { return memory->shared; }
    u8* arena() const { return reinterpret_cast<u8*>(memory.get()) + net::arena_offset; }
    program::Use use() const
    {
        program::Use use;
        use.signal = sys::Notification{7};
        use.shared = memory.get();
        use.shared_bytes = sizeof(Memory);
        use.peer = 1;
        return use;
    }
};

/// A connection as its peer sees it.
struct Peer {
    std::string to_server, from_server;
    bool ended = false;  ///< the peer sends nothing more
    bool shut = false;   ///< the server has sent all
    bool closed = false; ///< and has closed
    bool reset = false;  ///< or aborted, or closed with bytes unread
    bool reads = true;   ///< takes what the server sends
};

class Network {
    struct Socket {
        bool listens = false, ipv6 = false;
        std::deque<Request> accepts, receives, sends;
        std::shared_ptr<Peer> peer;
    };

    Edge& edge_;
    queue::Receiver<decltype(net::Shared::requests)> requests_{&edge_.shared().requests};
    queue::Sender<decltype(net::Shared::events)> events_{&edge_.shared().events};
    std::map<u32, Socket> sockets_;
    std::deque<std::shared_ptr<Peer>> arriving_;
    u32 epoch_;

public:
    Status bind_status = Status::ok, accept_status = Status::ok;
    u32 binds = 0;

    explicit Network(Edge& edge) : edge_{edge}, epoch_{edge.shared().epoch.load() + 1}
    {
        requests_.drop_all();
        edge_.shared().max_sockets.store(sockets);
        edge_.shared().epoch.store(epoch_);
    }
    std::shared_ptr<Peer> connect()
    {
        arriving_.push_back(std::make_shared<Peer>());
        return arriving_.back();
    }
    usize open_sockets() const { return sockets_.size(); }

    /// Does what can be done.
    void run()
    {
        for (Request request; requests_.pop(request);)
            if (request.epoch == epoch_) take(request);
        for (auto& [number, socket] : sockets_) {
            if (socket.peer) move(socket);
            if (socket.listens && accept(number)) return run();
        }
    }

private:
    void end(Request const& request, Status status, u32 value = 0)
    {
        REQUIRE(events_.push({request.cookie, static_cast<u32>(status), value, epoch_, 0}));
    }
    void take(Request const& request)
    {
        if (request.operation == Operation::open) {
            REQUIRE(sockets_.count(request.socket) == 0);
            sockets_[request.socket].ipv6 = request.value == 1;
            return end(request, Status::ok);
        }
        if (request.operation == Operation::abort && request.socket == net::no_socket)
            return end(request, Status::ok);
        auto const it = sockets_.find(request.socket);
        if (it == sockets_.end()) return end(request, Status::bad_request);
        take(request, it->second);
    }
    void take(Request const& request, Socket& socket)
    {
        switch (request.operation) {
        case Operation::bind:
            ++binds;
            return end(request, bind_status);
        case Operation::listen:
            socket.listens = bind_status == Status::ok;
            return end(request, bind_status);
        case Operation::accept:
            if (accept_status != Status::ok) return end(request, accept_status);
            socket.accepts.push_back(request);
            return;
        case Operation::receive:
            socket.receives.push_back(request);
            return;
        case Operation::send:
        case Operation::shutdown:
            socket.sends.push_back(request);
            return;
        case Operation::option:
            return end(request, Status::ok);
        case Operation::close:
        case Operation::abort:
            return close(request, socket);
        default:
            FAIL("not asked for by a server");
        }
    }
    void close(Request const& request, Socket& socket)
    {
        bool const aborts = request.operation == Operation::abort;
        if (!aborts && !socket.sends.empty()) return socket.sends.push_back(request);
        for (auto* list : {&socket.accepts, &socket.receives, &socket.sends})
            for (Request const& each : *list) end(each, Status::canceled);
        if (socket.peer) {
            socket.peer->closed = socket.peer->shut = true;
            socket.peer->reset = aborts || !socket.peer->to_server.empty();
        }
        end(request, Status::ok);
        sockets_.erase(request.socket);
    }
    bool accept(u32 listener)
    {
        Socket& socket = sockets_[listener];
        if (arriving_.empty() || socket.accepts.empty() || socket.ipv6) return false;
        Request const request = socket.accepts.front();
        socket.accepts.pop_front();
        REQUIRE(sockets_.count(request.value) == 0);
        sockets_[request.value].peer = arriving_.front();
        arriving_.pop_front();
        end(request, Status::ok);
        return true;
    }
    void move(Socket& socket)
    {
        Peer& peer = *socket.peer;
        while (!socket.receives.empty() && (!peer.to_server.empty() || peer.ended)) {
            Request const request = socket.receives.front();
            socket.receives.pop_front();
            auto const count =
                std::min<u32>(request.bytes, static_cast<u32>(peer.to_server.size()));
            std::copy_n(peer.to_server.data(), count, edge_.arena() + request.offset);
            peer.to_server.erase(0, count);
            end(request, Status::ok, count);
        }
        while (!socket.sends.empty() && peer.reads) {
            Request const request = socket.sends.front();
            socket.sends.pop_front();
            if (request.operation == Operation::close) {
                close(request, socket);
                return run(); // the socket is gone
            }
            if (request.operation == Operation::shutdown)
                peer.shut = true;
            else
                peer.from_server.append(
                    reinterpret_cast<char const*>(edge_.arena() + request.offset), request.bytes);
            end(request, Status::ok, request.bytes);
        }
    }
};

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
    Edge edge;
    std::unique_ptr<Network> network = std::make_unique<Network>(edge);
    net::Client::Tables<sockets, 256, arena_bytes> tables;
    net::Client client{edge.use(), tables};
    Pages pages;
    http_server::Site site{client.arena(), pages, "default-src 'none'"};
    http_server::Connection table[connections];
    http_server::Server server{client, site, table, {}};
    u64 now = second, next = 0;

    World() { run(); }
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

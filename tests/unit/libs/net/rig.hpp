// A client of protocol `net` and a stand-in for the server, for tests: the test sees each request
// and says how it ends.
#pragma once

#include "edge.hpp"
#include "net/socket.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace net_rig {

using net::Operation;
using net::Outcome;
using net::Request;
using net::Status;

constexpr u32 arena_bytes = 64 << 10;
using Edge = EdgeOf<arena_bytes>;
using Tables = net::Client::Tables<16, 64, arena_bytes>;

/// One life of a server.
struct Server {
    Edge& edge;
    queue::Receiver<decltype(net::Shared::requests)> requests{&edge.shared().requests};
    queue::Sender<decltype(net::Shared::events)> events{&edge.shared().events};
    u32 epoch;

    explicit Server(Edge& of) : edge{of}, epoch{of.shared().epoch.load() + 1}
    {
        requests.drop_all();
        edge.shared().max_sockets.store(16);
        edge.shared().epoch.store(epoch);
    }
    void end(Request const& request, Status status, u32 value = 0)
    {
        REQUIRE(events.push({request.cookie, static_cast<u32>(status), value, epoch, 0}));
    }
    /// The requests that have come; those that a client begins with are answered.
    std::vector<Request> take()
    {
        std::vector<Request> list;
        for (Request request; requests.pop(request);) {
            if (request.epoch != epoch) continue;
            bool const first =
                request.operation == Operation::abort && request.socket == net::no_socket;
            if (first)
                end(request, Status::ok);
            else
                list.push_back(request);
        }
        return list;
    }
    /// The one request that has come.
    Request take_one(Operation operation)
    {
        auto const list = take();
        REQUIRE(list.size() == 1);
        REQUIRE(list[0].operation == operation);
        return list[0];
    }
};

inline std::vector<Outcome> outcomes(net::Client& client)
{
    std::vector<Outcome> list;
    for (Outcome outcome; client.next(outcome);) list.push_back(outcome);
    return list;
}

/// A client that is online.
struct Rig {
    Edge edge;
    std::unique_ptr<Server> server = std::make_unique<Server>(edge);
    Tables tables;
    std::unique_ptr<net::Client> client = std::make_unique<net::Client>(edge.use(), tables);

    Rig() { settle(); }
    void settle()
    {
        CHECK(outcomes(*client).empty());
        CHECK(server->take().empty());
        CHECK(outcomes(*client).empty());
        REQUIRE(client->online());
    }
    /// Another server takes over.
    void replace_server() { server = std::make_unique<Server>(edge); }
};

} // namespace net_rig

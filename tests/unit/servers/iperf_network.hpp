// A network server for tests of servers/iperf: requests end as a test says, whose hosts are at the
// other end.
#pragma once

#include "servers/iperf/engine.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace iperf_test {

using net::Operation;
using net::Request;
using net::Status;

constexpr u32 arena_bytes = 320 << 10;
using iperf_server::second;
constexpr u64 ms = second / 1000;

struct Sent {
    net::Endpoint to;
    std::string bytes;
};

struct World {
    struct Memory {
        net::Shared shared;
        u8 rest[net::arena_offset - sizeof(net::Shared) + arena_bytes];
    };
    std::unique_ptr<Memory> memory{new Memory{}};
    queue::Receiver<decltype(net::Shared::requests)> requests{&memory->shared.requests};
    queue::Sender<decltype(net::Shared::events)> events{&memory->shared.events};
    u32 epoch = 1;
    net::Client::Tables<8, 96, arena_bytes> tables;
    net::Client client{use(), tables};
    iperf_server::Engine engine{client};
    u64 now = second, next = 0;

    // What the network does by itself.
    Status bind_status = Status::ok, connect_status = Status::ok;
    bool takes = true;      ///< what is sent
    std::vector<Sent> sent; ///< datagrams
    u64 stream_bytes = 0;   ///< sent over streams
    std::string stream_begin;
    bool shut = false;
    u32 aborts = 0;
    std::deque<Request> waiting; ///< accepts, receives, and sends while nothing is taken

    World()
    {
        memory->shared.max_sockets.store(8);
        memory->shared.epoch.store(epoch);
        run();
        REQUIRE(client.online());
    }
    program::Use use() const
    {
        program::Use use;
        use.signal = sys::Notification{7};
        use.shared = memory.get();
        use.shared_bytes = sizeof(Memory);
        use.peer = 1;
        return use;
    }
    u8* arena() const { return reinterpret_cast<u8*>(memory.get()) + net::arena_offset; }
    std::string text(Request const& request) const
    {
        return {reinterpret_cast<char const*>(arena()) + request.offset, request.bytes};
    }
    void end(Request const& request, Status status, u32 value = 0)
    {
        REQUIRE(events.push({request.cookie, static_cast<u32>(status), value, epoch, 0}));
    }

    /// Until nothing happens any more.
    void run()
    {
        u32 turns = 0;
        do {
            REQUIRE(++turns < 10'000);
            next = engine.poll(now);
            for (Request request; requests.pop(request);)
                if (request.epoch == epoch) take(request);
        } while (!client.sleep());
    }
    void pass(u64 nanoseconds)
    {
        now += nanoseconds;
        run();
    }
    /// The server is replaced: nothing of before will be answered.
    void replace_server()
    {
        waiting.clear();
        requests.drop_all();
        memory->shared.epoch.store(++epoch);
        run();
    }
    void begin(u64 options, u64 bytes = 0, u64 microseconds = 0, u64 rate = 0, u64 size = 1000)
    {
        REQUIRE(
            engine.begin({options, 5001, rate, bytes, microseconds, size, net::ipv4(10, 0, 0, 1)}));
        run();
    }
    /// The one result behind `after`.
    iperf::Result result(u64 after = 0)
    {
        auto const reply = engine.next(after);
        REQUIRE(reply.number == after + 1);
        REQUIRE(engine.next(after + 1).number == 0);
        return reply.result;
    }
    bool is(iperf::State state) const
    {
        return engine.next(~u64{0}).state == static_cast<u64>(state);
    }

    // Hosts.

    Request take_waiting(Operation operation)
    {
        for (auto it = waiting.begin(); it != waiting.end(); ++it)
            if (it->operation == operation) {
                Request const found = *it;
                waiting.erase(it);
                return found;
            }
        FAIL("nothing of the kind was asked for");
        return {};
    }
    u32 count(Operation operation) const
    {
        u32 n = 0;
        for (auto const& each : waiting) n += each.operation == operation;
        return n;
    }
    void connect(net::Endpoint const& from)
    {
        Request const request = take_waiting(Operation::accept);
        net::Peer const peer{from.address, from.port, 0, 0};
        __builtin_memcpy(arena() + request.offset, &peer, sizeof peer);
        end(request, Status::ok);
        run();
    }
    /// Bytes of a stream, "" is its end.
    void say(std::string const& bytes, Status status = Status::ok)
    {
        Request const request = take_waiting(Operation::receive);
        REQUIRE(bytes.size() <= request.bytes);
        __builtin_memcpy(arena() + request.offset, bytes.data(), bytes.size());
        end(request, status, static_cast<u32>(bytes.size()));
        run();
    }
    void datagram(net::Endpoint const& from, std::string const& bytes, u32 size = 0)
    {
        Request const request = take_waiting(Operation::receive_from);
        net::Peer const peer{from.address, from.port, 0,
                             size ? size : static_cast<u32>(bytes.size())};
        __builtin_memcpy(arena() + request.offset, &peer, sizeof peer);
        __builtin_memcpy(arena() + request.offset + sizeof peer, bytes.data(), bytes.size());
        end(request, Status::ok, static_cast<u32>(bytes.size()));
        run();
    }

private:
    void take(Request const& request)
    {
        switch (request.operation) {
        case Operation::bind:
            return end(request, bind_status, 5001);
        case Operation::connect:
            return end(request, connect_status);
        case Operation::open:
        case Operation::listen:
        case Operation::option:
            return end(request, Status::ok);
        case Operation::shutdown:
            shut = true;
            return end(request, Status::ok);
        case Operation::abort:
            aborts += request.socket != net::no_socket;
            [[fallthrough]];
        case Operation::close:
            cancel(request.socket);
            return end(request, Status::ok);
        case Operation::send:
        case Operation::send_to:
            if (takes) return send(request);
            [[fallthrough]];
        default:
            waiting.push_back(request);
        }
    }
    void send(Request const& request)
    {
        if (request.operation == Operation::send && request.bytes > 60'000) {
            if (stream_bytes == 0) stream_begin = text(request);
            stream_bytes += request.bytes;
        } else {
            sent.push_back({{request.address, request.port}, text(request)});
        }
        end(request, Status::ok, request.bytes);
    }
    void cancel(u32 socket)
    {
        for (auto it = waiting.begin(); it != waiting.end();) {
            bool const ends = it->socket == socket;
            if (ends) end(*it, Status::canceled);
            it = ends ? waiting.erase(it) : it + 1;
        }
    }
};

} // namespace iperf_test

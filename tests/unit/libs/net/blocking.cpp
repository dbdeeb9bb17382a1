#include "net/blocking.hpp" // under test: first, so that a missing include shows

#include "rig.hpp"

#include <cstring>
#include <functional>
#include <string>

using namespace net_rig;

namespace {

/// Waiting is the server's turn: it does what the test says, or time passes.
struct Turns final : net::Waiter {
    std::function<void()> turn;
    u64 time = 0;
    u32 waits = 0;
    bool interrupt = false;

    bool wait(u64 deadline) override
    {
        REQUIRE(++waits < 1000);
        if (turn) turn();
        time += 10;
        if (time > deadline) time = deadline;
        return !interrupt;
    }
    u64 now() override { return time; }
};

struct BlockingRig : Rig {
    Turns waiter;
    net::Blocking blocking{*client, waiter};

    /// Streams open; one call of `answer` for each other request.
    void serve(std::function<void(Request const&)> answer)
    {
        waiter.turn = [this, answer] {
            for (auto const& request : server->take())
                if (request.operation == Operation::open || request.operation == Operation::close)
                    server->end(request, Status::ok);
                else
                    answer(request);
        };
    }
};

} // namespace

TEST_CASE("a program that starts before the server waits for it, or until its deadline", "[net]")
{
    Edge edge;
    Tables tables;
    net::Client client{edge.use(), tables};
    Turns waiter;
    net::Blocking blocking{client, waiter};
    blocking.set_deadline(100);
    CHECK(blocking.online().error() == Status::timed_out);
    std::unique_ptr<Server> server;
    waiter.turn = [&] {
        if (!server)
            server = std::make_unique<Server>(edge);
        else
            server->take();
    };
    blocking.set_deadline(1000);
    CHECK(blocking.online());
    CHECK(client.online());
}

TEST_CASE("all of a long text is sent, piece by piece, and received", "[net]")
{
    BlockingRig rig;
    std::string sent, text;
    for (u32 i = 0; i < 50'000; ++i) text += static_cast<char>('a' + i % 23);
    rig.serve([&](Request const& request) {
        if (request.operation == Operation::send)
            sent.append(reinterpret_cast<char*>(rig.edge.arena()) + request.offset, request.bytes);
        if (request.operation == Operation::receive)
            std::memcpy(rig.edge.arena() + request.offset, "hello", 5);
        rig.server->end(request, Status::ok,
                        request.operation == Operation::receive ? 5 : request.bytes);
    });
    net::Stream stream;
    REQUIRE(rig.blocking.connect({net::ipv4(10, 0, 2, 2), 80}, stream));
    REQUIRE(rig.blocking.send_all(stream, text));
    CHECK(sent == text);
    u8 buffer[100];
    auto const received = rig.blocking.receive_some(stream, buffer);
    REQUIRE(received);
    CHECK(*received == 5);
    CHECK(std::memcmp(buffer, "hello", 5) == 0);
    CHECK(rig.blocking.shutdown(stream));
    CHECK(rig.client->arena().bytes_free() == rig.client->arena().bytes());
}

TEST_CASE("names are resolved, addresses are what they are", "[net]")
{
    BlockingRig rig;
    rig.serve([&](Request const& request) {
        REQUIRE(request.operation == Operation::resolve);
        CHECK(std::memcmp(rig.edge.arena() + request.offset, "example.org", 11) == 0);
        CHECK(request.bytes == 11);
        net::Address const list[2] = {net::ipv4(1, 2, 3, 4), net::ipv4(5, 6, 7, 8)};
        std::memcpy(rig.edge.arena() + request.offset, list, sizeof list);
        rig.server->end(request, Status::ok, 2);
    });
    net::Address out[4];
    auto const two = rig.blocking.resolve("example.org", 0, out);
    REQUIRE(two);
    CHECK(*two == 2);
    CHECK(out[1] == net::ipv4(5, 6, 7, 8));
    CHECK(*rig.blocking.resolve("::1", 6, out) == 1);
    CHECK(rig.blocking.resolve("::1", 4, out).error() == Status::not_found);
    CHECK(rig.blocking.resolve("", 4, out).error() == Status::not_found);
    CHECK(*rig.blocking.resolve("example.org", 0, std::span{out, 1}) == 1);
}

TEST_CASE("a deadline cancels the request and waits for its end", "[net]")
{
    BlockingRig rig;
    Request connect{}, ping{};
    rig.serve([&](Request const& request) {
        if (request.operation == Operation::connect) connect = request;
        if (request.operation == Operation::ping) ping = request;
        if (request.operation != Operation::cancel) return;
        rig.server->end(request.socket == net::no_socket ? ping : connect, Status::canceled);
        rig.server->end(request, Status::ok);
    });
    net::Stream stream;
    rig.blocking.set_deadline(500);
    CHECK(rig.blocking.connect({net::ipv4(10, 0, 2, 2), 80}, stream).error() == Status::timed_out);
    CHECK(rig.waiter.time == 510); // and the turn in which it was canceled
    CHECK_FALSE(stream);
    rig.blocking.set_deadline(net::Waiter::never);
    rig.waiter.interrupt = true; // Ctrl-C
    CHECK(rig.blocking.ping(net::ipv4(10, 0, 2, 2), 56).error() == Status::canceled);
}

TEST_CASE("a port of ours: connections are accepted one after the other, datagrams come", "[net]")
{
    BlockingRig rig;
    std::vector<Operation> asked;
    Status of_bind = Status::ok;
    rig.serve([&](Request const& request) {
        asked.push_back(request.operation);
        if (request.operation == Operation::bind) CHECK(request.port == 9000);
        rig.server->end(request, request.operation == Operation::bind ? of_bind : Status::ok);
    });
    net::Endpoint const local{net::ipv4(0, 0, 0, 0), 9000};
    net::Listener listener;
    REQUIRE(rig.blocking.listen(local, listener));
    net::Stream one, two;
    REQUIRE(rig.blocking.accept(listener, one));
    REQUIRE(rig.blocking.accept(listener, two));
    CHECK(one.number() != two.number());
    CHECK(asked ==
          std::vector{Operation::bind, Operation::listen, Operation::accept, Operation::accept});
    asked.clear();
    net::Datagram datagram, unbound;
    REQUIRE(rig.blocking.open(local, datagram));
    REQUIRE(rig.blocking.open({net::any_address, 0}, unbound));
    CHECK(asked == std::vector{Operation::bind});
    of_bind = Status::denied;
    net::Listener refused;
    CHECK(rig.blocking.listen(local, refused).error() == Status::denied);
    CHECK_FALSE(refused);
    net::Datagram refused_too;
    CHECK(rig.blocking.open(local, refused_too).error() == Status::denied);
    CHECK_FALSE(refused_too);
}

TEST_CASE("the server dies while a program waits for it", "[net]")
{
    BlockingRig rig;
    bool died = false;
    rig.serve([&](Request const& request) {
        if (request.operation == Operation::connect)
            rig.server->end(request, Status::ok);
        else if (!std::exchange(died, true))
            rig.replace_server();
    });
    net::Stream stream;
    REQUIRE(rig.blocking.connect({net::ipv4(10, 0, 2, 2), 80}, stream));
    u8 buffer[10];
    CHECK(rig.blocking.receive_some(stream, buffer).error() == Status::reset);
    CHECK(rig.blocking.send_all(stream, "more").error() == Status::reset);
    CHECK(rig.blocking.online());
    CHECK(rig.blocking.send_all(stream, "more").error() == Status::reset);
}

#include "net/client.hpp" // under test: first, so that a missing include shows

#include "rig.hpp"

#include <map>

using namespace net_rig;

TEST_CASE("no request goes out before the server said that nothing of before is left", "[net]")
{
    Edge edge;
    Tables tables;
    net::Client client{edge.use(), tables};
    net::Stream stream;
    CHECK(outcomes(client).empty());
    CHECK(net::Stream::open(client, stream).error() == Error::absent);
    CHECK(client.sleep());

    Server server{edge};
    CHECK_FALSE(client.sleep()); // a new epoch
    CHECK(outcomes(client).empty());
    CHECK(net::Stream::open(client, stream).error() == Error::absent);
    CHECK(client.sleep());
    CHECK(server.take().empty());
    CHECK(outcomes(client).empty());
    CHECK(client.online());
    CHECK(client.max_sockets() == 16);
    CHECK(net::Stream::open(client, stream));
}

TEST_CASE("requests carry what the socket was told; outcomes come in the server's order", "[net]")
{
    Rig rig;
    net::Stream stream;
    REQUIRE(net::Stream::open(*rig.client, stream, true));
    auto const open = rig.server->take_one(Operation::open);
    CHECK(open.value == static_cast<u32>(net::Kind::stream6));
    rig.server->end(open, Status::ok);

    REQUIRE(stream.connect({net::ipv4(10, 0, 2, 2), 80}, 1));
    REQUIRE(stream.send({256, 100}, 2));
    REQUIRE(stream.receive({512, 256}, 3));
    REQUIRE(stream.set(net::Option::no_delay, 1, 4));
    auto const list = rig.server->take();
    REQUIRE(list.size() == 4);
    CHECK(list[0].address == net::ipv4(10, 0, 2, 2));
    CHECK(list[0].port == 80);
    CHECK((list[1].offset == 256 && list[1].bytes == 100));
    CHECK((list[3].port == 0 && list[3].value == 1));
    for (auto const& each : list) CHECK(each.socket == open.socket);
    rig.server->end(list[3], Status::ok);
    rig.server->end(list[0], Status::ok);
    rig.server->end(list[2], Status::ok, 17);
    auto const ended = outcomes(*rig.client);
    REQUIRE(ended.size() == 3);
    CHECK(ended[0].cookie == 4);
    CHECK(ended[1].cookie == 1);
    CHECK((ended[2].cookie == 3 && ended[2].value == 17));
    CHECK(rig.client->in_flight() == 1);
    CHECK(rig.client->sleep());
}

TEST_CASE("what follows an open that failed says why it failed", "[net]")
{
    Rig rig;
    net::Stream stream;
    REQUIRE(net::Stream::open(*rig.client, stream));
    REQUIRE(stream.connect({net::ipv4(10, 0, 2, 2), 80}, 1));
    auto const list = rig.server->take();
    REQUIRE(list.size() == 2);
    rig.server->end(list[0], Status::quota);
    rig.server->end(list[1], Status::bad_request);
    auto const ended = outcomes(*rig.client);
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].status == Status::quota);
}

TEST_CASE("an object's end closes its socket, whose number then comes again", "[net]")
{
    Rig rig;
    for (u32 round = 0; round < 100; ++round) {
        net::Datagram datagram;
        REQUIRE(net::Datagram::open(*rig.client, datagram));
        rig.server->end(rig.server->take_one(Operation::open), Status::ok);
        datagram = {};
        auto const close = rig.server->take_one(Operation::close);
        rig.server->end(close, round % 2 ? Status::ok : Status::bad_request);
        CHECK(outcomes(*rig.client).empty());
    }
    std::vector<net::Stream> all(17);
    for (u32 i = 0; i < 16; ++i) REQUIRE(net::Stream::open(*rig.client, all[i]));
    CHECK(net::Stream::open(*rig.client, all[16]).error() == Error::no_memory);
    all.clear();
    net::Stream stream; // numbers are free when the server has said so
    CHECK(net::Stream::open(*rig.client, stream).error() == Error::no_memory);
    for (auto const& each : rig.server->take()) rig.server->end(each, Status::ok);
    CHECK(outcomes(*rig.client).empty());
    CHECK(net::Stream::open(*rig.client, stream));
}

TEST_CASE("a number waits for its close and for the abort that came after it", "[net]")
{
    Rig rig;
    net::Stream stream;
    REQUIRE(net::Stream::open(*rig.client, stream));
    u32 const number = stream.number();
    REQUIRE(stream.close(1));
    REQUIRE(stream.abort(2));
    stream = {};
    auto const list = rig.server->take();
    REQUIRE(list.size() == 3);
    rig.server->end(list[0], Status::ok);
    rig.server->end(list[1], Status::canceled);
    CHECK(outcomes(*rig.client).size() == 1);
    CHECK(rig.tables.number[number].state == net::Client::Number::State::closing);
    rig.server->end(list[2], Status::ok);
    CHECK(outcomes(*rig.client).size() == 1);
    CHECK(rig.tables.number[number].state == net::Client::Number::State::free);
}

TEST_CASE("a full ring refuses, wakes up, and closes what ended meanwhile", "[net]")
{
    Rig rig;
    std::vector<net::Stream> streams(8);
    for (auto& stream : streams) REQUIRE(net::Stream::open(*rig.client, stream));
    u32 pushed = 0;
    while (streams[0].receive({0, 256}, pushed)) ++pushed;
    CHECK(pushed == 64 - 8); // slots
    CHECK(streams[0].receive({0, 256}, 0).error() == Error::busy);
    streams.clear();
    CHECK(rig.client->sleep()); // an event is what makes room
    auto const list = rig.server->take();
    REQUIRE(list.size() == 64);
    for (auto const& each : list)
        rig.server->end(each, each.operation == Operation::open ? Status::ok : Status::canceled);
    CHECK(outcomes(*rig.client).size() == pushed);
    auto const closes = rig.server->take();
    REQUIRE(closes.size() == 8);
    for (auto const& each : closes) CHECK(each.operation == Operation::close);
}

TEST_CASE("accept gives a stream that is closed when nobody waits for it any more", "[net]")
{
    Rig rig;
    net::Listener listener;
    REQUIRE(net::Listener::open(*rig.client, listener));
    REQUIRE(listener.bind({net::any_address, 80}, 1));
    REQUIRE(listener.listen(16, 2));
    net::Stream kept, dropped, failed;
    REQUIRE(listener.accept(kept, {0, 24}, 3));
    REQUIRE(listener.accept(dropped, {}, 4));
    REQUIRE(listener.accept(failed, {}, 5));
    u32 const number = dropped.number();
    dropped = {};
    auto const list = rig.server->take();
    REQUIRE(list.size() == 6);
    CHECK(list[3].value == kept.number());
    CHECK((list[3].offset == 0 && list[3].bytes == 24));
    rig.server->end(list[3], Status::ok);
    rig.server->end(list[4], Status::ok);
    rig.server->end(list[5], Status::closed);
    CHECK(outcomes(*rig.client).size() == 3);
    auto const close = rig.server->take_one(Operation::close);
    CHECK(close.socket == number);
    CHECK(kept.receive({0, 256}, 6));
    CHECK(failed.receive({0, 256}, 7).error() == Error::server_died);
    failed = {};
    CHECK(rig.server->take_one(Operation::receive).socket == kept.number());
}

TEST_CASE("everything ends as reset when the server was replaced, once", "[net]")
{
    Rig rig;
    net::Stream stream, other;
    REQUIRE(net::Stream::open(*rig.client, stream));
    REQUIRE(net::Stream::open(*rig.client, other));
    for (u64 i = 0; i < 10; ++i) REQUIRE(stream.receive({0, 256}, i));
    REQUIRE(rig.client->ping(net::ipv4(1, 2, 3, 4), 8, 10));
    auto const list = rig.server->take();
    rig.server->end(list[2], Status::ok, 5); // told before it died
    rig.replace_server();
    CHECK_FALSE(rig.client->sleep());
    std::map<u64, Status> seen;
    Outcome outcome{};
    while (rig.client->next(outcome)) {
        CHECK(seen.emplace(outcome.cookie, outcome.status).second);
        if (seen.size() > 1) CHECK(stream.receive({0, 256}, 99).error() == Error::absent);
    }
    CHECK(seen.size() == 11);
    CHECK(seen[0] == Status::ok);
    CHECK(seen[10] == Status::reset);
    CHECK(rig.client->in_flight() == 1); // that of the new epoch
    rig.settle();
    CHECK(rig.client->in_flight() == 0);
    CHECK(stream.receive({0, 256}, 1).error() == Error::server_died);
    stream = {};
    other = {};
    CHECK(rig.server->take().empty()); // nothing to close
    for (u32 i = 0; i < 16; ++i) {
        net::Stream again;
        CHECK(net::Stream::open(*rig.client, again));
    }
}

TEST_CASE("what a predecessor of the client had under way is nobody's", "[net]")
{
    Rig rig;
    net::Stream stream;
    REQUIRE(net::Stream::open(*rig.client, stream));
    REQUIRE(stream.receive({0, 256}, 1));
    auto const old = rig.server->take();
    rig.server->end(old[0], Status::ok);

    Tables tables;
    net::Client successor{rig.edge.use(), tables};
    CHECK(outcomes(successor).empty());
    rig.server->end(old[1], Status::ok, 5);
    CHECK(outcomes(successor).empty());
    CHECK_FALSE(successor.online());
    CHECK(rig.server->take().empty());
    CHECK(outcomes(successor).empty());
    CHECK(successor.online());
    CHECK(successor.in_flight() == 0);
}

TEST_CASE("events that cannot be are dropped", "[net]")
{
    Rig rig;
    net::Stream stream;
    REQUIRE(net::Stream::open(*rig.client, stream));
    REQUIRE(stream.receive({0, 256}, 1));
    auto const list = rig.server->take();
    Request bad = list[1];
    bad.cookie ^= u64{1} << 40; // another push
    rig.server->end(bad, Status::ok);
    bad.cookie = list[1].cookie | 0xff00; // no such slot
    rig.server->end(bad, Status::ok);
    REQUIRE(rig.server->events.push({list[1].cookie, 0, 0, rig.server->epoch + 1, 0}));
    CHECK(outcomes(*rig.client).empty());
    REQUIRE(rig.server->events.push({list[1].cookie, 12345, 1, rig.server->epoch, 0}));
    rig.server->end(list[1], Status::ok); // twice
    auto const ended = outcomes(*rig.client);
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].status == Status::bad_request);
}

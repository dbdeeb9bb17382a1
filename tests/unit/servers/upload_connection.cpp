// The upload server's connection over the real client library: who is slow is sent away by the
// clock, and the next is served. The desk is the test's: it takes every head.
#include "servers/upload/server.hpp" // under test: first, so that a missing include shows

#include "http_network.hpp"
#include "runtime/arguments.hpp"

using upload_server::Desk;

namespace {

u32 last_status = 0; // of what was answered

} // namespace

namespace upload_server {

Desk::Desk(program::Program const& self, Kept& kept)
    : self_{self}, clock_{self}, log_{self}, ledger_{kept}, slots_{self, kept}
{
}
Result<uploads::On::Reply> Desk::turn_on()
{
    u8 const random[Token::random_bytes] = {};
    token_.begin(random, clock_.now());
    return uploads::On::Reply{};
}
bool Desk::admit(Head const&, Answer&)
{
    return true;
}
void Desk::take(Head const&, std::string_view, std::span<u8 const>, Answer& answer)
{
    answer.set(201, "taken");
}
void Desk::cannot_listen(net::Status) {}
void Desk::note(net::Peer const&, Head const&, std::span<u8 const>, Answer const& answer)
{
    last_status = answer.status;
}
Slots::Slots(program::Program const& self, Kept& kept) : self_{self}, kept_{kept} {}

} // namespace upload_server

namespace {

using http_test::Edge;
using http_test::Network;
using Peer = std::shared_ptr<http_test::Peer>;
using upload_server::Server;

constexpr u64 second = 1'000'000'000;

/// A server, its network and time. The time page is written so that the machine's clock hardly
/// moves it: 65,536 ticks are a nanosecond.
struct World {
    static constexpr u32 shift = 16;
    time_protocol::Page page{};
    runtime::Arguments arguments;
    program::Program self{given()};
    std::unique_ptr<upload_server::Kept> kept = std::make_unique<upload_server::Kept>();
    Desk desk{self, *kept};
    Edge edge;
    Network network{edge};
    net::Client::Tables<8, 64, http_test::arena_bytes> tables;
    net::Client client{edge.use(), tables};
    std::unique_ptr<Server> server = std::make_unique<Server>(client, desk);
    u64 now = second, next = 0;

    World()
    {
        set_clock();
        REQUIRE(desk.turn_on());
        run();
    }
    void* given()
    {
        arguments.add("time.shared", reinterpret_cast<uptr>(&page));
        arguments.add("time.shared.size", sizeof page);
        return &arguments;
    }
    void set_clock()
    {
        page.shift = shift;
        page.scale = 1;
        page.tsc_zero = program::tsc() - (now << shift);
        page.sequence = 2;
    }
    void run()
    {
        do {
            set_clock();
            next = server->poll();
            network.run();
        } while (!client.sleep());
    }
    void pass(u64 nanoseconds)
    {
        now += nanoseconds;
        run();
    }
    Peer connect()
    {
        Peer const peer = network.connect();
        run();
        return peer;
    }
    void say(Peer const& peer, std::string const& text)
    {
        peer->to_server += text;
        run();
    }
};

std::string head(u32 bytes)
{
    return "POST /programs/hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-Hypercore-Token: abc\r\n"
           "X-Manifest-Length: 10\r\nContent-Length: " +
           std::to_string(bytes) + "\r\n\r\n";
}
bool begins(Peer const& peer, char const* status)
{
    return peer->from_server.starts_with(std::string{"HTTP/1.1 "} + status);
}
/// A whole upload, by another peer.
void serves(World& world)
{
    Peer const peer = world.connect();
    world.say(peer, head(110) + std::string(110, 'p'));
    CHECK(begins(peer, "201"));
    peer->ended = true;
    world.run();
    CHECK(peer->closed);
}

} // namespace

TEST_CASE("a head that comes byte by byte has its time, and no more", "[upload]")
{
    World world;
    Peer const slow = world.connect();
    std::string const text = head(110);
    for (u32 i = 0; i < 9; ++i) { // more bytes give no more time
        world.say(slow, text.substr(i, 1));
        world.pass(second);
    }
    CHECK(slow->from_server.empty());
    CHECK(world.next <= world.now + second);
    world.pass(2 * second);
    CHECK(begins(slow, "408"));
    CHECK(last_status == 408);
    world.pass(Server::end_time + second); // it does not end: neither is it waited for
    CHECK(slow->closed);
    serves(world);
}

TEST_CASE("content that does not come has its time, and no more", "[upload]")
{
    World world;
    Peer const slow = world.connect();
    world.say(slow, head(110));
    for (u64 passed = 0; passed + 2 * second < Server::content_time; passed += second) {
        world.pass(second);
        if (passed % (10 * second) == 0) world.say(slow, "x");
    }
    CHECK(slow->from_server.empty());
    world.pass(3 * second);
    CHECK(begins(slow, "408"));
    world.pass(Server::end_time + second);
    CHECK(slow->closed);
    serves(world);
}

TEST_CASE("who does not take its answer is left, and the next is served", "[upload]")
{
    World world;
    Peer const peer = world.connect();
    peer->reads = false;
    world.say(peer, head(110) + std::string(110, 'p'));
    CHECK(last_status == 201);
    CHECK(peer->from_server.empty());
    Peer const next = world.connect(); // waits meanwhile
    world.pass(Server::answer_time + second);
    CHECK_FALSE(peer->closed); // a close waits behind the answer
    world.pass(Server::answer_time + second);
    CHECK((peer->closed && peer->reset));
    world.say(next, head(110) + std::string(110, 'p'));
    CHECK(begins(next, "201"));
}

TEST_CASE("a connection on which nothing comes is ended, and the next is served", "[upload]")
{
    World world;
    Peer const silent = world.connect();
    world.pass(Server::head_time + second);
    CHECK(begins(silent, "408"));
    world.pass(Server::end_time + second);
    CHECK(silent->closed);
    serves(world);
}

// How the upload server's connections end: by the clock, by who turns it off, by clients that
// vanish, by the death of the network or of the server itself; and one after the other.
#include "upload_rig.hpp"

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

using namespace upload_test;

TEST_CASE("who is slow is sent away by the clock", "[upload]")
{
    constexpr u64 ms = second / 1000;
    World world;
    Upload it{world.turn_on()};
    auto const slow = world.connect();
    u64 limit = Server::head_time;
    SECTION("nothing comes") {}
    SECTION("the head does not end")
    {
        world.say(slow, "POST /programs/hello HTTP/1.1\r\n");
    }
    SECTION("the content does not come")
    {
        limit = Server::content_time;
        world.pass(9 * second); // the head's time does not count for the content
        world.say(slow, it.head());
    }
    SECTION("bytes come one by one")
    {
        limit = Server::content_time;
        world.say(slow, it.head());
        for (; limit > second; limit -= second) {
            world.pass(second);
            world.say(slow, "x");
        }
    }
    CHECK(world.next == Approx(double(world.system.clock.now() + limit)).margin(double(ms)));
    world.pass(limit - ms);
    CHECK(slow->from_server.empty());
    world.pass(2 * ms);
    CHECK(status_of(slow->from_server) == 408);
    CHECK((slow->shut && !slow->closed));
    world.pass(Server::end_time + ms);
    CHECK(slow->closed);
    CHECK(world.line(0).status == 408);
    CHECK(status_of(world.exchange(it.text())) == 201); // the next one is served
}

TEST_CASE("who does not take the answer is sent away by a reset", "[upload]")
{
    World world;
    Upload const it{world.turn_on()};
    Upload wrong{std::string(32, '0')};
    auto const peer = world.connect();
    peer->reads = false;
    world.say(peer, wrong.head());
    world.pass(Server::answer_time + second); // closing waits for what is to be sent
    CHECK_FALSE(peer->closed);
    world.pass(Server::answer_time + second);
    CHECK((peer->closed && peer->reset && peer->from_server.empty()));
    CHECK(status_of(world.exchange(it.text())) == 201);
}

TEST_CASE("the window of ten minutes ends by itself, whatever is under way", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    u64 const end = world.system.clock.now() + Token::seconds * second;
    CHECK(world.next == Approx(double(end)).margin(1e6));
    SECTION("nobody came")
    {
        world.pass(Token::seconds * second - second);
        CHECK(world.network->open_sockets() == 1);
        world.pass(second + 1'000'000);
        CHECK(world.network->open_sockets() == 0);
        CHECK(world.exchange(it.text()).empty());
    }
    SECTION("an upload is in the middle")
    {
        world.pass(Token::seconds * second - 5 * second);
        auto const peer = world.connect();
        auto const text = it.text();
        world.say(peer, text.substr(0, text.size() - 1));
        CHECK(world.next == Approx(double(end)).margin(1e6));
        world.pass(5 * second + 1'000'000);
        CHECK(status_of(peer->from_server) == 403);
        world.say(peer, text.substr(text.size() - 1));
        peer->ended = true;
        world.run();
        CHECK(peer->closed);
        CHECK(world.network->open_sockets() == 0);
    }
    CHECK(nothing_runs(world.system));
    CHECK(world.next == Server::never);
}

TEST_CASE("an upload that began with a token of before is worth nothing", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    auto const peer = world.connect();
    auto const text = it.text();
    world.say(peer, text.substr(0, text.size() - 1));
    auto const token = world.turn_on(); // again, while it is under way
    CHECK(token != it.token);
    world.say(peer, text.substr(text.size() - 1));
    CHECK(status_of(peer->from_server) == 403);
    CHECK(nothing_runs(world.system));
    CHECK(world.life->desk.is_on()); // the new one is good
    peer->ended = true;
    world.run();
    it.token = token;
    CHECK(status_of(world.exchange(it.text())) == 201);
}

TEST_CASE("upload off ends an upload in the middle", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    auto const peer = world.connect();
    world.say(peer, it.head() + it.manifest);
    world.life->desk.turn_off();
    world.run();
    CHECK(status_of(peer->from_server) == 403);
    world.say(peer, it.program);
    peer->ended = true;
    world.run();
    CHECK(peer->closed);
    CHECK(nothing_runs(world.system));
    CHECK(world.network->open_sockets() == 0);
}

TEST_CASE("a client that vanishes in the middle leaves everything as it was", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    auto const text = it.text();
    auto const part = GENERATE(0u, 1u, 100u, 300u, 5000u);
    bool const aborts = GENERATE(true, false);
    CAPTURE(part, aborts);
    auto const peer = world.connect();
    world.say(peer, text.substr(0, part));
    (aborts ? peer->aborted : peer->ended) = true;
    world.run();
    CHECK(peer->closed);
    CHECK(world.line(0).status == 400);
    CHECK(std::string{world.line(0).outcome} == "the connection ended too early");
    CHECK(nothing_runs(world.system));
    CHECK(world.system.shared(0).bytes == 0);
    CHECK(status_of(world.exchange(text)) == 201); // the token is still good
}

TEST_CASE("a client that vanishes behind its program does not stop it", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    auto const peer = world.connect();
    peer->reads = false;
    world.say(peer, it.text());
    CHECK(world.system.state(0) == State::running);
    peer->aborted = true;
    world.run();
    CHECK(peer->closed);
    CHECK(world.network->open_sockets() == 0);
    CHECK(world.system.state(0) == State::running);
    CHECK(world.line(0).status == 201);
}

TEST_CASE("of two at once the second is served when the first has ended", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    auto const first = world.connect(), later = world.connect();
    auto const text = it.text();
    world.say(first, text.substr(0, text.size() / 2));
    world.say(later, text);
    CHECK(later->from_server.empty());
    SECTION("and finds the token used")
    {
        world.say(first, text.substr(text.size() / 2));
        first->ended = true;
        world.run();
        CHECK(status_of(first->from_server) == 201);
        CHECK((later->reset && later->from_server.empty()));
        CHECK(world.system.asked.size() == 2);
    }
    SECTION("and is the one when the first went away")
    {
        first->aborted = true;
        world.run();
        CHECK(first->from_server.empty());
        CHECK(status_of(later->from_server) == 201);
        CHECK(world.system.asked.size() == 2);
    }
    CHECK(world.system.state(1) == State::absent); // once
}

TEST_CASE("a network that died in the middle of an upload loses it, no more", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    auto const peer = world.connect();
    world.say(peer, it.head() + it.manifest);
    world.replace_network();
    world.run();
    CHECK(world.network->open_sockets() == 1); // it listens again
    CHECK(nothing_runs(world.system));
    CHECK(status_of(world.exchange(it.text())) == 201);
}

TEST_CASE("a port that the network refuses is asked for each second while uploads are on",
          "[upload]")
{
    World world;
    world.network->bind_status = net::Status::denied;
    Upload it{world.turn_on()};
    CHECK(world.network->binds == 1);
    CHECK(world.network->open_sockets() == 0);
    world.run();
    CHECK(world.network->binds == 1);
    CHECK(world.next <= world.system.clock.now() + second + 1'000'000);
    world.pass(second + 1'000'000);
    CHECK(world.network->binds == 2);
    world.network->bind_status = net::Status::ok;
    world.pass(second + 1'000'000);
    CHECK(status_of(world.exchange(it.text())) == 201);
}

TEST_CASE("a successor of the server is off, and knows what was uploaded", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    CHECK(status_of(world.exchange(it.text())) == 201);
    it.token = world.turn_on();
    auto const peer = world.connect();
    world.say(peer, it.head() + it.manifest);
    auto const before = world.line(0);
    world.restart();
    CHECK((peer->closed && peer->reset));
    CHECK_FALSE(world.life->desk.is_on());
    CHECK(world.exchange(it.text()).empty()); // nobody listens
    CHECK(std::memcmp(&before, &*world.life->desk.line(0), sizeof before) == 0);
    CHECK(world.system.state(0) == State::running);
    CHECK(world.system.asked.size() == 2); // it touched no slot
    it.token = world.turn_on();
    auto const answer = world.exchange(it.text());
    CHECK(answer.ends_with("hello runs as guest0\n")); // in its own place again
    CHECK(world.life->desk.stop("hello"));
    CHECK(world.system.state(0) == State::absent);
}

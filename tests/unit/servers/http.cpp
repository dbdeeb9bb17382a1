// The HTTP server over the real client library: every way a connection can go.
#include "http_network.hpp"
#include "servers/http/documents.hpp"
#include "tests/fakes/json_text.hpp"

#include <vector>

using namespace http_test;

namespace {

/// Of one family: the rest waits to be connections of the other.
constexpr u32 most = connections - http_server::Server::max_accepting;

std::string get(std::string const& path, std::string const& fields = "")
{
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
bool begins(std::string const& text, int status)
{
    return text.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}
/// Content of the first response, whose length is the one it says.
std::string content(std::string const& response)
{
    auto const end = response.find("\r\n\r\n");
    auto const length = response.find("Content-Length: ");
    REQUIRE((end != std::string::npos && length < end));
    usize const bytes = std::stoul(response.substr(length + 16));
    REQUIRE(response.size() >= end + 4 + bytes);
    return response.substr(end + 4, bytes);
}
usize count(std::string const& text, std::string const& what)
{
    usize found = 0;
    for (usize at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++found;
    return found;
}

} // namespace

TEST_CASE("a page is answered, and the connection goes on", "[http]")
{
    World world;
    auto const peer = world.connect();
    auto const page = world.say(peer, get("/"));
    CHECK(begins(page, 200));
    CHECK(content(page) == "body 1 of 0");
    for (std::string const field : {"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                                    "\r\nContent-Type: text/html; charset=utf-8\r\n",
                                    "\r\nContent-Security-Policy: default-src 'none'\r\n",
                                    "\r\nX-Content-Type-Options: nosniff\r\n"})
        CHECK(count(page, field) == 1);
    CHECK(content(world.say(peer, get("/api/status"))) == "body 2 of 1");
    CHECK(content(world.say(peer, get("/api/memory?x"))) == "body 3 of 3");
    CHECK_FALSE(peer->shut);
    CHECK(world.server.counters().requests == 3);
    CHECK(world.server.connections() == 1);
}

TEST_CASE("HEAD is answered without content, with its length", "[http]")
{
    World world;
    auto const peer = world.connect();
    auto const head = world.say(peer, "HEAD /api/status HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(begins(head, 200));
    CHECK(head.ends_with("\r\n\r\n"));
    CHECK(count(head, "Content-Length: 11\r\n") == 1);
    CHECK(count(head, "body") == 0);
    auto const none = world.say(peer, "HEAD /no HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(begins(none, 404));
    CHECK(none.ends_with("\r\n\r\n"));
}

TEST_CASE("errors that leave the connection whole", "[http]")
{
    World world;
    auto const peer = world.connect();
    CHECK(begins(world.say(peer, get("/no")), 404));
    CHECK(begins(world.say(peer, get("/" + std::string(500, 'x'))), 404));
    auto const post = world.say(peer, "POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(begins(post, 405));
    CHECK(count(post, "\r\nAllow: GET, HEAD\r\n") == 1);
    CHECK(begins(world.say(peer, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), 501));
    CHECK(begins(world.say(peer, get("/")), 200));
    CHECK_FALSE(peer->shut);
}

TEST_CASE("errors after which nothing is read: drained, not reset", "[http]")
{
    World world;
    std::vector<std::pair<std::string, int>> const list = {
        {"nonsense\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n", 414},
        {get("/", "X: " + std::string(20000, 'x') + "\r\n"), 431},
        {"GET / HTTP/3.0\r\n", 505},
        {get("/", "Transfer-Encoding: gzip\r\n"), 501},
        {get("/", "Content-Length: 3000\r\n") + std::string(3000, 'x'), 413},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + std::string(3000, 'x'),
         405},
    };
    for (auto const& [text, status] : list) {
        auto const peer = world.connect();
        auto const answer = world.say(peer, text);
        CAPTURE(text.substr(0, 40), answer);
        CHECK(begins(answer, status));
        CHECK(count(answer, "\r\nConnection: close\r\n") == 1);
        CHECK(count(answer, "HTTP/1.1 ") == 1);
        CHECK((peer->shut && !peer->closed));
        peer->to_server += std::string(5000, 'y'); // what was under way
        peer->ended = true;
        world.run();
        CHECK((peer->closed && !peer->reset));
        CHECK(world.is_quiet());
    }
}

TEST_CASE("requests that come before their answers are answered in order", "[http]")
{
    World world;
    auto const peer = world.connect();
    std::string text;
    for (int i = 0; i < 100; ++i) text += get(i % 2 ? "/api/status" : "/no");
    auto const answers = world.say(peer, text + get("/", "Connection: close\r\n") + get("/"));
    CHECK(count(answers, "HTTP/1.1 404") == 50);
    CHECK(count(answers, "HTTP/1.1 200") == 51);
    CHECK(answers.rfind("text/html") > answers.rfind("application/json"));
    CHECK(peer->shut);
}

TEST_CASE("requests cut anywhere", "[http]")
{
    World world;
    std::string const text = get("/api/status") + get("/no");
    for (usize cut = 1; cut < text.size(); ++cut) {
        auto const peer = world.connect();
        auto answers = world.say(peer, text.substr(0, cut));
        answers += world.say(peer, text.substr(cut));
        CHECK(count(answers, "HTTP/1.1 200") == 1);
        CHECK(count(answers, "HTTP/1.1 404") == 1);
        peer->ended = true;
        world.run();
        CHECK((peer->closed && !peer->reset));
    }
    CHECK(world.is_quiet());
}

TEST_CASE("who is slow is sent away by the clock", "[http]")
{
    http_server::Limits const limits;
    World world;
    auto const silent = world.connect();
    auto const slow = world.connect();
    CHECK(world.say(slow, "GET / HTTP/1.1\r\n").empty());
    for (u64 passed = 0; passed + World::second < limits.head; passed += World::second) {
        world.pass(World::second);
        CHECK(world.say(slow, "X: y\r\n").empty()); // more bytes give no more time
    }
    CHECK_FALSE(slow->shut);
    CHECK(world.next <= world.now + World::second);
    world.pass(World::second);
    CHECK(begins(slow->from_server, 408));
    CHECK((slow->shut && !slow->closed));
    world.say(slow, "X: y\r\n");
    world.pass(limits.draining);
    CHECK(slow->closed);
    CHECK_FALSE(silent->closed);
    world.pass(limits.idle);
    CHECK((silent->closed && silent->from_server.empty()));
    CHECK(world.is_quiet());
    CHECK(world.server.counters().timed_out >= 3);
}

TEST_CASE("who does not take its response is aborted in time", "[http]")
{
    http_server::Limits const limits;
    World world;
    auto const peer = world.connect();
    peer->reads = false;
    CHECK(world.say(peer, get("/")).empty());
    world.pass(limits.response - 1);
    CHECK_FALSE(peer->closed);
    world.pass(1);
    CHECK((peer->closed && peer->reset));
    CHECK(world.is_quiet());
}

TEST_CASE("many at once share a body; more than the table holds wait", "[http]")
{
    World world;
    std::vector<std::shared_ptr<Peer>> peers;
    for (u32 i = 0; i < connections + 10; ++i) peers.push_back(world.network->connect());
    world.run();
    CHECK(world.server.connections() == most);
    for (auto const& peer : peers) peer->to_server = get("/api/status", "Connection: close\r\n");
    world.run();
    CHECK(world.pages.made == 1);
    for (auto const& peer : peers) peer->ended = true;
    world.run();
    for (auto const& peer : peers) {
        CHECK(content(peer->from_server) == "body 1 of 1");
        CHECK((peer->closed && !peer->reset));
    }
    CHECK(world.is_quiet());
}

TEST_CASE("when the table is full idle connections make room", "[http]")
{
    http_server::Limits const limits;
    World world;
    std::vector<std::shared_ptr<Peer>> peers;
    for (u32 i = 0; i < connections; ++i) peers.push_back(world.connect());
    auto const late = world.connect();
    CHECK(world.say(late, get("/")).empty());
    world.pass(limits.idle_when_full);
    CHECK(begins(late->from_server, 200));
}

TEST_CASE("a body is made anew when it is old, beside one that is being sent", "[http]")
{
    World world;
    auto const slow = world.connect(), fast = world.connect();
    slow->reads = false;
    world.say(slow, get("/api/status"));
    CHECK(content(world.say(fast, get("/api/status"))) == "body 1 of 1");
    world.pass(http_server::Site::fresh_ns);
    CHECK(content(world.say(fast, get("/api/status"))) == "body 2 of 1");
    slow->reads = true;
    world.run();
    CHECK(content(slow->from_server) == "body 1 of 1");
}

TEST_CASE("a body that is too large is refused", "[http]")
{
    World world;
    world.pages.bytes = http_server::Site::max_body_bytes;
    auto const peer = world.connect();
    CHECK(begins(world.say(peer, get("/api/status")), 503));
    world.pages.bytes = 0;
    CHECK(begins(world.say(peer, get("/api/status")), 200));
}

TEST_CASE("without room in the arena everybody is served in turn", "[http]")
{
    World world;
    world.pages.bytes = 60000;
    std::vector<net::Buffer> taken; // all but a little
    while (world.client.arena().bytes_free() > 65536)
        taken.push_back(std::move(*net::Buffer::take(world.client.arena(), 4096)));
    std::vector<std::shared_ptr<Peer>> peers;
    for (u32 i = 0; i < most; ++i) {
        peers.push_back(world.connect());
        peers.back()->to_server = get("/api/status") + get("/no");
    }
    world.run();
    for (auto const& peer : peers) {
        CHECK(count(peer->from_server, "HTTP/1.1 200") == 1);
        CHECK(count(peer->from_server, "HTTP/1.1 404") == 1);
    }
}

TEST_CASE("a network that died: everything begins again", "[http]")
{
    World world;
    auto const idle = world.connect(), sending = world.connect();
    sending->reads = false;
    world.say(sending, get("/api/status"));
    world.replace_network();
    world.run();
    CHECK(world.is_quiet());
    CHECK(world.network->binds == 2);
    auto const peer = world.connect();
    CHECK(begins(world.say(peer, get("/")), 200));
}

TEST_CASE("a port that is refused is asked for again, in time", "[http]")
{
    World world;
    world.replace_network();
    world.network->bind_status = Status::denied;
    world.run();
    CHECK(world.server.listening(false) == Status::denied);
    CHECK(world.network->binds == 2);
    world.network->bind_status = Status::ok;
    world.run();
    CHECK(world.network->binds == 2);
    world.pass(World::second);
    CHECK(world.network->binds == 4);
    CHECK(begins(world.say(world.connect(), get("/")), 200));
}

TEST_CASE("connections that the network has no room for are no endless loop", "[http]")
{
    World world;
    world.replace_network();
    world.network->accept_status = Status::quota;
    world.run(); // ends
    world.network->accept_status = Status::ok;
    world.pass(World::second);
    CHECK(begins(world.say(world.connect(), get("/")), 200));
}

TEST_CASE("a document holds what the facts say", "[http]")
{
    auto const facts = std::make_unique<http_server::Facts>();
    facts->uptime_us = 5'000'000;
    facts->programs = 2;
    auto& info = facts->program[1].info;
    std::string const name = "vir\"tio";
    std::copy(name.begin(), name.end(), info.name);
    info.kind = 2;
    info.state = 2;
    info.restarts = 3;
    info.flags = composition::flag_feedback;
    info.level = 4;
    facts->program[1].memory.resident = 4;
    facts->machine.total = 10;
    facts->interrupts = 3;
    for (u32 i = 0; i < 3; ++i) facts->interrupt[i] = {1, {{'i', 'r', 'q'}, 0, 4, 70 + i}};
    facts->interrupt[0].line.need = static_cast<u64>(composition::NeedKind::irq_isa);
    facts->interrupt[1].line.need = static_cast<u64>(composition::NeedKind::irq_pci);
    facts->interrupt[2].line.need = static_cast<u64>(composition::NeedKind::irq_hpet);
    facts->interfaces = 1;
    facts->interface[0].address_count = 1;
    facts->interface[0].address[0] = net::ipv4(10, 0, 2, 15);
    facts->interface[0].prefix[0] = 24;
    static char memory[http_server::Site::max_body_bytes];
    text::Writer out{memory};
    http_server::write_document(out, http_server::Resource::status, *facts);
    std::string const text{out.view()};
    CHECK_FALSE(out.was_cut());
    CHECK(count(text, R"("name":"vir\"tio")") == 1);
    CHECK(count(text, R"("state":"running","priority":0,"class":"feedback","level":4,)") == 1);
    CHECK(count(text, R"("class":"fixed","level":null,)") == 1);
    CHECK(count(text, R"("epoch":0,"restarts":3)") == 1);
    for (std::string const line :
         {R"("source":"ISA 4","served":70})", R"("source":"PCI","served":71})",
          R"("source":"HPET","served":72})"})
        CHECK(count(text, R"({"program":"vir\"tio","name":"irq",)" + line) == 1);
    CHECK(count(text, R"("memory":16384)") == 1);
    CHECK(count(text, R"("addresses":["10.0.2.15/24"])") == 1);
    CHECK(count(text, R"("time":null)") == 1);
    CHECK(count(text, R"("total":40960)") == 1);
    CHECK(test::is_json(text));
}

TEST_CASE("each document has its part and is whole", "[http]")
{
    using http_server::Resource;
    auto const facts = std::make_unique<http_server::Facts>();
    facts->programs = 2;
    facts->interrupts = 2;
    facts->interfaces = 2;
    facts->next_line = 2;
    struct {
        Resource resource;
        std::string_view part;
    } const documents[] = {
        {Resource::status, R"("http":{)"},        {Resource::programs, R"("recovery_us":0)"},
        {Resource::memory, R"("swap_ins":0)"},    {Resource::network, R"("tcp_connections":0)"},
        {Resource::scheduler, R"("level":null)"}, {Resource::interrupts, R"("served":0)"}};
    for (auto const& [resource, part] : documents) {
        static char memory[http_server::Site::max_body_bytes];
        text::Writer out{memory};
        http_server::write_document(out, resource, *facts);
        std::string const text{out.view()};
        CAPTURE(text);
        CHECK(text.starts_with(R"({"uptime_us":0,"time":null,)"));
        CHECK(count(text, std::string{part}) >= 1);
        CHECK(test::is_json(text));
    }
}

TEST_CASE("the largest status fits", "[http]")
{
    auto const facts = std::make_unique<http_server::Facts>();
    std::fill_n(reinterpret_cast<u8*>(facts.get()), sizeof(http_server::Facts), u8{0xff});
    facts->has_network = true;
    facts->programs = http_server::Facts::max_programs;
    facts->interfaces = http_server::Facts::max_interfaces;
    facts->interrupts = http_server::Facts::max_interrupts;
    for (auto& interrupt : facts->interrupt) interrupt.program = 0;
    facts->next_line = http_server::Facts::log_lines;
    for (auto& line : facts->line)
        for (char& c : line.text) c = '\x01'; // six bytes each
    static char memory[2 * http_server::Site::max_body_bytes];
    text::Writer out{memory};
    http_server::write_document(out, http_server::Resource::status, *facts);
    CHECK(out.view().size() <= http_server::Site::max_body_bytes);
    CHECK(test::is_json(out.view()));
}

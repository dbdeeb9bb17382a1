// What the upload server takes and refuses: tokens, senders, sizes, manifests, files; what it
// writes down of that. How long connections last is upload_life.cpp's.
#include "upload_rig.hpp"

#include "guest/place.hpp"
#include "kit/sha256.hpp"

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

using namespace upload_test;

TEST_CASE("nothing listens until uploads are on, nor afterwards", "[upload]")
{
    World world;
    CHECK(world.network->open_sockets() == 0);
    CHECK(world.next == Server::never);
    world.turn_on();
    CHECK(world.network->open_sockets() == 1); // a listener
    world.life->desk.turn_off();
    world.run();
    CHECK(world.network->open_sockets() == 0);
    CHECK(world.next == Server::never);
}

TEST_CASE("without time or random bytes there is no token", "[upload]")
{
    World world;
    SECTION("no clock")
    {
        world.system.clock.set(0);
        CHECK(world.life->desk.turn_on().error() == Error::absent);
    }
    SECTION("not seeded")
    {
        world.system.entropy_error = Error::interrupted;
        CHECK(world.life->desk.turn_on().error() == Error::interrupted);
    }
    SECTION("no entropy server")
    {
        world.system.lose_entropy();
        CHECK(world.life->desk.turn_on().error() == Error::absent);
    }
    world.run();
    CHECK(world.network->open_sockets() == 0);
}

TEST_CASE("a program is started with what it names, and the token is used up", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    it.manifest =
        manifest_of("hello", "uses = [\"net\", \"log?\"]\n[restart]\npolicy = \"never\"\n");
    auto const answer = world.exchange(it.text());
    CHECK(status_of(answer) == 201);
    CHECK(answer.ends_with("\r\n\r\nhello runs as guest0\n"));
    CHECK(world.system.state(0) == State::running);
    REQUIRE(world.system.asked.size() == 2);
    CHECK_FALSE(world.system.asked[0].start);
    auto const& start = world.system.asked[1];
    CHECK((start.start && start.program == System::program_of(0)));
    CHECK(start.args.policy == static_cast<u64>(composition::Restart::never));
    REQUIRE(start.args.count == 3);
    CHECK(std::string{start.args.uses[0]} == "upload");
    CHECK(std::string{start.args.uses[1]} == "net");
    CHECK(std::string{start.args.uses[2]} == "log");
    auto const& shared = world.system.shared(0);
    REQUIRE(shared.bytes == it.program.size());
    CHECK(std::memcmp(shared.file, it.program.data(), it.program.size()) == 0);

    CHECK_FALSE(world.life->desk.is_on());
    CHECK(world.network->open_sockets() == 0);
    world.turn_on();
    CHECK(status_of(world.exchange(it.text())) == 403); // the old token
    CHECK(world.system.asked.size() == 2);
}

TEST_CASE("an upload may come in pieces of any size", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    auto const text = it.text();
    auto const step = GENERATE(1u, 7u, 100u, 4096u);
    auto const peer = world.connect();
    for (usize at = 0; at < text.size(); at += step) world.say(peer, text.substr(at, step));
    CHECK(status_of(peer->from_server) == 201);
    CHECK(std::memcmp(world.system.shared(0).file, it.program.data(), it.program.size()) == 0);
    world.say(peer, "what nobody reads any more");
    peer->ended = true;
    world.run();
    CHECK((peer->closed && !peer->reset)); // the answer was not overtaken by a reset
}

TEST_CASE("without the token nothing is read, and five wrong ones end it", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    auto const good = it.token;
    it.token[31] = it.token[31] == '0' ? '1' : '0';
    for (u32 i = 0; i < Token::max_wrong; ++i) {
        CHECK(world.life->desk.is_on());
        auto const peer = world.connect();
        world.say(peer, it.head());
        CHECK(status_of(peer->from_server) == 403); // before a byte of the content
        peer->ended = true;
        world.run();
        CHECK(peer->closed);
    }
    CHECK_FALSE(world.life->desk.is_on());
    it.token = good;
    CHECK(world.exchange(it.text()).empty());
    CHECK(nothing_runs(world.system));
    CHECK(world.line(0).count == Token::max_wrong);
    CHECK(world.line(0).status == 403);
    CHECK(world.line(0).port == 40001); // the first
}

TEST_CASE("what a web page can send is refused before the token is looked at", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    it.token = std::string(32, '0'); // a wrong one does not count here
    for (std::string const fields :
         {"Origin: http://127.0.0.1:8080\r\n", "Origin: null\r\n", "Origin:\r\n",
          "origin: http://evil.example\r\n", "Sec-Fetch-Site: same-origin\r\n",
          "sec-fetch-mode: no-cors\r\n"}) {
        it.fields = fields;
        CHECK(status_of(world.exchange(it.text())) == 403);
    }
    it.fields = "";
    for (std::string const host :
         {"evil.example:8080", "evil.example", "localhost.evil.example:8080", "127.0.0.1",
          "127.0.0.1.evil.example:8080", "localhost", "", "[::1", "127.0.0.1:99999"}) {
        it.host = host;
        CHECK(status_of(world.exchange(it.text())) == 403);
    }
    CHECK(world.life->desk.is_on()); // none of them was a try
    CHECK(nothing_runs(world.system));
}

TEST_CASE("sizes are limited before they are received", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    SECTION("a program above 1 MiB")
    {
        it.program = std::string(upload::max_file + 1, 'x');
        CHECK(status_of(world.exchange(it.head())) == 413);
    }
    SECTION("a manifest above 4 KiB")
    {
        it.manifest = std::string(max_manifest + 1, '#');
        CHECK(status_of(world.exchange(it.head())) == 413);
    }
    SECTION("a head above 4 KiB, ended or not")
    {
        it.fields = "X: " + std::string(max_head, 'x') + GENERATE("", "\r\n");
        CHECK(status_of(world.exchange(it.head())) == 431);
    }
    SECTION("as much as may be")
    {
        it.manifest += std::string(max_manifest - it.manifest.size(), '#');
        it.program += std::string(upload::max_file - it.program.size(), 'x');
        it.fields = "X: ";
        it.fields += std::string(max_head - it.head().size() - 2, 'x') + "\r\n";
        REQUIRE(it.head().size() == max_head);
        CHECK(status_of(world.exchange(it.text())) == 201);
        CHECK(world.system.shared(0).bytes == upload::max_file);
        return;
    }
    CHECK(nothing_runs(world.system));
    CHECK(world.life->desk.is_on()); // the token was not used up
}

TEST_CASE("what comes behind the content is not a part of the program", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    CHECK(status_of(world.exchange(it.text() + std::string(50'000, 'y'))) == 201);
    CHECK(world.system.shared(0).bytes == it.program.size());
    CHECK(world.system.shared(0).file[it.program.size()] == 0);
}

TEST_CASE("a request that is no program's starts nothing and leaves the token", "[upload]")
{
    World world;
    Upload it{world.turn_on()};
    std::string why;
    SECTION("a manifest that asks for more")
    {
        struct {
            char const* more;
            char const* why;
        } const cases[] = {
            {"[needs]\nports = []", "line 4: needs.ports"},
            {"[needs]\nirq = []", "line 4: needs.irq"},
            {"[needs]\ndma = []", "line 4: needs.dma"},
            {"[[needs.bar]]\nindex = 0", "line 4: needs.bar"},
            {"[match]\nbus = \"pci\"", "line 4: match.bus"},
            {"[budget]\npriority = 255", "line 4: budget.priority"},
            {"[rights]\nmonitor = true", "line 4: rights.monitor"},
            {"[network]\nbind = []", "line 4: network.bind"},
            {"provides = [\"net\"]", "line 3: program.provides"},
            {"uses = [\"guests\"]", "line 3: program.uses"},
        };
        auto const n = GENERATE(range(0, 10));
        auto const& each = cases[n];
        it.manifest = manifest_of("hello", each.more);
        why = each.why;
    }
    SECTION("another name")
    {
        it.manifest = manifest_of("other");
        why = "not the name in the address";
    }
    SECTION("no ELF file")
    {
        it.program = "#!/bin/sh\n";
        why = "program: ";
    }
    SECTION("a program in the loader's place")
    {
        test::ElfFile file;
        file.segments[1].address = file.segments[1].physical = guest::image_end;
        auto const bytes = file.bytes();
        it.program.assign(bytes.begin(), bytes.end());
        why = "does not lie where";
    }
    SECTION("code that is writable")
    {
        test::ElfFile file;
        file.segments[0].flags = 7;
        auto const bytes = file.bytes();
        it.program.assign(bytes.begin(), bytes.end());
        why = "writable and executable";
    }
    auto const answer = world.exchange(it.text());
    CAPTURE(answer);
    CHECK(status_of(answer) == 422);
    CHECK(answer.find(why) != std::string::npos);
    CHECK(nothing_runs(world.system));
    CHECK(world.system.asked.empty());
    Upload good{it.token};
    CHECK(status_of(world.exchange(good.text())) == 201);
}

TEST_CASE("the ledger says who, when, what and how it ended", "[upload]")
{
    World world;
    world.system.clock.set_wall(1'700'000'000 * i64{second});
    Upload it{world.turn_on()};
    CHECK(status_of(world.exchange(it.text())) == 201);
    auto const good = world.line(0);
    CHECK(good.wall_ns == Approx(1.7e18).margin(1e6));
    CHECK(good.peer.byte[15] == 9);
    CHECK(good.port == 40001);
    CHECK(good.bytes == it.program.size());
    CHECK(std::string{good.name} == "hello");
    auto const digest =
        kit::Sha256::of({reinterpret_cast<u8 const*>(it.program.data()), it.program.size()});
    CHECK(std::memcmp(good.sha256, digest.data(), 32) == 0);
    // A program that was refused is known by its sum as well; a head alone has none.
    it.token = world.turn_on();
    it.manifest = manifest_of("other");
    world.exchange(it.text());
    CHECK(world.line(0).status == 422);
    CHECK(std::memcmp(world.line(0).sha256, digest.data(), 32) == 0);
    it.fields = "Origin: null\r\n";
    world.exchange(it.text());
    CHECK(world.line(0).status == 403);
    CHECK(world.line(0).sha256[0] == 0);
    // Whoever may not upload pushes out nobody who did.
    for (u32 i = 0; i < 3 * Kept::lines; ++i)
        world.exchange("GET /" + std::string(i % 2, 'x') + " HTTP/1." + std::to_string(i % 3) +
                       "\r\n\r\n");
    bool found = false;
    for (u64 i = 0; world.life->desk.line(i); ++i) found |= world.line(i).status == 201;
    CHECK(found);
}

// What the upload server checks before anything of an upload counts: token, head, manifest, ledger,
// and where a program may lie.
#include "guest/place.hpp"
#include "servers/upload/head.hpp"
#include "servers/upload/ledger.hpp"
#include "servers/upload/manifest.hpp"
#include "servers/upload/token.hpp"

#include "../libs/elf_file.hpp"
#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <set>
#include <string>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace upload_server;

namespace {

constexpr u64 second = 1'000'000'000;

std::string head_of(std::string const& fields,
                    std::string const& line = "POST /programs/hello HTTP/1.1")
{
    return line + "\r\n" + fields + "\r\n";
}
std::string const good_fields = "Host: 127.0.0.1:8080\r\nX-Hypercore-Token: abc\r\n"
                                "X-Manifest-Length: 10\r\nContent-Length: 110\r\n";
/// The good fields with one of them replaced, or left out.
std::string with(std::string const& field, std::string const& value)
{
    std::string text = good_fields;
    auto const from = text.find(field + ":");
    REQUIRE(from != std::string::npos);
    text.replace(from, text.find("\r\n", from) + 2 - from,
                 value.empty() ? "" : field + ": " + value + "\r\n");
    return text;
}
u32 status_of(std::string const& head)
{
    auto const result = read_head(head);
    return result ? 200 : result.error().status;
}

/// Why a manifest is refused; "": it is not.
std::string refusal_of(std::string const& text, Manifest* out = nullptr)
{
    Manifest manifest;
    text::Line<uploads::outcome_bytes> why;
    bool const good = read_manifest(text, out ? *out : manifest, why);
    CHECK(good == why.view().empty());
    return std::string{why.view()};
}

/// Instructions that a call takes, which must answer false: a child does it, stepped through.
template <class Call> u64 instructions(Call call)
{
    pid_t const child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        _exit(call());
    }
    int status = 0;
    u64 count = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    for (; WIFSTOPPED(status); ++count) {
        REQUIRE(ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0);
        REQUIRE(waitpid(child, &status, 0) == child);
    }
    REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return count;
}

Line line_of(u32 status, char const* outcome, u8 peer)
{
    Line line{};
    line.status = status;
    line.peer.byte[15] = peer;
    std::strcpy(line.outcome, outcome);
    return line;
}

} // namespace

TEST_CASE("a token is good once, for a time, and against few tries", "[upload]")
{
    u8 random[Token::random_bytes];
    for (u8 i = 0; i < sizeof random; ++i) random[i] = static_cast<u8>(i * 17 + 3);
    Token token;
    CHECK_FALSE(token.is_valid(second));
    CHECK_FALSE(token.check("", second));
    token.begin(random, second);
    std::string const text{token.text()};
    CHECK(text == "031425364758697a8b9cadbecfe0f102");
    CHECK(token.check(text, second));
    CHECK(token.check(text, 600 * second));
    CHECK_FALSE(token.check(text, 601 * second));
    CHECK_FALSE(token.is_valid(601 * second));

    for (std::string const& wrong :
         {std::string{}, text.substr(1), text + "0", std::string(32, 0)}) {
        CHECK_FALSE(token.check(wrong, second));
        CHECK(token.is_valid(second));
    }
    std::string last = text;
    last.back() = last.back() == '0' ? '1' : '0';
    CHECK_FALSE(token.check(last, second)); // the fifth
    CHECK_FALSE(token.is_valid(second));
    CHECK_FALSE(token.check(text, second));
    token.begin(random, second);
    token.end();
    CHECK_FALSE(token.check(text, second));
}

TEST_CASE("a head that is as it should be", "[upload]")
{
    auto const text = head_of(good_fields);
    CHECK(head_bytes(text) == text.size());
    for (usize cut = 0; cut < text.size(); ++cut) CHECK(head_bytes({text.data(), cut}) == 0);
    auto const head = read_head(text);
    REQUIRE(head);
    CHECK((*head).name == "hello");
    CHECK((*head).token == "abc");
    CHECK((*head).manifest_bytes == 10);
    CHECK((*head).file_bytes == 100);
    for (char const* host : {"localhost:1", "LOCALHOST:8080", "10.0.2.15:8080", "[::1]:8080"})
        CHECK(status_of(head_of(with("Host", host))) == 200);
}

TEST_CASE("a head that a web page could send, or that two readers could read differently",
          "[upload]")
{
    // Names are what DNS rebinding has.
    for (char const* host : {"evil.example:8080", "localhost", "127.0.0.1", "localhost.evil:80",
                             "localhost:", "localhost:x", "localhost:65536", "127.0.0.1:8080:1"})
        CHECK(status_of(head_of(with("Host", host))) == 403);
    CHECK(status_of(head_of(with("Host", ""))) == 400);
    for (char const* field : {"Origin: null", "origin: http://127.0.0.1:8080",
                              "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Origin:"})
        CHECK(status_of(head_of(good_fields + field + "\r\n")) == 403);
    for (char const* field : {"Host: 127.0.0.1:8080", "X-Hypercore-Token: abc",
                              "Content-Length: 110", "X-Manifest-Length: 10"})
        CHECK(status_of(head_of(good_fields + field + "\r\n")) == 400);
    for (char const* field :
         {"no colon", ": empty", "a b: c", "a : c", " folded", "a: b\rc", "a: b\nc"})
        CHECK(status_of(head_of(good_fields + field + "\r\n")) == 400);
    CHECK(status_of(head_of(good_fields + "Transfer-Encoding: chunked\r\n")) == 411);
    CHECK(status_of(head_of(good_fields + "Expect: 100-continue\r\n")) == 417);
}

TEST_CASE("what is asked must be a program's upload", "[upload]")
{
    for (char const* line : {"GET /programs/hello HTTP/1.1", "OPTIONS /programs/hello HTTP/1.1",
                             "PUT /programs/hello HTTP/1.1"})
        CHECK(status_of(head_of(good_fields, line)) == 405);
    for (char const* line :
         {"POST / HTTP/1.1", "POST /program/hello HTTP/1.1", "POST http://x/programs/a HTTP/1.1"})
        CHECK(status_of(head_of(good_fields, line)) == 404);
    for (char const* name :
         {"", "Hello", "1a", "-a", "a/b", "a%20", "..", "abcdefghijklmno", "a?b"})
        CHECK(status_of(head_of(good_fields,
                                "POST /programs/" + std::string{name} + " HTTP/1.1")) == 400);
    CHECK(status_of(head_of(good_fields, "POST /programs/abcdefghijklmn HTTP/1.1")) == 200);
    CHECK(status_of(head_of(good_fields, "POST /programs/a HTTP/1.0")) == 505);
    CHECK(status_of(head_of(good_fields, "nonsense")) == 400);
    CHECK(status_of(head_of(with("X-Hypercore-Token", ""))) == 401);
    CHECK(status_of(head_of(with("Content-Length", ""))) == 411);
    for (char const* length : {"-1", "+5", "1e3", "0x10", "1 1", "10000000000"})
        CHECK(status_of(head_of(with("Content-Length", length))) == 400);
    CHECK(status_of(head_of(with("Content-Length", "1048586"))) == 200);
    CHECK(status_of(head_of(with("Content-Length", "1048587"))) == 413);
    CHECK(status_of(head_of(with("Content-Length", "10"))) == 400);
    CHECK(status_of(head_of(with("X-Manifest-Length", ""))) == 400);
    CHECK(status_of(head_of(with("X-Manifest-Length", "0"))) == 400);
    CHECK(status_of(head_of(with("X-Manifest-Length", "4097"))) == 413);
}

TEST_CASE("how long a wrong token is looked at says nothing of the right one", "[upload]")
{
    u8 random[Token::random_bytes];
    for (u8 i = 0; i < sizeof random; ++i) random[i] = static_cast<u8>(i * 29 + 5);
    Token token;
    token.begin(random, second);
    std::string const right{token.text()};
    std::vector<std::string> tries{std::string(right.size(), 'x')};
    for (usize i = 0; i < right.size(); i += 3) { // right up to its character i
        tries.push_back(right);
        tries.back()[i] = right[i] == 'a' ? 'b' : 'a';
    }
    std::vector<u64> counts;
    for (auto const& wrong : tries)
        counts.push_back(instructions([&] { return Token{token}.check(wrong, second); }));
    REQUIRE(counts[0] > 100);
    CHECK(std::set<u64>(counts.begin(), counts.end()).size() == 1);
}

TEST_CASE("a manifest says how little a program wants", "[upload]")
{
    Manifest manifest; // its views are of the text
    std::string const good =
        "# hello\r\n[program]\nname = \"hello\" # its name\nabout= \"b\"\nkind =\"server\"\n"
        "uses = [ \"log?\", # comment\n  \"net\",\n]\n\n[ restart ]\npolicy = \"on_fault\"";
    CHECK(refusal_of(good, &manifest) == "");
    CHECK(manifest.name == "hello");
    REQUIRE(manifest.use_count == 2);
    CHECK(manifest.uses[0] == "log");
    CHECK(manifest.uses[1] == "net");
    CHECK(manifest.policy == composition::Restart::on_fault);
    CHECK(refusal_of("[program]\nname = \"a\"\nuses = []\n", &manifest) == "");
    CHECK(manifest.use_count == 0);
    CHECK(manifest.policy == composition::Restart::always);
    CHECK(refusal_of("program.name = \"a\"", &manifest) == "");
}

TEST_CASE("a manifest that asks for more is refused with key and line", "[upload]")
{
    std::string const start = "[program]\nname = \"hello\"\n";
    std::string const devices =
        "an uploaded program has no devices, ports, interrupts, DMA or memory of its own";
    struct {
        char const* text;
        std::string why;
    } const cases[] = {
        {"[needs]\nports = [{ name = \"a\", first = 1, last = 2 }]", "4: needs.ports: " + devices},
        {"[needs]\nirq = [{ name = \"a\", kind = \"isa\", line = 4 }]", "4: needs.irq: " + devices},
        {"[needs]\ndma = [{ name = \"a\", size = \"4K\" }]", "4: needs.dma: " + devices},
        {"[[needs.bar]]\nname = \"a\"", "4: needs.bar.name: " + devices},
        {"[needs]\nkeep = \"4K\"", "4: needs.keep: " + devices},
        {"[match]\nbus = \"pci\"", "4: match.bus: " + devices},
        {"[pools]\nblock = \"4K\"", "4: pools.block: " + devices},
        {"[budget]\n\n# high\npriority = 255",
         "6: budget.priority: its slot has the budget and the priority"},
        {"budget.priority = 255", "3: program.budget.priority: unknown key"},
        {"[rights]\nmonitor = true", "4: rights.monitor: an uploaded program has no rights"},
        {"[network]\nreach = []", "4: network.reach: its slot says what of the network it may use"},
        {"provides = [\"net\"]", "3: program.provides: an uploaded program provides nothing"},
        {"kind = \"driver\"", "3: program.kind: an uploaded program is a server"},
        {"uses = [\"log\",\n \"block\"]",
         "4: program.uses: of log, time, clock, entropy and net, which a slot has"},
        {"uses = [\"monitor\"]",
         "3: program.uses: of log, time, clock, entropy and net, which a slot has"},
        {"uses = [\"upload\"]",
         "3: program.uses: of log, time, clock, entropy and net, which a slot has"},
        {"uses = [\"log\", \"log?\"]", "3: program.uses: a protocol is there twice"},
        {"uses = \"log\"", "3: program.uses: an array must be here"},
        {"uses = [\"log\"", "3: program.uses: the array has no end"},
        {"uses = [\"log\" \"net\"]", "3: program.uses: a comma must be here"},
        {"name = \"again\"", "3: program.name: it is there twice"},
        {"[restart]\npolicy = \"often\"",
         "4: restart.policy: \"always\", \"on_fault\" or \"never\""},
        {"[restart]\nmax_per_min = 100", "4: restart.max_per_min: unknown key"},
        {"about = \"a\\\"b\"",
         "3: program.about: a text without escapes, on one line, must be here"},
        {"about = \"a", "3: program.about: a text without escapes, on one line, must be here"},
        {"about = 'a'", "3: program.about: a text in quotes must be here"},
        {"about = \"a\" b", "3: program.about: something behind the value"},
        {"about", "3: program.about: \"=\" is missing"},
        {"= 3", "3: a key must be here"},
        {"[restart", "3: restart: this is no table"},
        {"[]", "3: this is no table"},
    };
    for (auto const& each : cases) {
        std::string const why = "manifest, line " + each.why;
        CHECK(refusal_of(start + each.text) == why.substr(0, uploads::outcome_bytes));
    }
    CHECK(refusal_of("priority = 255") == "manifest, line 1: priority: unknown key");
    CHECK(refusal_of("") == "manifest, line 1: program.name: it is missing");
}

TEST_CASE("the ledger keeps the last lines, and counts what is alike", "[upload]")
{
    auto kept = std::make_unique<Kept>();
    Ledger ledger{*kept};
    CHECK_FALSE(ledger.find(0));
    ledger.add(line_of(201, "first", 1));
    for (int i = 0; i < 1000; ++i) ledger.add(line_of(403, "wrong token", 2));
    CHECK((*ledger.find(0)).count == 1000);
    CHECK(std::string{(*ledger.find(1)).outcome} == "first");
    CHECK_FALSE(ledger.find(2));
    ledger.add(line_of(201, "same", 3));
    ledger.add(line_of(201, "same", 3)); // who did it twice stands there twice
    CHECK((*ledger.find(0)).count == 1);
    CHECK((*ledger.find(1)).count == 1);
    // Each kind pushes out its own oldest.
    for (u32 i = 0; i < 2 * Kept::lines; ++i) ledger.add(line_of(402 + i % 2, "x", 1));
    for (u32 i = 0; i < Ledger::max_refused; ++i) CHECK((*ledger.find(i)).status != 201);
    CHECK(std::string{(*ledger.find(Ledger::max_refused)).outcome} == "same");
    for (u32 i = 0; i < 2 * Kept::lines; ++i) ledger.add(line_of(201, "good", 1));
    for (u32 i = 0; i < Ledger::max_started; ++i) CHECK((*ledger.find(i)).status == 201);
    CHECK((*ledger.find(Kept::lines - 1)).status != 201);
    CHECK_FALSE(ledger.find(Kept::lines));
    CHECK_FALSE(ledger.find(~u64{0}));
    // A successor finds the lines, and nothing when the number makes no sense.
    CHECK(Ledger{*kept}.find(Kept::lines - 1));
    SECTION("too many of a kind")
    {
        for (Line& line : kept->line) line.status = 403;
        Ledger successor{*kept};
        CHECK(successor.find(Ledger::max_refused - 1));
        CHECK_FALSE(successor.find(Ledger::max_refused));
    }
    SECTION("too many at all")
    {
        kept->count = GENERATE(Kept::lines + 1, ~0u);
        CHECK_FALSE(Ledger{*kept}.find(0));
    }
}

TEST_CASE("an uploaded program lies below its loader, and no part is writable and executable",
          "[upload]")
{
    test::ElfFile file;
    auto const refused = [&] {
        auto const bytes = file.bytes();
        auto const image = elf::Image::parse(bytes);
        return !image || guest::refusal(*image) != nullptr;
    };
    CHECK_FALSE(refused());
    file.segments[1].flags = 7;
    CHECK(refused());
    file.segments[1].flags = 6;
    for (u64 address :
         {u64{0}, guest::image_end - 0x2000, guest::image_end, program::layout::arguments,
          program::layout::shared, program::layout::heap, u64{1} << 63, ~u64{0} - 0x2fff}) {
        file.segments[1].address = address & ~u64{0xfff};
        CHECK(refused());
    }
    file.segments[1].address = guest::image_end - 0x3000;
    CHECK_FALSE(refused());
    file.segments[1].address = 0x40'1800; // behind the first, in its page
    file.segments[1].offset = 0x2000;
    file.segments[1].align = 1;
    CHECK(refused());
}

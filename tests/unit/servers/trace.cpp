// Kernel events in the Fuchsia trace format, as the shell prints them. The words below are what
// scripts/lib/tests/test_trace_fxt.py reads back.
#include "servers/shell/base64.hpp"
#include "servers/shell/fxt.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

struct Words {
    std::vector<u64> words;
    void word(u64 word) { words.push_back(word); }
};

struct Text final : shell::Sink {
    std::string text;
    void write(std::string_view part) override { text += part; }
};

abi::EventRecord event(u64 time, abi::Event kind, u32 thread, u32 other = 0, u32 object = 0)
{
    return {time, 0, kind, 0, 5, thread, other, object, 9};
}

/// The records behind those that every trace begins with.
template <class Write> std::vector<u64> records(Write&& write)
{
    Words out;
    shell::FxtWriter<Words> fxt{out};
    write(fxt);
    return out.words;
}

} // namespace

TEST_CASE("records are the format's", "[fxt]")
{
    using Fxt = shell::FxtWriter<Words>;
    CHECK(records([](Fxt& fxt) { fxt.put(event(1000, abi::Event::wake, 0x11), 3, 0); }) ==
          std::vector<u64>{0x2000'0000'0030'0038, 1000, 0x11});
    // A thread that blocked, then another runs; later one that is only preempted.
    auto const words = records([](Fxt& fxt) {
        fxt.put(event(1, abi::Event::block, 0x11, 0, 0x77), 0, 2);
        fxt.put(event(2, abi::Event::dispatch, 0x22, 0x11), 0, 0);
        fxt.put(event(3, abi::Event::dispatch, 0x11, 0x22), 0, 0);
    });
    REQUIRE(words.size() == 8 + 4 + 4);
    CHECK((words[0] & 0xffff'ffff) == 0x0040'0084); // instant, 4 arguments, 8 words
    CHECK(words[1] == 1);
    CHECK(words[2] == 3); // process: program + 1
    CHECK(words[3] == 0x11);
    CHECK(words[4] >> 32 == 0x77);
    CHECK(words[8] == 0x1000'0030'0000'0048);
    CHECK(words[10] == 0x11);
    CHECK(words[11] == 0x22);
    CHECK(words[12] == 0x1000'0010'0000'0048);
}

TEST_CASE("a trace begins with its magic number, its clock and its names", "[fxt]")
{
    std::string_view names[abi::event_count];
    for (auto& each : names) each = "name";
    auto const words =
        records([&](shell::FxtWriter<Words>& fxt) { fxt.begin(2'500'000'000, names); });
    CHECK(words[0] == 0x0016'5478'4604'0010);
    CHECK((words[1] & 0xfff'ffff) == 0x11'0030); // provider 1, 3 words
    CHECK(words[4] == 0x21);
    CHECK(words[5] == 2'500'000'000);
    CHECK(words[6] == 0x0000'0004'0002'0022); // string 2, 4 bytes
    CHECK(words[7] == 0x656d'616e);
}

TEST_CASE("base64 in lines", "[fxt]")
{
    Text out;
    shell::Base64Lines lines{out};
    lines.word(0x0706'0504'0302'0100);
    lines.end();
    CHECK(out.text == "AAECAwQFBgc=\r\n");
    out.text.clear();
    for (u64 i = 0; i < 8; ++i) lines.word(~u64{0});
    lines.end();
    CHECK(out.text == std::string(76, '/') + "\r\n" + "/////////w==\r\n");
}

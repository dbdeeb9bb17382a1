// The log server's store: what is kept, found and believed after the server was replaced.
#include "servers/log/store.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

using log_protocol::Level;
using log_server::Entry;
using log_server::Store;

namespace {

constexpr u32 any = composition::no_index;
constexpr u32 all_levels = static_cast<u32>(Level::debug);

/// Memory that outlives stores.
struct Memory {
    alignas(64) u8 bytes[8192] = {};
    std::span<u8> span() { return bytes; }
};

std::vector<std::string> lines(Store const& store, u32 program = any, u32 level = all_levels)
{
    std::vector<std::string> out;
    for (Entry const* entry = store.find(0, program, level); entry;
         entry = store.find(entry->number + 1, program, level))
        out.push_back({entry->text, entry->length});
    return out;
}

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("lines are found by program and level", "[log]")
{
    Memory memory;
    Store store;
    CHECK(store.open(memory.span()) == Store::Found::empty);
    store.add(3, 100, Level::info, false, "three");
    store.add(4, 101, Level::error, false, "four");
    store.add(3, 102, Level::warning, false, "three again");
    CHECK(lines(store) == Lines{"three", "four", "three again"});
    CHECK(lines(store, 3) == Lines{"three", "three again"});
    CHECK(lines(store, any, static_cast<u32>(Level::error)) == Lines{"four"});
    CHECK(store.find(3, any, all_levels)->tsc == 102);
    CHECK(store.find(4, any, all_levels) == nullptr);
}

TEST_CASE("the oldest lines make room", "[log]")
{
    Memory memory;
    Store store;
    store.open(memory.span());
    for (int i = 0; i < 500; ++i) store.add(1, 0, Level::info, false, std::to_string(i));
    auto const kept = lines(store);
    CHECK(kept.size() > 40);
    CHECK(kept.back() == "499");
    CHECK(kept.front() == std::to_string(500 - kept.size()));
}

TEST_CASE("filters drop lines of a program and are kept", "[log]")
{
    Memory memory;
    Store store;
    store.open(memory.span());
    store.add(1, 0, Level::debug, false, "not by default");
    REQUIRE(store.set_filter(1, static_cast<u64>(Level::debug)));
    REQUIRE(store.set_filter(2, static_cast<u64>(Level::error)));
    store.add(1, 0, Level::debug, false, "yes");
    store.add(2, 0, Level::warning, false, "no");
    store.add(2, 0, Level::error, false, "no filter drops an error");
    CHECK(lines(store) == Lines{"yes", "no filter drops an error"});
    CHECK_FALSE(store.set_filter(1, 4));
    CHECK_FALSE(store.set_filter(composition::max_programs, 0));
    Store successor;
    CHECK(successor.open(memory.span()) == Store::Found::kept);
    CHECK(successor.filter(1) == Level::debug);
    REQUIRE(successor.set_filter(any, 0));
    CHECK(successor.filter(1) == Level::error);
}

TEST_CASE("a successor goes on with the numbers and loses only bad entries", "[log]")
{
    Memory memory;
    {
        Store store;
        store.open(memory.span());
        store.lives();
        for (int i = 0; i < 5; ++i)
            store.add(1, 7, Level::info, false, "line " + std::to_string(i));
        store.set_name(1, "disk0");
    }
    auto* const middle =
        std::search(memory.bytes, memory.bytes + sizeof memory.bytes, "line 2", "line 2" + 6);
    *middle ^= 1; // died while it wrote
    Store successor;
    CHECK(successor.open(memory.span()) == Store::Found::kept);
    CHECK(lines(successor) == Lines{"line 0", "line 1", "line 3", "line 4"});
    CHECK(std::string{successor.name(1)} == "disk0");
    successor.add(1, 8, Level::info, false, "line 5");
    CHECK(successor.find(6, any, all_levels)->number == 6);
}

TEST_CASE("bad memory is dropped", "[log]")
{
    Memory memory;
    Store{}.open(memory.span());
    SECTION("noise")
    {
        for (usize i = 0; i < sizeof memory.bytes; ++i) memory.bytes[i] = static_cast<u8>(i * 31);
    }
    SECTION("another version")
    {
        ++memory.bytes[8];
    }
    SECTION("damaged filters")
    {
        ++memory.bytes[offsetof(log_server::Header, highest_level)];
    }
    SECTION("two successors died on it")
    {
        Store second;
        CHECK(second.open(memory.span()) == Store::Found::kept);
    }
    Store store;
    CHECK(store.open(memory.span()) == Store::Found::bad);
    CHECK(lines(store).empty());
    store.add(1, 0, Level::info, false, "new");
    CHECK(lines(store) == Lines{"new"});
}

TEST_CASE("hostile lines are cut and cleaned", "[log]")
{
    Memory memory;
    Store store;
    store.open(memory.span());
    store.add(1, 0, static_cast<Level>(200), false, "dropped: level above any filter");
    store.add(composition::max_programs, 0, Level::error, false, "nobody");
    store.add(1, 0, Level::info, false,
              "a\x1b[2Jb\x7f\xc2\x9b"
              "c\n\xc3\xb6");
    store.add(1, 0, Level::info, true, std::string(500, 'x'));
    CHECK(lines(store) ==
          Lines{"a [2Jb \xc2 c \xc3\xb6", std::string(log_protocol::text_bytes, 'x')});
    CHECK(store.find(2, any, all_levels)->level & log_server::continued);
    store.set_name(1, std::string(100, 'n'));
    CHECK(std::strlen(store.name(1)) == composition::name_bytes - 1);
}

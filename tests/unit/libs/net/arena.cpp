#include "net/arena.hpp" // under test: first, so that a missing include shows

#include <catch2/catch.hpp>
#include <vector>

TEST_CASE("pieces do not overlap, and all of them given back are one again", "[net]")
{
    constexpr u32 bytes = 300 * net::Arena::unit;
    std::vector<u8> memory(bytes), owner(300);
    u64 bitmap[net::Arena::words(bytes)];
    net::Arena arena{memory.data(), bytes + 100, bitmap};
    REQUIRE(arena.bytes() == bytes);
    CHECK(arena.take(0).error() == Error::bad_argument);
    CHECK(arena.take(bytes + 1).error() == Error::no_memory);

    std::vector<net::Piece> held;
    u32 random = 7, refused = 0;
    auto const next = [&] { return (random = random * 1664525 + 1013904223) >> 12; };
    for (u32 step = 0; step < 20'000; ++step) {
        if (next() % 5 < 3) {
            auto const piece = arena.take(1 + next() % 9000);
            if (!piece) {
                ++refused;
                continue;
            }
            REQUIRE(piece->offset % net::Arena::unit == 0);
            REQUIRE(piece->offset + piece->bytes <= bytes);
            for (u32 i = 0; i < (piece->bytes + 255) / 256; ++i) {
                REQUIRE(owner[piece->offset / 256 + i] == 0);
                owner[piece->offset / 256 + i] = 1;
            }
            held.push_back(*piece);
        } else if (!held.empty()) {
            u32 const which = next() % held.size();
            for (u32 i = 0; i < (held[which].bytes + 255) / 256; ++i)
                owner[held[which].offset / 256 + i] = 0;
            arena.give(held[which]);
            held[which] = held.back();
            held.pop_back();
        }
        u32 used = 0;
        for (u8 const each : owner) used += each;
        REQUIRE(arena.bytes_free() == bytes - used * 256);
    }
    CHECK(refused > 100);
    for (auto const& piece : held) arena.give(piece);
    auto const all = arena.take(bytes);
    REQUIRE(all);
    CHECK(all->offset == 0);
}

TEST_CASE("a place that fits exactly is found at every offset", "[net]")
{
    constexpr u32 units = 200;
    std::vector<u8> memory(units * 256);
    u64 bitmap[net::Arena::words(units * 256)];
    for (u32 from = 0; from < units; from += 7)
        for (u32 count = 1; from + count <= units; count += 13) {
            net::Arena arena{memory.data(), units * 256, bitmap};
            for (u32 i = 0; i < units; ++i) REQUIRE(arena.take(256));
            for (u32 i = from; i < from + count; ++i) arena.give({i * 256, 256});
            CHECK(arena.take((count + 1) * 256).error() == Error::no_memory);
            auto const piece = arena.take(count * 256);
            REQUIRE(piece);
            REQUIRE(piece->offset == from * 256);
        }
}

TEST_CASE("a buffer gives itself back once", "[net]")
{
    std::vector<u8> memory(1024);
    u64 bitmap[1];
    net::Arena arena{memory.data(), 1024, bitmap};
    {
        auto taken = net::Buffer::take(arena, 1000);
        REQUIRE(taken);
        net::Buffer moved = std::move(*taken);
        CHECK_FALSE(*taken);
        CHECK(moved.size() == 1000);
        CHECK(moved.piece(10, 20).offset == 10);
        CHECK_FALSE(net::Buffer::take(arena, 256));
    }
    CHECK(arena.bytes_free() == 1024);
}

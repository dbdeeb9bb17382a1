// The ring of bytes between two programs that do not trust each other.
#include "queue/byte_ring.hpp"

#include <catch2/catch.hpp>
#include <memory>

using queue::ByteRing;
using queue::Consumer;
using queue::Producer;

namespace {

std::unique_ptr<ByteRing> new_ring()
{
    return std::make_unique<ByteRing>(); // all zero, as fresh frames are
}

} // namespace

TEST_CASE("bytes come out in the order they went in, also around the end of the buffer", "[queue]")
{
    auto const ring = new_ring();
    Producer producer{ring.get()};
    Consumer consumer{ring.get()};
    u8 next_in = 0, next_out = 0, byte = 0;
    for (u32 round = 0; round < 10; ++round) {
        for (u32 i = 0; i < ByteRing::capacity - 7; ++i) REQUIRE(producer.push(next_in++));
        CHECK(consumer.size() == ByteRing::capacity - 7);
        while (consumer.pop(byte)) REQUIRE(byte == next_out++);
    }
    CHECK(next_in == next_out);
    CHECK(producer.empty());
}

TEST_CASE("a full ring takes nothing and loses nothing", "[queue]")
{
    auto const ring = new_ring();
    Producer producer{ring.get()};
    Consumer consumer{ring.get()};
    for (u32 i = 0; i < ByteRing::capacity; ++i) REQUIRE(producer.push(static_cast<u8>(i)));
    CHECK(producer.space() == 0);
    CHECK_FALSE(producer.push(1));
    u8 byte = 1;
    REQUIRE(consumer.pop(byte));
    CHECK(byte == 0);
    CHECK(producer.space() == 1);
}

TEST_CASE("positions wrap at 2^32", "[queue]")
{
    auto const ring = new_ring();
    ring->pushed = ring->popped = 0xffff'fffe;
    Producer producer{ring.get()};
    Consumer consumer{ring.get()};
    for (u8 i = 0; i < 5; ++i) REQUIRE(producer.push(i));
    CHECK(consumer.size() == 5);
    CHECK(queue::is_sound(*ring));
    u8 byte = 0;
    for (u8 i = 0; i < 5; ++i) {
        REQUIRE(consumer.pop(byte));
        CHECK(byte == i);
    }
}

TEST_CASE("a new end goes on where the last one stopped", "[queue]")
{
    auto const ring = new_ring();
    Producer{ring.get()}.push('a');
    Producer{ring.get()}.push('b');
    u8 byte = 0;
    REQUIRE(Consumer{ring.get()}.pop(byte));
    CHECK(byte == 'a');
    REQUIRE(Consumer{ring.get()}.pop(byte));
    CHECK(byte == 'b');
}

TEST_CASE("a position that cannot be stops the ring and moves nothing", "[queue]")
{
    auto const ring = new_ring();
    Producer producer{ring.get()};
    Consumer consumer{ring.get()};
    u8 byte = 0;
    for (u32 const bad : {ByteRing::capacity + 1, 0x8000'0000u, 0xffff'ffffu}) {
        ring->pushed = bad;
        CHECK_FALSE(queue::is_sound(*ring));
        CHECK(consumer.size() == 0);
        CHECK_FALSE(consumer.pop(byte));
        ring->pushed = 0;
        ring->popped = bad;
        if (bad <= 0u - ByteRing::capacity - 1) CHECK_FALSE(producer.push(1));
        ring->popped = 0;
    }
}

TEST_CASE("a successor of an end that left a position that cannot be has an empty ring", "[queue]")
{
    for (u32 const bad : {ByteRing::capacity + 10, 0x8000'0000u, 0xffff'0000u}) {
        auto const ring = new_ring();
        Producer peer{ring.get()};
        Consumer reader{ring.get()};
        u8 byte = 0;
        for (char const c : {'a', 'b', 'c'}) REQUIRE(peer.push(static_cast<u8>(c)));
        REQUIRE(reader.pop(byte));
        ring->popped = bad; // the consumer went mad
        Consumer successor{ring.get()};
        CHECK(successor.size() == 0);
        CHECK(peer.space() == ByteRing::capacity);
        REQUIRE(peer.push('d'));
        REQUIRE(successor.pop(byte));
        CHECK(byte == 'd');
        ring->pushed = bad; // the producer did
        Producer another{ring.get()};
        CHECK(another.space() == ByteRing::capacity);
        REQUIRE(another.push('e'));
        REQUIRE(successor.pop(byte));
        CHECK(byte == 'e');
        CHECK(successor.size() == 0);
    }
}

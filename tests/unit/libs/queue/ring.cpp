// The ring of records with "signal wanted" flags, one thread: against a reference queue, at the
// wrap of positions, with a peer that lies. Two threads: two_threads.cpp; orderings:
// tests/model/ring.pml.
#include "queue/ring.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <random>

namespace {

struct Record {
    u32 number, check;
};
using Ring = queue::Ring<Record, 8>;
using Sender = queue::Sender<Ring>;
using Receiver = queue::Receiver<Ring>;

} // namespace

TEST_CASE("any order of pushes and pops is a bounded queue's", "[queue]")
{
    std::mt19937 random{1};
    for (u32 const start : {0u, 0xffff'fff0u}) { // the second wraps on the way
        auto const ring = std::make_unique<Ring>();
        ring->pushed = ring->popped = start;
        Sender sender{ring.get()};
        Receiver receiver{ring.get()};
        std::deque<u32> reference;
        for (u32 i = 0; i < 10'000; ++i) {
            if (random() % 2) {
                bool const room = reference.size() < Ring::entries;
                REQUIRE(sender.space() == Ring::entries - reference.size());
                REQUIRE(sender.push({i, ~i}) == room);
                if (room) reference.push_back(i);
            } else {
                Record record{};
                REQUIRE(receiver.size() == reference.size());
                REQUIRE(receiver.pop(record) == !reference.empty());
                if (reference.empty()) continue;
                REQUIRE(record.number == reference.front());
                REQUIRE(record.check == ~record.number);
                reference.pop_front();
            }
            if (random() % 64 == 0) sender = Sender{ring.get()}; // successors go on
            if (random() % 64 == 0) receiver = Receiver{ring.get()};
        }
    }
}

TEST_CASE("a batch is seen, and its places given back, at once", "[queue]")
{
    auto const ring = std::make_unique<Ring>();
    Sender sender{ring.get()};
    Receiver receiver{ring.get()};
    for (u32 i = 0; i < 3; ++i) sender.put({i, ~i});
    CHECK((sender.space() == Ring::entries - 3 && receiver.size() == 0));
    sender.show();
    CHECK(receiver.size() == 3);
    Record record{};
    while (receiver.take(record)) CHECK(record.check == ~record.number);
    CHECK((record.number == 2 && sender.space() == Ring::entries - 3));
    CHECK(sender.sleep_below(Ring::entries));
    receiver.release();
    CHECK(receiver.must_signal());
    CHECK_FALSE(sender.sleep_below(Ring::entries));
}

TEST_CASE("fresh memory is an empty ring whose ends sleep", "[queue]")
{
    auto const ring = std::make_unique<Ring>();
    Sender sender{ring.get()};
    Receiver receiver{ring.get()};
    CHECK(sender.space() == Ring::entries);
    CHECK(receiver.size() == 0);
    CHECK(sender.must_signal());
    CHECK(receiver.must_signal());
}

TEST_CASE("a sleeping consumer is signalled once, an awake one never", "[queue]")
{
    auto const ring = std::make_unique<Ring>();
    Sender sender{ring.get()};
    Receiver receiver{ring.get()};
    Record record{};
    CHECK(receiver.sleep_if_empty());
    REQUIRE(sender.push({}));
    CHECK(sender.must_signal());
    REQUIRE(sender.push({}));
    CHECK_FALSE(sender.must_signal());
    CHECK_FALSE(receiver.sleep_if_empty()); // there is something to do
    while (receiver.pop(record)) {
    }
    REQUIRE(sender.push({}));
    CHECK_FALSE(sender.must_signal());
    REQUIRE(receiver.pop(record));
    CHECK(receiver.sleep_if_empty());
    REQUIRE(sender.push({}));
    CHECK(sender.must_signal());
    // Both wait for somebody else: neither wakes the other, for there is nothing new.
    REQUIRE(receiver.pop(record));
    CHECK(receiver.sleep_if_empty());
    CHECK_FALSE(sender.must_signal());
    CHECK(Sender{ring.get()}.must_signal()); // a successor does not know what was told
}

TEST_CASE("a producer without room is signalled once there is some", "[queue]")
{
    auto const ring = std::make_unique<Ring>();
    Sender sender{ring.get()};
    Receiver receiver{ring.get()};
    Record record{};
    CHECK_FALSE(sender.sleep_if_full());
    while (sender.push({})) {
    }
    CHECK(sender.sleep_if_full());
    REQUIRE(receiver.pop(record));
    CHECK(receiver.must_signal());
    CHECK_FALSE(receiver.must_signal());
    CHECK_FALSE(sender.sleep_if_full());
}

TEST_CASE("a position that cannot be stops the ring and moves nothing", "[queue]")
{
    auto const ring = std::make_unique<Ring>();
    Sender sender{ring.get()};
    Receiver receiver{ring.get()};
    Record record{};
    for (u32 const bad : {Ring::entries + 1, 0x8000'0000u, 0xffff'ffffu}) {
        ring->pushed = bad;
        CHECK(receiver.size() == 0);
        CHECK_FALSE(receiver.pop(record));
        ring->pushed = 0;
        ring->popped = bad;
        if (0 - bad > Ring::entries) {
            CHECK(sender.space() == 0);
            CHECK_FALSE(sender.push({}));
            CHECK(sender.sleep_if_full());
        }
        ring->popped = 0;
    }
    CHECK(ring->pushed == 0);
}

TEST_CASE("a successor may forget what waits", "[queue]")
{
    auto const ring = std::make_unique<Ring>();
    Sender sender{ring.get()};
    while (sender.push({})) {
    }
    Receiver receiver{ring.get()};
    receiver.drop_all();
    CHECK(receiver.size() == 0);
    CHECK(sender.space() == Ring::entries);
    REQUIRE(sender.push({7, 0}));
    Record record{};
    REQUIRE(receiver.pop(record));
    CHECK(record.number == 7);
}

TEST_CASE("a successor of an end that left a position that cannot be has an empty ring", "[queue]")
{
    for (u32 const bad : {Ring::entries + 10, 0x8000'0000u, 0xffff'0000u}) {
        auto const ring = std::make_unique<Ring>();
        Sender sender{ring.get()};
        Record record{};
        for (int i = 0; i < 2; ++i) REQUIRE(sender.push({}));
        ring->popped = bad; // the consumer went mad
        Receiver receiver{ring.get()};
        CHECK(receiver.size() == 0);
        CHECK(sender.space() == Ring::entries);
        REQUIRE(sender.push({7, 0}));
        REQUIRE(receiver.pop(record));
        CHECK(record.number == 7);
        ring->pushed = bad; // the producer did
        Sender successor{ring.get()};
        CHECK(successor.must_signal());
        REQUIRE(successor.push({8, 0}));
        REQUIRE(receiver.pop(record));
        CHECK(record.number == 8);
        CHECK(receiver.size() == 0);
    }
}

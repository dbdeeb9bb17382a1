// Writer and reader of the event ring against each other: nothing is read that was not written
// whole, and what was overwritten is counted.
#include "debug/event_ring.hpp" // under test: first, so that a missing include shows
#include "boot/handoff.hpp"
#include "fakes.hpp"
#include "panic.hpp"
#include "sys/event_ring.hpp"
#include <catch2/catch.hpp>
#include <memory>

using namespace mk;
using abi::EventRecord;

namespace {

void const* object(u64 physical)
{
    return reinterpret_cast<void const*>(physical);
}

/// A ring with room for `capacity` records, between two of garbage.
struct Ring {
    u64 capacity;
    std::unique_ptr<EventRing> ring = std::make_unique<EventRing>();
    fake::Memory memory{12};
    u8* start = memory.at<u8>(1024);

    explicit Ring(u64 records) : capacity{records}
    {
        fake::reset();
        ring->attach(start, sizeof(abi::EventRingHeader) + records * 32, 3, 2500);
    }
    void write(unsigned count)
    {
        for (; count > 0; --count) {
            ++fake::machine.clock;
            trace(*ring, Event::signal, {.value = u32(fake::machine.clock)});
        }
    }
    /// What the reader gets until there is no more.
    std::vector<u32> read(sys::EventReader& from) const
    {
        std::vector<u32> values;
        EventRecord record{};
        while (from.next(record)) {
            CHECK(record.sequence == record.value);
            CHECK(record.time == record.value);
            values.push_back(record.value);
        }
        return values;
    }
    sys::EventReader reader() const { return sys::EventReader{start}; }
};

} // namespace

TEST_CASE("a record holds what the trace point said", "[event_ring]")
{
    Ring r{4};
    fake::machine.clock = 0x1122'3344'5566'7788;
    trace(*r.ring, Event::dispatch,
          {.thread = object(0x1230),
           .other = object(0x7'0000'0000 + 0x40),
           .object = object(boot::kernel_base + 0x100),
           .value = 0xdead'beef,
           .detail = 0x8001,
           .level = 7});
    auto reader = r.reader();
    REQUIRE(reader.is_ring());
    CHECK(reader.capacity() == 4);
    CHECK(reader.ticks_per_us() == 2500);
    EventRecord e{};
    REQUIRE(reader.next(e));
    CHECK(e.time == 0x1122'3344'5566'7788);
    CHECK((e.kind == Event::dispatch && e.level == 7 && e.detail == 0x8001));
    CHECK((e.thread == 0x123 && e.other == 0x7000'0004 && e.value == 0xdead'beef));
    CHECK(e.object == 0); // in the kernel image
    CHECK_FALSE(reader.next(e));
}

TEST_CASE("a reader gets every record in order, or counts it as lost", "[event_ring]")
{
    for (u64 capacity : {1, 2, 5, 8})
        for (unsigned first = 0; first < 12; ++first)
            for (unsigned then = 0; then < 12; ++then) {
                CAPTURE(capacity, first, then);
                Ring r{capacity};
                auto reader = r.reader();
                r.write(first);
                auto values = r.read(reader);
                u64 const got = values.size();
                CHECK(got == std::min<u64>(first, capacity));
                r.write(then);
                auto const more = r.read(reader);
                CHECK(more.size() == std::min<u64>(then, capacity));
                if (!more.empty()) CHECK(more.back() == first + then);
                CHECK(reader.lost() + got + more.size() == first + then);
                CHECK(reader.written() == first + then);
                // Not a byte outside.
                for (u8 const* p = r.memory.at<u8>(0); p < r.start; ++p) REQUIRE(*p == 0xa5);
                for (u8 const* p = r.start + 64 + capacity * 32; p < r.memory.at<u8>(4096); ++p)
                    REQUIRE(*p == 0xa5);
            }
}

TEST_CASE("a record in the middle of being written is not read", "[event_ring]")
{
    Ring r{4};
    auto reader = r.reader();
    r.write(4);
    auto* const records = reinterpret_cast<EventRecord*>(r.start + 64);
    u32 const hidden = GENERATE(0u, 6u); // being written; written a lap later
    records[1].sequence = hidden;
    EventRecord e{};
    REQUIRE(reader.next(e));
    CHECK(e.value == 1);
    REQUIRE(reader.next(e));
    CHECK(e.value == 3);
    CHECK(reader.lost() == 1);
}

TEST_CASE("off means off, and attaching starts anew", "[event_ring]")
{
    Ring r{3};
    CHECK(r.ring->on());
    r.write(5);
    fake::Memory other{12};
    r.ring->attach(other.at<void>(0), 4096, 0, 1);
    r.write(2);
    CHECK(r.reader().written() == 5);
    CHECK(sys::EventReader{other.at<void>(0)}.written() == 2);
    CHECK(sys::EventReader{other.at<void>(0)}.capacity() == 126);
    CHECK_FALSE(EventRing{}.on());
    trace(*std::make_unique<EventRing>(), Event::wake, {});
    r.ring->detach();
    r.write(7);
    CHECK(sys::EventReader{other.at<void>(0)}.written() == 2);
}

TEST_CASE("a panic shows the newest 32 events, whatever the ring was filled with", "[event_ring]")
{
    unsigned const count = GENERATE(0u, 1u, 5u, 32u, 33u, 39u, 40u, 41u, 100u);
    Ring r{40};
    r.write(count);
    std::memset(r.start, 0xff, 64 + 32); // a hostile program's doing: the header and one record
    fake::log_text().clear();
    r.ring->print_last();
    std::string const text = fake::log_text();
    auto const lines = u64(std::count(text.begin(), text.end(), '\n'));
    CHECK(lines == (count == 0 ? 0 : std::min(count, 32u) + 1));
    if (count % 40 > 1)
        CHECK(text.find("\n" + std::to_string(count) + " signal ") != std::string::npos);
}

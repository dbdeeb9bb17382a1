// Virtqueues and the start of a device, against a device in software that keeps the rules and one
// that does not.
#include "tests/fakes/virtio_device.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <set>

namespace {

using virtio::Completed;
constexpr u16 size = 8;
constexpr u64 physical = 0x5'0000'0000; // above 4 GiB: both halves of addresses count
using Memory = virtio::QueueMemory<size>;
using Device = virtio::Device<fake::FakeRegisters>;

struct Rig {
    fake::VirtioDevice model;
    Memory memory{};
    u8 data[size][64] = {};
    Device device{model.places()};
    fake::FakeRegisters bell;
    virtio::Queue<size> queue;

    Rig()
    {
        model.lend(&memory, physical, sizeof memory);
        model.lend(data, physical + 0x10000, sizeof data);
        model.handle = [](u16, std::vector<fake::Segment>& segments) {
            std::memset(segments[0].data, 0x5a, segments[0].bytes);
            return segments[0].bytes;
        };
    }
    void start(u64 wanted)
    {
        auto const agreed = device.negotiate(0, wanted);
        REQUIRE(agreed);
        auto const doorbell = device.attach_queue<size>(0, physical);
        REQUIRE(doorbell);
        bell = *doorbell;
        queue = {&memory, (*agreed & virtio::feature::event_index) != 0};
        device.start();
    }
    void put(u16 head)
    {
        queue.descriptor(head) = {physical + 0x10000 + 64u * head, 64, virtio::descriptor::write,
                                  0};
        queue.put(head, 64);
    }
    void publish()
    {
        if (queue.publish()) Device::ring(bell, 0);
    }
};

} // namespace

TEST_CASE("features: what is required, wanted and offered", "[virtio]")
{
    Rig rig;
    SECTION("agreed on is what both have, and version 1")
    {
        auto const agreed = rig.device.negotiate(virtio::feature::indirect_descriptors, 1u << 9);
        REQUIRE(agreed);
        CHECK(*agreed == (virtio::feature::indirect_descriptors | virtio::feature::version_1));
        CHECK(rig.model.accepted == *agreed);
        CHECK(rig.model.status == 0xb);
    }
    SECTION("an IOMMU is accepted when there is one")
    {
        rig.model.features |= virtio::feature::access_platform;
        CHECK(*rig.device.negotiate(0, 0) ==
              (virtio::feature::access_platform | virtio::feature::version_1));
    }
    SECTION("a device of before version 1, one without what is required, one that refuses")
    {
        rig.model.refuses_features = true;
        CHECK(rig.device.negotiate(0, 0).error() == Error::not_supported);
        rig.model.refuses_features = false;
        CHECK(rig.device.negotiate(u64{1} << 9, 0).error() == Error::not_supported);
        rig.model.features = 0;
        CHECK(rig.device.negotiate(0, 0).error() == Error::not_supported);
    }
    SECTION("a device that does not come out of its reset")
    {
        rig.model.stays_in_reset = true;
        CHECK(rig.device.negotiate(0, 0).error() == Error::busy);
    }
}

TEST_CASE("a queue that is too short or rings outside the mapping", "[virtio]")
{
    Rig rig;
    rig.model.max_queue_size = 4;
    REQUIRE(rig.device.negotiate(0, 0));
    CHECK(rig.device.attach_queue<size>(0, physical).error() == Error::not_supported);
    CHECK(rig.device.attach_queue<size>(7, physical).error() == Error::not_supported);
    rig.model.max_queue_size = size;
    auto places = rig.model.places();
    places.notify_end = places.notify + 4;
    Device const short_mapping{places};
    REQUIRE(short_mapping.negotiate(0, 0));
    CHECK(short_mapping.attach_queue<size>(0, physical));
    CHECK(short_mapping.attach_queue<size>(1, physical).error() == Error::out_of_range);
}

TEST_CASE("interrupts: messages where there are some, else a line that is cleared", "[virtio]")
{
    Rig rig;
    REQUIRE(rig.device.negotiate(0, 0));
    rig.device.clear_interrupt();
    CHECK(rig.model.interrupts_cleared == 0);
    rig.model.has_messages = false;
    CHECK(rig.device.attach_queue<size>(0, physical).error() == Error::not_supported);
    Device const by_line{rig.model.places()};
    CHECK(by_line.attach_queue<size>(0, physical));
    by_line.clear_interrupt();
    CHECK(rig.model.interrupts_cleared == 1);
}

TEST_CASE("the configuration is read of one generation", "[virtio]")
{
    Rig rig;
    int reads = 0;
    auto const value = rig.device.config([&](auto const&) {
        if (++reads < 3) ++rig.model.generation;
        return reads;
    });
    REQUIRE(value);
    CHECK(*value == 3);
    CHECK(rig.device
              .config([&](auto const&) {
                  ++rig.model.generation;
                  return 0;
              })
              .error() == Error::busy);
}

TEST_CASE("requests go round the ring many times, with and without event index", "[virtio]")
{
    Rig rig;
    bool const event_index = GENERATE(false, true);
    rig.start(event_index ? virtio::feature::event_index : 0);
    u32 taken = 0;
    for (u32 round = 0; round < 20'000; ++round) { // past the wrap of 16 bits
        u32 const count = 1 + round % size;
        for (u16 i = 0; i < count; ++i) rig.put(static_cast<u16>((round + i) % size));
        rig.publish();
        REQUIRE(rig.model.process(0) == count);
        std::set<u16> heads;
        Completed done{};
        for (;;) {
            auto const any = rig.queue.take(done);
            REQUIRE(any);
            if (!*any) break;
            REQUIRE(done.bytes == 64);
            heads.insert(done.head);
            ++taken;
        }
        REQUIRE(heads.size() == count);
        REQUIRE(rig.queue.sleep());
    }
    CHECK(taken == 20'000 / 8 * 36);
    CHECK(rig.queue.in_flight() == 0);
    if (event_index) CHECK(rig.model.interrupts == 20'000); // one for each batch
}

TEST_CASE("whoever is awake is not disturbed", "[virtio]")
{
    Rig rig;
    rig.start(virtio::feature::event_index);
    rig.put(0);
    rig.publish();
    CHECK(rig.model.doorbells == 1);
    rig.put(1);
    rig.publish(); // the device has not even looked at the first
    CHECK(rig.model.doorbells == 1);
    CHECK_FALSE(rig.queue.publish());
    rig.model.process(0);
    CHECK(rig.model.interrupts == 1);
    CHECK_FALSE(rig.queue.sleep());
    Completed done{};
    while (*rig.queue.take(done)) {
    }
    CHECK(rig.queue.sleep());
    rig.put(2);
    rig.publish();
    CHECK(rig.model.doorbells == 2);
    rig.model.process(0);
    CHECK(rig.model.interrupts == 2);
}

TEST_CASE("a hostile device is found out", "[virtio]")
{
    Rig rig;
    rig.start(0);
    rig.put(3);
    rig.put(5);
    rig.publish();
    Completed done{};
    SECTION("a head that is not in the queue")
    {
        rig.model.complete(0, size, 0);
        CHECK(rig.queue.take(done).error() == Error::corrupt);
        CHECK(rig.queue.take(done).error() == Error::corrupt);
    }
    SECTION("a head that is not in flight")
    {
        rig.model.complete(0, 4, 0);
        CHECK(rig.queue.take(done).error() == Error::corrupt);
    }
    SECTION("the same head twice")
    {
        rig.model.complete(0, 3, 64);
        CHECK(*rig.queue.take(done));
        rig.model.complete(0, 3, 64);
        CHECK(rig.queue.take(done).error() == Error::corrupt);
    }
    SECTION("more bytes than there was room for")
    {
        rig.model.complete(0, 3, 65);
        CHECK(rig.queue.take(done).error() == Error::corrupt);
    }
    SECTION("an index ahead of what was shown, or behind")
    {
        rig.model.claim(0, GENERATE(3, 9, 0x8000, 0xffff));
        CHECK(rig.queue.take(done).error() == Error::corrupt);
    }
    SECTION("what was put but not shown is not there to be finished")
    {
        rig.put(6);
        rig.model.complete(0, 3, 0);
        rig.model.complete(0, 5, 0);
        rig.model.complete(0, 6, 0);
        CHECK(rig.queue.take(done).error() == Error::corrupt);
    }
}

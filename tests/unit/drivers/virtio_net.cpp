// The driver of virtio network devices against a device in software: frames both ways with what
// they ask for, full queues, lies, filters, the link, and a start in whatever state.
#include "drivers/net/virtio-net/card.hpp"
#include "tests/fakes/virtio_device.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>

namespace {

namespace feature = virtio_net::feature;
using Card = virtio_net::Card<fake::FakeRegisters>;
constexpr u64 memory_at = 0x10'0000'0000, pool_at = 0x20'0000'0000;
constexpr u64 offered = feature::merge_buffers | feature::address | feature::status |
                        feature::control_queue | feature::control_receive;
constexpr u64 offloads = feature::checksum | feature::guest_checksum | feature::segment4 |
                         feature::segment6 | feature::guest_segment4 | feature::guest_segment6;

struct Sent {
    virtio_net::Header header;
    std::vector<u8> bytes;
    u32 pieces;
};
struct Told {
    virtio_net::Command command;
    std::vector<u8> data;
};

struct Rig {
    fake::VirtioDevice model;
    std::unique_ptr<virtio_net::Memory> memory{new virtio_net::Memory{}};
    std::vector<u8> pool = std::vector<u8>(1 << 20);
    Card card;
    std::vector<Sent> sent;
    std::vector<Told> told;
    u32 received_bytes = 60;
    u8 answer = 0;

    explicit Rig(u64 features = offered, bool start_it = true)
    {
        model.features |= features;
        u8 const config[] = {0x52, 0x54, 0, 1, 2, 3, 1, 0, 1, 0, 0xdc, 5, 0x10, 0x27, 0, 0, 1};
        std::memcpy(model.config.data(), config, sizeof config);
        model.lend(memory.get(), memory_at, sizeof *memory);
        model.lend(pool.data(), pool_at, pool.size());
        model.handle = [this](u16 queue, std::vector<fake::Segment>& segments) {
            if (queue == virtio_net::receive_queue) return receive(segments);
            return queue == virtio_net::transmit_queue ? transmit(segments) : control(segments);
        };
        if (start_it) REQUIRE(start());
    }
    Result<void> start(bool plain = false)
    {
        return card.start(model.places(),
                          {reinterpret_cast<u8*>(memory.get()), memory_at, sizeof *memory}, plain);
    }
    void clear_memory() { std::memset(static_cast<void*>(memory.get()), 0, sizeof *memory); }
    u32 receive(std::vector<fake::Segment>& segments)
    {
        REQUIRE((segments.size() == 1 && segments[0].writable));
        std::memset(segments[0].data, 0xaa, received_bytes);
        return received_bytes;
    }
    u32 transmit(std::vector<fake::Segment>& segments)
    {
        Sent it{};
        REQUIRE((segments.size() >= 2 && segments[0].bytes == 12));
        std::memcpy(&it.header, segments[0].data, 12);
        it.pieces = static_cast<u32>(segments.size()) - 1;
        for (u32 i = 1; i < segments.size(); ++i) {
            REQUIRE_FALSE(segments[i].writable);
            it.bytes.insert(it.bytes.end(), segments[i].data, segments[i].data + segments[i].bytes);
        }
        sent.push_back(it);
        return 0;
    }
    u32 control(std::vector<fake::Segment>& segments)
    {
        REQUIRE((segments.size() == 3 && segments[0].bytes == 2 && segments[2].writable));
        REQUIRE((segments[2].bytes == 1 && *segments[2].data == virtio_net::answer_pending));
        told.push_back({{segments[0].data[0], segments[0].data[1]},
                        {segments[1].data, segments[1].data + segments[1].bytes}});
        *segments[2].data = answer;
        return 1;
    }
    nic::Frame frame(u32 id, u32 pieces = 1, u32 piece_bytes = 60, u16 flags = 0) const
    {
        nic::Frame it{};
        it.id = id, it.count = pieces, it.bytes = pieces * piece_bytes;
        it.head.flags = flags;
        it.head.checksum_start = 34, it.head.checksum_offset = 16;
        it.head.header_bytes = 54, it.head.segment_bytes = 1460;
        for (u32 i = 0; i < pieces; ++i) it.piece[i] = {pool_at + i * piece_bytes, piece_bytes};
        return it;
    }
    Result<bool> take(u32& id) { return card.take_sent(id); }
};

} // namespace

TEST_CASE("a frame of many pieces with and without offloads", "[virtio-net]")
{
    Rig rig{offered | offloads};
    for (u32 i = 0; i < rig.pool.size(); ++i) rig.pool[i] = static_cast<u8>(i * 7);
    u32 const pieces = GENERATE(1u, 2u, 24u);
    rig.card.send(rig.frame(1, pieces));
    rig.card.send(rig.frame(2, pieces, 60, nic::segment::checksum));
    rig.card.send(rig.frame(3, pieces, 2000, nic::segment::checksum | nic::segment::segment4));
    rig.card.send(rig.frame(4, pieces, 2000, nic::segment::checksum | nic::segment::segment6));
    CHECK(rig.model.doorbells == 0);
    rig.card.show();
    CHECK(rig.model.doorbells == 1);
    CHECK(rig.model.process(virtio_net::transmit_queue) == 4);
    REQUIRE(rig.sent.size() == 4);
    for (auto const& it : rig.sent) {
        CHECK(it.pieces == pieces);
        CHECK(std::memcmp(it.bytes.data(), rig.pool.data(), it.bytes.size()) == 0);
        CHECK(it.header.buffers == 0);
    }
    auto const is = [&](u32 n, u8 flags, u8 kind, u16 header, u16 bytes, u16 start, u16 offset) {
        virtio_net::Header const expected{flags, kind, header, bytes, start, offset, 0};
        return std::memcmp(&rig.sent[n].header, &expected, sizeof expected) == 0;
    };
    CHECK(is(0, 0, 0, 0, 0, 0, 0));
    CHECK(is(1, 1, 0, 0, 0, 34, 16));
    CHECK(is(2, 1, 1, 54, 1460, 34, 16));
    CHECK(is(3, 1, 4, 54, 1460, 34, 16));
    u32 id = 0;
    for (u32 expected = 1; expected <= 4; ++expected) {
        CHECK(*rig.take(id));
        CHECK(id == expected);
    }
    CHECK_FALSE(*rig.take(id));
}

TEST_CASE("what the card can do is what was agreed on", "[virtio-net]")
{
    {
        Rig rig;
        auto const it = rig.card.describe();
        REQUIRE(it);
        CHECK((*it).features == nic::feature::virtio_header);
        CHECK(((*it).buffer_bytes == 2048 && (*it).mtu == 1500));
        CHECK(((*it).address[0] == 0x52 && (*it).address[5] == 3));
    }
    {
        Rig rig{offered | offloads | feature::mtu | feature::speed_duplex};
        rig.model.config[10] = 0x28, rig.model.config[11] = 0x23;
        auto const it = rig.card.describe();
        REQUIRE(it);
        CHECK((*it).features ==
              (nic::feature::virtio_header | nic::feature::checksum | nic::feature::segment4 |
               nic::feature::segment6 | nic::feature::check_received | nic::feature::merges));
        CHECK(((*it).buffer_bytes == 4096 && (*it).mtu == 9000));
        auto const link = rig.card.link();
        REQUIRE(link);
        CHECK(*link == nic::Link{true, 10'000, true});
        rig.model.config[6] = 0;
        rig.model.config[15] = 0xff; // unknown
        ++rig.model.generation;
        CHECK(rig.card.has_news());
        CHECK(*rig.card.link() == nic::Link{false, 0, true});
        CHECK_FALSE(rig.card.has_news());
        rig.model.status |= virtio::status::needs_reset;
        CHECK(rig.card.has_news());
        rig.model.config[11] = 0, rig.model.config[10] = 67; // less than IP needs
        CHECK(rig.card.describe().error() == Error::not_supported);
    }
    {
        Rig rig{offered | offloads};
        rig.card.post(pool_at, 0);
        REQUIRE(rig.card.stop());
        CHECK(rig.model.status == 0);
        rig.clear_memory();
        REQUIRE(rig.start(true)); // plain: what is received is as on the wire
        auto const it = rig.card.describe();
        CHECK((*it).features == (nic::feature::virtio_header | nic::feature::checksum |
                                 nic::feature::segment4 | nic::feature::segment6));
        CHECK((*it).buffer_bytes == 2048);
    }
    Rig rig;
    rig.model.config[0] = 0x53; // a group's
    CHECK(rig.card.describe().error() == Error::not_supported);
}

TEST_CASE("a start that cannot be, and one in any state", "[virtio-net]")
{
    for (u64 const missing : {feature::merge_buffers, feature::address}) {
        Rig rig{offered & ~missing, false};
        CHECK(rig.start().error() == Error::not_supported);
    }
    Rig rig{offered, false};
    rig.model.max_queue_size = 128;
    CHECK(rig.start().error() == Error::not_supported);
    rig.model.max_queue_size = 256;
    rig.model.stays_in_reset = true;
    CHECK(rig.start().error() == Error::busy);
    rig.model.stays_in_reset = false;
    CHECK(rig.start()); // after those
    rig.card.send(rig.frame(1));
    rig.card.post(pool_at, 0);
    rig.card.show();
    rig.clear_memory(); // a successor while frames are under way
    CHECK(rig.start());
    CHECK(rig.model.process(virtio_net::transmit_queue) == 0);
    CHECK(rig.model.process(virtio_net::receive_queue) == 0);
    rig.model.status |= virtio::status::needs_reset;
    CHECK(rig.card.broken());
    rig.clear_memory();
    CHECK(rig.start());
    CHECK_FALSE(rig.card.broken());
    CHECK(rig.card.start(rig.model.places(), {nullptr, memory_at, 1000}).error() ==
          Error::no_memory);
}

TEST_CASE("buffers come back as they were filled, in any order", "[virtio-net]")
{
    Rig rig;
    u32 posted = 0;
    for (; rig.card.can_post(); ++posted) rig.card.post(pool_at + posted * 2048, posted * 2048);
    CHECK(posted == virtio_net::receive_slots);
    rig.card.show();
    std::vector<fake::Segment> segments;
    u16 const first = rig.model.fetch(0, segments), second = rig.model.fetch(0, segments);
    rig.model.complete(0, second, 2048);
    rig.model.complete(0, first, 77);
    nic::Received it{};
    REQUIRE(*rig.card.take_received(it));
    CHECK((it.offset == 2048 && it.bytes == 2048 && it.flags == 0));
    REQUIRE(*rig.card.take_received(it));
    CHECK((it.offset == 0 && it.bytes == 77));
    CHECK_FALSE(*rig.card.take_received(it));
    CHECK(rig.card.can_post());
    CHECK((rig.card.receiver().frames() == 1 && rig.card.receiver().bytes() == 2125));
}

TEST_CASE("a device that lies about what it did is found out", "[virtio-net]")
{
    u32 id = 0;
    nic::Received it{};
    SECTION("a head that is not in flight")
    {
        Rig rig;
        rig.card.send(rig.frame(1));
        rig.card.show();
        rig.model.complete(virtio_net::transmit_queue, 3, 0);
        CHECK(rig.take(id).error() == Error::corrupt);
    }
    SECTION("the same head twice, one that is none")
    {
        Rig rig;
        u32 const head = GENERATE(0u, 128u, 0xffff'0000u);
        rig.card.send(rig.frame(1));
        rig.card.send(rig.frame(2));
        rig.card.show();
        std::vector<fake::Segment> segments;
        rig.model.complete(virtio_net::transmit_queue, rig.model.fetch(1, segments), 0);
        CHECK(*rig.take(id));
        rig.model.complete(virtio_net::transmit_queue, head ? head : 127, 0);
        CHECK(rig.take(id).error() == Error::corrupt);
    }
    SECTION("more than the buffer holds")
    {
        Rig rig;
        rig.card.post(pool_at, 0);
        rig.card.show();
        std::vector<fake::Segment> segments;
        rig.model.complete(0, rig.model.fetch(0, segments), 2049);
        CHECK(rig.card.take_received(it).error() == Error::corrupt);
    }
    SECTION("more entries than there can be")
    {
        Rig rig;
        rig.model.claim(virtio_net::transmit_queue, 1);
        CHECK(rig.take(id).error() == Error::corrupt);
        rig.model.claim(virtio_net::control_queue, 2);
        nic::Wanted wanted{};
        CHECK(rig.card.update_filter(wanted).error() == Error::corrupt);
    }
    SECTION("some hosts say that they wrote into a frame that was sent: no lie")
    {
        Rig rig;
        rig.card.send(rig.frame(9));
        rig.card.show();
        std::vector<fake::Segment> segments;
        rig.model.complete(virtio_net::transmit_queue, rig.model.fetch(1, segments), 1);
        CHECK(*rig.take(id));
        CHECK(id == 9);
    }
}

TEST_CASE("frames sent interrupt when there are many or when one waits", "[virtio-net]")
{
    Rig rig{offered};
    u32 id = 0;
    for (u32 i = 0; i < 10; ++i) rig.card.send(rig.frame(i));
    rig.card.show();
    CHECK(rig.card.sleep(true, false));
    rig.model.process(virtio_net::transmit_queue);
    CHECK(rig.model.interrupts == 0);
    CHECK(rig.card.sleep(true, false));
    CHECK_FALSE(rig.card.sleep(true, true)); // half of them have been sent
    while (*rig.take(id)) {
    }
    u32 count = 0;
    for (; rig.card.can_send(); ++count) rig.card.send(rig.frame(count));
    CHECK(count == virtio_net::transmit_slots);
    rig.card.show();
    CHECK(rig.card.sleep(true, true));
    rig.model.process(virtio_net::transmit_queue, 64);
    CHECK(rig.model.interrupts == 0);
    rig.model.process(virtio_net::transmit_queue, 1);
    CHECK(rig.model.interrupts == 1);
    CHECK_FALSE(rig.card.sleep(true, true));
    rig.model.process(virtio_net::transmit_queue);
    CHECK(rig.model.interrupts == 1);
}

TEST_CASE("the same without event index", "[virtio-net]")
{
    Rig rig{offered, false};
    rig.model.features &= ~virtio::feature::event_index;
    REQUIRE(rig.start());
    u32 id = 0;
    rig.card.send(rig.frame(1));
    rig.card.post(pool_at, 0);
    rig.card.show();
    CHECK(rig.card.sleep(true, false));
    rig.model.process(virtio_net::transmit_queue);
    CHECK(rig.model.interrupts == 0);
    CHECK_FALSE(rig.card.sleep(true, true));
    CHECK(*rig.take(id));
    CHECK(rig.card.sleep(true, true));
    CHECK(rig.card.sleep(false, true)); // nobody can take a buffer
    rig.model.process(virtio_net::receive_queue);
    CHECK(rig.model.interrupts == 0);
    CHECK_FALSE(rig.card.sleep(true, true));
}

TEST_CASE("filters: three commands at a time, one change after the other", "[virtio-net]")
{
    Rig rig;
    nic::Wanted wanted{};
    REQUIRE(rig.card.update_filter(wanted)); // at the start, whatever it was
    CHECK(rig.model.process(virtio_net::control_queue) == 3);
    REQUIRE(rig.told.size() == 3);
    CHECK((rig.told[0].command.kind == 0 && rig.told[0].command.command == 0));
    CHECK(rig.told[0].data == std::vector<u8>{0});
    CHECK((rig.told[1].command.kind == 0 && rig.told[1].command.command == 1));
    CHECK((rig.told[2].command.kind == 1 && rig.told[2].data == std::vector<u8>(8)));
    CHECK_FALSE(rig.card.sleep(true, false));
    REQUIRE(rig.card.update_filter(wanted));
    CHECK(rig.model.process(virtio_net::control_queue) == 0);
    CHECK(rig.card.sleep(true, false));
    wanted.promiscuous = 5, wanted.multicast_count = 2;
    wanted.multicast[1][5] = 9;
    ++wanted.sequence;
    REQUIRE(rig.card.update_filter(wanted));
    wanted.multicast_count = 33; // while the device works on the other
    ++wanted.sequence;
    REQUIRE(rig.card.update_filter(wanted));
    rig.answer = 1;
    CHECK(rig.model.process(virtio_net::control_queue) == 3);
    CHECK(rig.told[3].data == std::vector<u8>{1});
    CHECK((rig.told[5].data.size() == 20 && rig.told[5].data[4] == 2 && rig.told[5].data[19] == 9));
    REQUIRE(rig.card.update_filter(wanted));
    CHECK(rig.card.filter().refused() == 3);
    CHECK(rig.model.process(virtio_net::control_queue) == 3);
    CHECK(rig.told[7].data == std::vector<u8>{1}); // more than there is room for: all
    CHECK(rig.told[8].data == std::vector<u8>(8));
    Rig without{offered & ~feature::control_queue};
    REQUIRE(without.card.update_filter(wanted));
    CHECK(without.model.doorbells == 0);
}

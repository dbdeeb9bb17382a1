// A NIC driver's end of its rings: frames pass, both ends fill up, drivers come and go, and whoever
// waits is woken.
#include "nic_rig.hpp"

using namespace nic_rig;

TEST_CASE("a card says what it is, frames go out and come in", "[nic]")
{
    Rig rig;
    CHECK(rig.epoch() == 1);
    CHECK(signals() == 1);
    CHECK(rig.shared->link_up == 1);
    CHECK(rig.shared->mtu == 1500);
    CHECK(std::string(rig.shared->model) == "a card with a very long");
    rig.settle();
    REQUIRE(rig.post(2048));
    REQUIRE(rig.segments.push(rig.segment(7, 54, first)));
    REQUIRE(rig.segments.push(rig.segment(7, 1000, last)));
    CHECK(rig.segments.must_signal());
    rig.settle();
    REQUIRE(rig.device.taken.size() == 1);
    auto const& frame = rig.device.taken[0];
    CHECK((frame.id == 7 && frame.count == 2 && frame.bytes == 1054));
    CHECK((frame.piece[1].dma == pool_at + 4096 && frame.piece[1].bytes == 1000));
    CHECK(rig.device.posted.front() == std::pair{pool_at + 2048, u32{2048}});
    rig.device.finish();
    CHECK(rig.device.fill(99, nic::received::l4_good));
    (void)rig.received.sleep_if_empty();
    (void)rig.sent.sleep_if_empty();
    signals();
    rig.settle();
    CHECK(signals() == 1);
    CHECK(rig.report(7) == 0);
    nic::Received record{};
    REQUIRE(rig.received.pop(record));
    CHECK((record.offset == 2048 && record.bytes == 99 && record.flags == nic::received::l4_good));
    CHECK(record.epoch == 1);
    CHECK(rig.end.in_flight() == 0);
}

TEST_CASE("a full device is waited for by its interrupt", "[nic]")
{
    Rig rig;
    for (u32 id = 0; id < 6; ++id) REQUIRE(rig.send(id));
    for (u32 n = 0; n < 6; ++n) REQUIRE(rig.post(n * 2048));
    rig.settle();
    CHECK((rig.device.taken.size() == 4 && rig.device.posted.size() == 4));
    CHECK(rig.device.sending);
    CHECK(rig.device.finish());
    CHECK(rig.device.fill(60));
    rig.settle();
    CHECK((rig.device.taken.size() == 5 && rig.device.posted.size() == 4));
    CHECK(rig.report(0) == 0);
    while (!rig.device.busy.empty()) rig.device.finish(), rig.settle();
    CHECK_FALSE(rig.device.sending); // nothing waits: no interrupts for frames sent
}

TEST_CASE("a full ring of received frames is waited for, not spun on", "[nic]")
{
    Rig rig;
    rig.device.buffers = 2000;
    for (u32 n = 0; n < nic::ring_entries; ++n) {
        REQUIRE(rig.post(n % 512 * 2048));
        rig.settle();
        rig.device.fill(60);
    }
    REQUIRE(rig.post(0));
    rig.settle();
    rig.device.fill(61);
    rig.settle(); // ends, though the device has something
    CHECK_FALSE(rig.device.receiving);
    CHECK(rig.received.size() == nic::ring_entries);
    signals();
    nic::Received record{};
    REQUIRE(rig.received.pop(record));
    CHECK(rig.received.must_signal()); // so net wakes the driver
    rig.settle();
    CHECK(rig.device.filled.empty());
    CHECK(rig.received.size() == nic::ring_entries);
    REQUIRE(rig.received.pop(record));
    REQUIRE(rig.received.must_signal());
    rig.settle();
    CHECK(rig.device.receiving);
}

TEST_CASE("reports always have room, whatever is begun or refused", "[nic]")
{
    Rig rig;
    // net never takes a report. Bad frames, good ones and beginnings, until nothing moves.
    std::mt19937 random{3};
    u32 id = 0, begun = 0;
    for (u32 round = 0; round < 5000; ++round) {
        u16 const flags = random() % 3 == 0 ? first : u16{first | last};
        auto const it = rig.segment(id, random() % 4 == 0 ? 5 : 60, flags);
        if (rig.segments.push(it)) ++id, begun += flags == first;
        rig.settle();
        if (random() % 2 && !rig.device.busy.empty()) rig.device.finish();
    }
    while (!rig.device.busy.empty()) rig.device.finish(), rig.settle();
    CHECK(rig.sent.size() + rig.segments.space() > 0);
    CHECK(rig.segments.space() == 0); // it stopped taking
    // Now net takes them one by one: each id comes once, in the end all do, net's signals suffice.
    std::vector<u32> seen(id + 1);
    nic::Sent report{};
    while (rig.sent.pop(report)) {
        ++seen[report.id];
        if (rig.sent.must_signal()) rig.settle();
        while (!rig.device.busy.empty())
            if (rig.device.finish() || rig.device.busy.empty()) rig.settle();
    }
    u32 missing = 0;
    for (u32 i = 0; i < id; ++i) {
        CHECK(seen[i] <= 1);
        missing += seen[i] == 0;
    }
    CHECK(missing <= 1); // the last may have only begun
}

TEST_CASE("a successor drops what was queued and raises the epoch", "[nic]")
{
    Rig rig;
    REQUIRE(rig.send(1));
    REQUIRE(rig.post(0));
    FakeDevice device;
    nic::DriverEnd<FakeDevice> next{device};
    program::ClientEdge edge;
    edge.shared = rig.shared.get();
    edge.signal = sys::Notification{net_signal};
    edge.pool_dma = pool_at;
    edge.pool_bytes = pool_bytes;
    next.attach(edge);
    next.set_link({true, 0, false});
    CHECK(*next.run()); // not open: nothing moves
    nic::DriverEnd<FakeDevice> alone{device};
    CHECK(*alone.run()); // no client at all
    next.open({0, buffer_bytes, 1500, {}, "next"});
    CHECK(rig.shared->epoch == 2);
    REQUIRE(rig.segments.push([&] {
        auto it = rig.segment(2);
        it.epoch = 1; // net has not seen it yet
        return it;
    }()));
    REQUIRE(rig.buffers.push({0, 1}));
    CHECK(*next.run());
    CHECK((device.taken.empty() && device.posted.empty()));
    CHECK(rig.none_sent());
    REQUIRE(rig.send(3));
    CHECK(*next.run());
    CHECK(device.taken.size() == 1);
    rig.shared->epoch = ~0u;
    nic::DriverEnd<FakeDevice> third{device};
    third.attach(edge);
    third.open({0, buffer_bytes, 1500, {}, "last"});
    CHECK(rig.shared->epoch == 1); // never 0
}

TEST_CASE("while the link or the interface is down frames are dropped", "[nic]")
{
    Rig rig;
    signals();
    rig.end.set_link({false, 0, false});
    CHECK((rig.shared->changes == 1 && rig.shared->link_up == 0 && signals() == 1));
    rig.end.set_link({false, 0, false});
    CHECK(rig.shared->changes == 1);
    CHECK(rig.outcome(rig.segment(1)) == 1);
    rig.end.set_link({true, 100, true});
    CHECK(rig.outcome(rig.segment(2)) == 0);
    rig.shared->wanted.up = 0;
    CHECK(rig.outcome(rig.segment(3)) == 1);
    REQUIRE(rig.post(0));
    rig.settle();
    CHECK_FALSE(rig.device.receiving);
    CHECK_FALSE(rig.device.fill(60));
    rig.settle();
    CHECK(rig.received.size() == 0);
    rig.shared->wanted.up = 1; // and net signals
    rig.settle();
    CHECK(rig.received.size() == 1);
    CHECK(rig.end.refused() == 0);
}

TEST_CASE("a device that lies ends it", "[nic]")
{
    Rig rig;
    rig.device.lies = true;
    CHECK(rig.end.run().error() == Error::corrupt);
}

TEST_CASE("no interleaving of net, driver and device loses a wake-up", "[nic]")
{
    // Each of the three acts in random order; the driver only when it is awake: a signal of net, an
    // interrupt, or its own word that it is not idle. At the end everything must have moved.
    for (u32 seed = 0; seed < 300; ++seed) {
        std::mt19937 random{seed};
        Rig rig;
        bool awake = true;
        u32 sent = 0, reported = 0, got = 0, filled = 0, posted = 0;
        constexpr u32 frames = 60;
        auto const driver = [&] {
            if (!awake) return;
            auto const idle = rig.end.run();
            REQUIRE(idle);
            awake = !*idle;
        };
        auto const net = [&] {
            nic::Sent report{};
            nic::Received record{};
            while (rig.sent.pop(report)) ++reported;
            while (rig.received.pop(record)) ++got;
            if (sent < frames && rig.send(sent)) ++sent;
            if (posted < frames && rig.post(posted * 2048)) ++posted;
            bool wake = rig.segments.must_signal();
            wake |= rig.buffers.must_signal();
            wake |= rig.sent.must_signal();
            wake |= rig.received.must_signal();
            if (wake || random() % 50 == 0) awake = true; // and its timer's hurry
        };
        auto const device = [&] {
            if (!rig.device.busy.empty()) awake |= rig.device.finish();
            if (!rig.device.posted.empty()) awake |= rig.device.fill(60), ++filled;
        };
        for (u32 step = 0; step < 3000; ++step) switch (random() % 3) {
            case 0:
                driver();
                break;
            case 1:
                net();
                break;
            case 2:
                device();
                break;
            }
        awake = true; // net's timer
        for (u32 step = 0; step < 10; ++step) driver(), net();
        CHECK((sent == frames && reported == frames && filled == frames && got == frames));
    }
}

TEST_CASE("what the device has is not another net's", "[nic]")
{
    Rig rig;
    CHECK(!rig.end.is_orphan());
    rig.shared->wanted.session = 1; // the first, which came after the driver
    CHECK(!rig.end.is_orphan());
    rig.shared->wanted.session = 2;
    CHECK(rig.end.is_orphan());

    Rig late; // two lives of net since the driver looked
    late.shared->wanted.session = 2;
    CHECK(late.end.is_orphan());
}

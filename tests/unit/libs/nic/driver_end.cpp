// A NIC driver's end of its rings, over a device in software: frames pass or are refused, both ends
// fill up, drivers come and go, and whoever waits is woken.
#include "nic/driver_end.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <random>
#include <vector>

namespace {

constexpr u64 pool_at = 0x20'0000'0000, pool_bytes = 1 << 20;
constexpr u64 net_signal = 77;
constexpr u32 buffer_bytes = 2048;

/// Sends and fills when the test says so, and knows whether it would have interrupted.
struct FakeDevice {
    u32 slots = 4, buffers = 4;
    std::vector<nic::Frame> taken;          // sent by the driver, in order
    std::deque<u32> busy, done;             // ids
    std::deque<std::pair<u64, u32>> posted; // DMA, offset
    std::deque<nic::Received> filled;
    bool lies = false;
    u32 shown = 0;
    bool receiving = false, sending = false, asleep = false;

    bool can_send() const { return busy.size() + done.size() < slots; }
    void send(nic::Frame const& frame)
    {
        REQUIRE(can_send());
        taken.push_back(frame);
        busy.push_back(frame.id);
    }
    Result<bool> take_sent(u32& id)
    {
        if (lies) return Error::corrupt;
        if (done.empty()) return false;
        id = done.front();
        done.pop_front();
        return true;
    }
    bool can_post() const { return posted.size() + filled.size() < buffers; }
    void post(u64 dma, u32 offset)
    {
        REQUIRE(can_post());
        posted.emplace_back(dma, offset);
    }
    Result<bool> take_received(nic::Received& received)
    {
        if (filled.empty()) return false;
        received = filled.front();
        filled.pop_front();
        return true;
    }
    void show() { ++shown; }
    bool sleep(bool with_received, bool with_sent)
    {
        receiving = with_received, sending = with_sent;
        asleep = (!receiving || filled.empty()) && (!sending || done.empty());
        return asleep;
    }

    /// It has sent the oldest; whether it interrupts.
    bool finish()
    {
        REQUIRE_FALSE(busy.empty());
        done.push_back(busy.front());
        busy.pop_front();
        return asleep && sending;
    }
    bool fill(u32 bytes, u32 flags = 0)
    {
        REQUIRE_FALSE(posted.empty());
        filled.push_back({posted.front().second, bytes, flags, 0});
        posted.pop_front();
        return asleep && receiving;
    }
};

struct Rig {
    std::unique_ptr<nic::Shared> shared{new nic::Shared{}};
    FakeDevice device;
    nic::DriverEnd<FakeDevice> end{device};
    queue::Sender<decltype(nic::Shared::buffers)> buffers;
    queue::Receiver<decltype(nic::Shared::received)> received;
    queue::Sender<decltype(nic::Shared::segments)> segments;
    queue::Receiver<decltype(nic::Shared::sent)> sent;

    static constexpr u32 everything = nic::feature::checksum | nic::feature::segment4 |
                                      nic::feature::segment6 | nic::feature::ip_checksum;

    explicit Rig(u32 features = everything)
    {
        sys::fake_kernel = {};
        buffers = queue::Sender{&shared->buffers};
        received = queue::Receiver{&shared->received};
        segments = queue::Sender{&shared->segments};
        sent = queue::Receiver{&shared->sent};
        program::ClientEdge edge;
        edge.shared = shared.get();
        edge.signal = sys::Notification{net_signal};
        edge.pool_dma = pool_at;
        edge.pool_bytes = pool_bytes;
        end.attach(edge);
        end.set_link({true, 1000, true});
        shared->wanted.up = 1;
        end.open(
            {features, buffer_bytes, 1500, {2, 0, 0, 0, 0, 1}, "a card with a very long name"});
    }
    u32 epoch() const { return shared->epoch; }
    /// Until the driver sleeps; a loop that does not end fails.
    void settle()
    {
        for (u32 i = 0; i < 100; ++i) {
            auto const idle = end.run();
            REQUIRE(idle);
            if (*idle) return;
        }
        FAIL("it is never idle");
    }
    bool post(u32 offset) { return buffers.push({offset, epoch()}); }
    nic::Segment segment(u32 id, u32 bytes = 60,
                         u16 flags = nic::segment::first | nic::segment::last) const
    {
        nic::Segment it{};
        it.offset = 4096, it.bytes = bytes, it.id = id, it.epoch = epoch(), it.flags = flags;
        return it;
    }
    bool send(u32 id) { return segments.push(segment(id)); }
    /// Status of the next report, which is of `id`.
    u32 report(u32 id)
    {
        nic::Sent it{};
        REQUIRE(sent.pop(it));
        CHECK(it.id == id);
        CHECK(it.epoch == epoch());
        return it.status;
    }
    bool none_sent() { return sent.size() == 0; }
    /// The outcome of one segment: 0 sent, 1 dropped.
    u32 outcome(nic::Segment const& it)
    {
        auto const before = device.taken.size();
        REQUIRE(segments.push(it));
        settle();
        bool const reached = device.taken.size() > before;
        if (reached) device.finish(), settle();
        u32 const status = report(it.id);
        CHECK(reached == (status == 0));
        return status;
    }
};

u64 signals()
{
    u64 count = 0;
    for (auto const& call : sys::fake_kernel.calls) count += call.in.cap_or_badge == net_signal;
    sys::fake_kernel.calls.clear();
    return count;
}

using namespace nic::segment;

} // namespace

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

TEST_CASE("frames that break a rule are reported dropped and do not reach the device", "[nic]")
{
    Rig rig;
    auto it = rig.segment(1);
    CHECK(rig.outcome(it) == 0);
    CHECK((it.bytes = 0, rig.outcome(it)) == 1);
    CHECK((it.bytes = 13, rig.outcome(it)) == 1);
    CHECK((it.bytes = 1515, rig.outcome(it)) == 1);
    CHECK((it.bytes = 1514, rig.outcome(it)) == 0);
    CHECK((it.offset = pool_bytes - 1513, rig.outcome(it)) == 1);
    CHECK((it.offset = pool_bytes - 1514, rig.outcome(it)) == 0);
    CHECK((it.offset = ~0u - 100, rig.outcome(it)) == 1);
    it = rig.segment(2);
    CHECK((it.flags |= 64, rig.outcome(it)) == 1);
    it = rig.segment(3, 100);
    it.flags |= checksum, it.checksum_start = 34, it.checksum_offset = 16;
    CHECK(rig.outcome(it) == 0);
    CHECK((it.checksum_offset = 64, rig.outcome(it)) == 0);
    CHECK((it.checksum_offset = 65, rig.outcome(it)) == 1);
    CHECK((it.checksum_offset = 0xffff, rig.outcome(it)) == 1);
    CHECK((it.checksum_offset = 0, it.checksum_start = 13, rig.outcome(it)) == 1);
    it = rig.segment(4, 1000);
    it.flags |= checksum, it.checksum_start = 240, it.checksum_offset = 16; // beyond 255
    CHECK(rig.outcome(it) == 1);
    CHECK(rig.end.refused() == 10);
    Rig able{0};
    for (u16 const flag : {checksum, ip_checksum, segment4, segment6}) {
        auto asked = able.segment(5, 100);
        asked.flags |= flag, asked.checksum_start = 34;
        CHECK(able.outcome(asked) == 1);
    }
}

TEST_CASE("what is to be cut must have room for its headers and its pieces", "[nic]")
{
    Rig rig;
    auto it = rig.segment(1, 60'000);
    it.flags |= checksum | segment4;
    it.checksum_start = 34, it.checksum_offset = 16, it.header_bytes = 54, it.segment_bytes = 1460;
    CHECK(rig.outcome(it) == 0);
    auto const with = [&](auto&& change) {
        auto changed = it;
        change(changed);
        return rig.outcome(changed);
    };
    CHECK(with([](auto& s) { s.flags |= segment6; }) == 1);
    CHECK(with([](auto& s) { s.flags &= static_cast<u16>(~checksum); }) == 1);
    CHECK(with([](auto& s) { s.segment_bytes = 1461; }) == 1);
    CHECK(with([](auto& s) { s.segment_bytes = 63; }) == 1);
    CHECK(with([](auto& s) { s.header_bytes = 53; }) == 1);
    CHECK(with([](auto& s) { s.header_bytes = 256, s.segment_bytes = 64; }) == 1);
    CHECK(with([](auto& s) { s.bytes = 54; }) == 1);
    CHECK(with([](auto& s) { s.bytes = 65'536; }) == 0);
    CHECK(with([](auto& s) { s.checksum_start = 35; }) == 1);
    CHECK(with([](auto& s) { s.checksum_offset = 19; }) == 1);
    it.flags = first | last | checksum | segment6;
    CHECK(with([](auto&) {}) == 1); // IPv6 needs 74
    CHECK(with([](auto& s) {
              s.header_bytes = 74, s.segment_bytes = 1440, s.checksum_start = 54;
          }) == 0);
}

TEST_CASE("frames without an end, without a start, with too many pieces", "[nic]")
{
    Rig rig;
    REQUIRE(rig.segments.push(rig.segment(1, 60, first)));
    REQUIRE(rig.segments.push(rig.segment(2, 60, first)));
    REQUIRE(rig.segments.push(rig.segment(2, 60, last)));
    REQUIRE(rig.segments.push(rig.segment(3, 60, last)));  // of no frame: no report
    REQUIRE(rig.segments.push(rig.segment(4, 60, first))); // another's end
    REQUIRE(rig.segments.push(rig.segment(5, 60, last)));
    rig.settle();
    CHECK(rig.report(1) == 1);
    CHECK(rig.report(4) == 1);
    CHECK(rig.none_sent());
    REQUIRE(rig.device.taken.size() == 1);
    CHECK((rig.device.taken[0].id == 2 && rig.device.taken[0].count == 2));
    for (u32 pieces : {nic::max_segments, nic::max_segments + 1}) {
        for (u32 i = 0; i < pieces; ++i) {
            u16 const flags = i == 0 ? first : i + 1 == pieces ? last : u16{0};
            REQUIRE(rig.segments.push(rig.segment(6, 20, flags)));
        }
        rig.settle();
    }
    CHECK(rig.report(6) == 1);
    REQUIRE(rig.device.taken.size() == 2);
    CHECK(rig.device.taken[1].count == nic::max_segments);
}

TEST_CASE("buffers that may not be are not posted", "[nic]")
{
    Rig rig;
    for (u32 const offset : {1u, u32{pool_bytes}, ~0u - 2047, 1024u}) REQUIRE(rig.post(offset));
    REQUIRE(rig.buffers.push({0, rig.epoch() + 1}));
    REQUIRE(rig.post(pool_bytes - 2048));
    // What the driver said is not read back: net cannot make buffers longer or itself abler.
    rig.shared->buffer_bytes = 1 << 20;
    rig.shared->features = ~0u;
    rig.shared->mtu = 60'000;
    REQUIRE(rig.post(0));
    rig.settle();
    CHECK(rig.end.refused() == 4);
    CHECK(rig.device.posted.size() == 2);
    CHECK(rig.outcome(rig.segment(1, 2000)) == 1);
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
    nic::DriverEnd<FakeDevice> last{device};
    last.attach(edge);
    last.open({0, buffer_bytes, 1500, {}, "last"});
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

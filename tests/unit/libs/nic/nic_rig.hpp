// A NIC driver's end of its rings with net's end on one side, and on the other a device in software
// that sends and fills when the test says so.
#pragma once

#include "nic/driver_end.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>
#include <random>
#include <vector>

namespace nic_rig {

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

inline u64 signals()
{
    u64 count = 0;
    for (auto const& call : sys::fake_kernel.calls) count += call.in.cap_or_badge == net_signal;
    sys::fake_kernel.calls.clear();
    return count;
}

using namespace nic::segment;

} // namespace nic_rig

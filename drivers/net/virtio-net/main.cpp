// The driver of virtio network devices: net on one side (nic/driver_end.hpp), the device on the
// other (card.hpp). Whatever cannot be ends the program: the device-manager resets the device, a
// successor starts with empty queues, and net brings its buffers and frames again.
#include "card.hpp"
#include "driver/base.hpp"
#include "nic/address.hpp"
#include "nic/watch.hpp"
#include "program/time.hpp"
#include "virtio/places.hpp"

#include <cstring>

namespace {

using Registers = hw::Mmio;
using Card = virtio_net::Card<Registers>;

class Driver : driver::Base {
    u64 net_ = self_.clients_bit("nic"), heartbeat_ = self_.value("heartbeat.bit");
    Card card_;
    nic::DriverEnd<Card> end_{card_};
    nic::Watch watch_;
    u64 interrupts_ = 0;
    bool unsure_ = false; ///< what the last interrupts were for
    u32 refused_ = 0, filters_refused_ = 0;
    bool plain_ = false; // what the device was started for

public:
    explicit Driver(program::Program const& self) : Base{self}
    {
        if (self.clients("nic") > 0) end_.attach(self.client("nic", 0));
        start();
    }

    [[noreturn]] void live()
    {
        auto const wake = self_.wake();
        self_.ready();
        for (;;) {
            if (end_.is_orphan()) driver::give_up(self_, driver::orphan);
            update_filter();
            auto const idle = end_.run();
            if (!idle) fail("a false answer", idle.error(), driver::lied);
            if (*idle && unsure_) look_for_news();
            if (*idle && end_) count();
            u64 const bits = *idle ? wake.wait() : wake.poll();
            if (irq_.among(bits)) on_interrupt();
            if (bits & heartbeat_) on_heartbeat(bits);
            if (bits & net_) look_for_hang();
        }
    }

private:
    /// From a device at rest, and its memory zero, to one that works for net.
    void start()
    {
        plain_ = end_.wants_plain();
        auto const buffer = driver::Device{self_}.dma("dma");
        if (auto const it = card_.start(virtio::places(self_, "irq0"), buffer, plain_); !it)
            fail("unusable", it.error(), driver::unusable);
        if (!end_) return;
        look_at_link();
        auto const described = card_.describe();
        if (!described) fail("unusable", described.error(), driver::unusable);
        nic::Description const& description = *described;
        end_.open(description);
        log_.info("{}, MTU {}, features {}, link {}",
                  static_cast<char const*>(nic::AddressText{description.address}.text),
                  description.mtu, text::hex(description.features), end_.link().up ? "up" : "down");
    }
    /// The device takes other features only in a reset.
    void start_again()
    {
        if (auto const it = card_.stop(); !it) fail("does not stop", it.error(), driver::unusable);
        auto const memory = driver::Device{self_}.dma("dma").bytes();
        std::memset(memory.data(), 0, memory.size());
        end_.shared().statistics.device_resets.fetch_add(1, std::memory_order_relaxed);
        start();
    }
    void update_filter()
    {
        if (!end_.is_open()) return;
        if (end_.wants_plain() != plain_) start_again();
        if (auto const it = card_.update_filter(end_.shared().wanted); !it)
            fail("a false answer", it.error(), driver::lied);
    }
    void on_interrupt()
    {
        ++interrupts_;
        card_.clear_interrupt();
        acknowledge();
        unsure_ = true;
    }
    /// An interrupt may have been for a frame, for news of the device, or for both in one message.
    void look_for_news()
    {
        unsure_ = false;
        if (card_.has_news()) look_at_device();
    }
    void on_heartbeat(u64 bits)
    {
        self_.beat(bits);
        look_at_device();
        look_for_hang();
    }
    void look_at_device()
    {
        if (card_.broken()) fail("broken", Error::corrupt, driver::lied);
        look_at_link();
        if (end_.refused() != refused_)
            log_.warning("{} frames or buffers broke a rule", (refused_ = end_.refused()));
        if (card_.filter().refused() != filters_refused_)
            log_.warning("{} filter commands were refused",
                         (filters_refused_ = card_.filter().refused()));
    }
    void look_at_link()
    {
        auto const link = card_.link();
        if (!link) fail("its configuration never stands still", link.error(), driver::unusable);
        end_.set_link(*link);
    }
    void look_for_hang()
    {
        if (!watch_.is_due(end_.in_flight(), card_.transmitter().done(), program::tsc())) return;
        if (watch_.hangs(!end_.link().up)) fail("sends nothing", Error::busy, driver::hung);
    }
    void count()
    {
        auto& it = end_.shared().statistics;
        auto const& received = card_.receiver();
        auto const& sent = card_.transmitter();
        constexpr auto order = std::memory_order_relaxed;
        it.received_frames.store(received.frames(), order);
        it.received_bytes.store(received.bytes() - received.frames() * sizeof(virtio_net::Header),
                                order);
        it.sent_frames.store(sent.frames(), order);
        it.sent_bytes.store(sent.bytes(), order);
        it.interrupts.store(interrupts_, order);
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Driver driver{self};
    driver.live();
}

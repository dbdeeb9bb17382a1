// The program around a card: net on one side (nic/driver_end.hpp), the device on the other
// (card.hpp). Whatever cannot be ends it: the device-manager makes the device quiet, a successor
// resets it, and net brings its buffers and frames again.
#pragma once

#include "card.hpp"
#include "driver/base.hpp"
#include "nic/address.hpp"
#include "nic/watch.hpp"
#include "program/time.hpp"

namespace intel {

class Driver : driver::Base {
    using Registers = hw::Mmio;
    using Card = intel::Card<Registers>;
    using Models = std::span<Model<Registers> const>;

    /// Turns in which a busy driver leaves the interrupt unacknowledged: others may share its line.
    static constexpr u32 most_busy_turns = 8;

    u64 net_ = self_.clients_bit("nic"), heartbeat_ = self_.value("heartbeat.bit");
    Card card_;
    nic::DriverEnd<Card> end_{card_};
    nic::Watch watch_;
    bool interrupted_ = false; // since the causes were taken
    u32 busy_turns_ = 0, refused_ = 0;
    u64 interrupts_ = 0, counted_ = 0;

public:
    Driver(program::Program const& self, Models models) : Base{self}
    {
        driver::Device const device{self};
        Model<Registers> const& model = find(models);
        auto const registers = device.region("bar0").at(0, register_bytes);
        if (!registers) fail("too few registers", registers.error(), driver::not_given);
        auto const started = card_.start(*registers, *model.family, device.dma("dma"));
        if (!started) fail("unusable", started.error(), driver::unusable);
        if (self.clients("nic") == 0) return;
        end_.attach(self.client("nic", 0));
        end_.shared().statistics.device_resets.fetch_add(1, std::memory_order_relaxed);
        end_.set_link(card_.link());
        nic::Description const description = card_.describe(model.name);
        end_.open(description);
        log_.info("{}, {}", model.name,
                  static_cast<char const*>(nic::AddressText{description.address}.text));
        if (!card_.filters_groups())
            log_.info("its multicast table is incomplete: frames of all groups are received");
        tell_link();
    }

    [[noreturn]] void live()
    {
        auto const wake = self_.wake();
        self_.ready();
        for (;;) {
            if (end_.is_orphan()) driver::give_up(self_, driver::orphan);
            if (end_.is_open()) card_.update_filter(end_.shared().wanted);
            auto const idle = end_.run();
            if (!idle) fail("a false answer", idle.error(), driver::lied);
            // The device is silent until its causes are taken: under load nobody interrupts us.
            if (interrupted_ && (*idle || ++busy_turns_ == most_busy_turns)) {
                on_interrupt();
                continue;
            }
            if (*idle) count_now_and_then();
            u64 const bits = *idle ? wake.wait() : wake.poll();
            if (irq_.among(bits)) interrupted_ = true;
            if (interrupted_ && *idle) on_interrupt();
            if (bits & heartbeat_) on_heartbeat(bits);
            if (bits & net_) look_for_hang();
        }
    }

private:
    void on_interrupt()
    {
        interrupted_ = false;
        busy_turns_ = 0;
        if (end_.is_open())
            end_.shared().statistics.interrupts.store(++interrupts_, std::memory_order_relaxed);
        bool const link = card_.take_causes();
        acknowledge();
        if (link) look_at_link();
    }
    void on_heartbeat(u64 bits)
    {
        self_.beat(bits);
        look_at_link();
        look_for_hang();
        if (end_.refused() != refused_)
            log_.warning("{} frames or buffers broke a rule", (refused_ = end_.refused()));
    }
    void look_at_link()
    {
        auto const before = end_.link();
        auto const now = card_.link();
        if (now == before) return;
        end_.set_link(now);
        tell_link();
    }
    void tell_link()
    {
        auto const link = end_.link();
        if (link.up)
            log_.info("link up, {} Mbit/s, {} duplex", link.speed_mbit,
                      link.full_duplex ? "full" : "half");
        else
            log_.info("link down");
    }
    /// net signals us while it misses a report; so do heartbeats under load.
    void look_for_hang()
    {
        u32 const waiting = end_.in_flight();
        if (!watch_.is_due(waiting, card_.progress(), program::tsc())) return;
        bool const excused = !card_.link().up || card_.is_paused();
        if (watch_.hangs(excused)) fail("sends nothing", Error::busy, driver::hung);
    }
    /// The device's counters of 32 bits last longer than that at any speed.
    void count_now_and_then()
    {
        constexpr u64 apart = u64{1} << 30; // TSC ticks: 0.2 to 1 s
        u64 const now = program::tsc();
        if (!end_.is_open() || now - counted_ < apart) return;
        counted_ = now;
        card_.count(end_.shared().statistics);
    }

    /// Which device this is.
    Model<Registers> const& find(Models models)
    {
        u64 const device = self_.value("pci.device");
        for (auto const& each : models)
            if (each.device == device) return each;
        log_.error("device {} is none that I know", text::hex(device));
        driver::give_up(self_, driver::unusable);
    }
};

} // namespace intel

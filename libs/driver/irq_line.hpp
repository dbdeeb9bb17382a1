// One interrupt of a driver, of either kind that the device-manager gives (protocol/device.hpp): an
// IRQ handler of its own, or a number of a shared line that the device-manager demultiplexes.
#pragma once

#include "program/program.hpp"
#include "protocol/device.hpp"
#include "sys/irq.hpp"
#include <bit>

namespace driver {

/// The line is masked from each interrupt until acknowledge(). An edge that comes meanwhile may be
/// lost: after acknowledging, look at the device once more.
class IrqLine {
    u64 line_ = 0; // irq_handler: a slot; irq_shared: a number
    u64 kind_ = 0, bit_ = 0;
    sys::Notification signal_;
    sys::Endpoint device_manager_;
    std::atomic<u64>* served_ = nullptr; ///< on the status page

public:
    IrqLine() = default;
    /// The interrupt called `name` in the manifest.
    IrqLine(program::Program const& self, char const* name)
        : line_{self.value(name)}, kind_{self.value(name, "kind")}, bit_{self.value(name, "bit")},
          signal_{self.value(name, "signal")}, device_manager_{self.value("device")}
    {
        auto const number = static_cast<usize>(std::countr_zero(bit_));
        if (number < program::max_interrupts) served_ = &self.status().served[number];
    }
    explicit operator bool() const { return kind_ != 0; }

    /// Whether it is among the bits that woke the program.
    bool among(u64 bits) const { return bits & bit_; }

    /// Lets its signals come to the program's notification, with its bit. A shared line's do so by
    /// themselves.
    /// @error absent  it is not an interrupt, or the kernel refused
    Result<void> listen() const
    {
        if (kind_ == device::irq_shared) return {};
        if (kind_ != device::irq_handler) return Error::absent;
        if (!sys::IrqHandler{line_}.set_notification(signal_)) return Error::absent;
        return {};
    }
    /// The device has been served: it may interrupt again. Counts on the status page.
    /// @error absent  the line was taken from us
    Result<void> acknowledge() const
    {
        if (served_) // nobody else writes it
            served_->store(served_->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return open();
    }
    /// The same without an interrupt: wanted once after listen(), for what a predecessor left
    /// unacknowledged.
    Result<void> open() const
    {
        if (kind_ == device::irq_handler) {
            if (!sys::IrqHandler{line_}.ack()) return Error::absent;
            return {};
        }
        auto const done = rpc::call<device::Device, device::Acknowledge>(
            rpc::Channel{device_manager_}, {.index = line_});
        if (!done) return done.error();
        return {};
    }
};

} // namespace driver

// The part of the HPET that is not its driver's business: where the interrupt of timer 0 goes.
// [IA-PC HPET 1.0a, "General Capabilities and ID Register", "Timer N Configuration and Capabilities
// Register"]
#pragma once

#include "abi/constants.hpp"
#include "kit/bits.hpp"
#include "kit/result.hpp"
#include "pci/interrupt.hpp"

namespace device_manager {

inline constexpr u64 hpet_bytes = 1024;

// The 8254, whose first timer shares the HPET's pin. [Intel 8254, "Control Word Format"]
inline constexpr u8 pit_pin = 2;
inline constexpr u16 pit_first = 0x40, pit_last = 0x43;
inline constexpr u8 pit_stop = 0x30; ///< timer 0, one shot, and no count follows

/// A message that the CPU we run on takes as vector `vector` of IRQControl.
inline pci::Message message_to_us(u8 vector)
{
    return pci::message_for(0, static_cast<u8>(abi::irq_offset + vector));
}

class Hpet {
    u8 volatile* registers_;
    static constexpr u64 capabilities = 0, timer_0 = 0x100, timer_0_message = 0x110,
                         timer_bytes = 0x20;
    static constexpr u64 interrupt_enable = 1 << 2, route_mask = 31 << 9, by_message = 1 << 14,
                         can_message = 1 << 15, level = 1 << 1;
    static constexpr unsigned last_timer_shift = 8, route_shift = 9, pins_shift = 32;

    u64 volatile& at(u64 offset) { return *reinterpret_cast<u64 volatile*>(registers_ + offset); }

public:
    explicit Hpet(u8 volatile* registers) : registers_{registers} {}

    bool sends_messages() { return (at(timer_0) & can_message) != 0; }
    /// A pin that timer 0 can be routed to: the old timer's if possible, since PCI has the others.
    /// @error not_supported  none
    Result<u8> pin()
    {
        u64 const pins = at(timer_0) >> pins_shift;
        if (pins >> pit_pin & 1) return pit_pin;
        for (u8 n = 0; n < 32; ++n)
            if (pins >> n & 1) return n;
        return Error::not_supported;
    }
    void route_to(u8 pin)
    {
        at(timer_0) = (at(timer_0) & ~(route_mask | by_message | level | interrupt_enable)) |
                      u64{pin} << route_shift;
    }
    void route_to(pci::Message message)
    {
        at(timer_0_message) = message.address << 32 | message.data;
        at(timer_0) = (at(timer_0) & ~(route_mask | level | interrupt_enable)) | by_message;
    }
    /// No interrupt of any timer any more, also of those that nobody was to use; the counter goes
    /// on.
    void quiet()
    {
        u64 const last = at(capabilities) >> last_timer_shift & 31;
        for (u64 n = 0; n <= last && timer_0 + n * timer_bytes < hpet_bytes; ++n)
            at(timer_0 + n * timer_bytes) = at(timer_0 + n * timer_bytes) & ~interrupt_enable;
    }
};

} // namespace device_manager

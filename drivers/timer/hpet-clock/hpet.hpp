// The High Precision Event Timer: a counter of known period, and its timer 0 as a one-shot alarm.
// Counter and comparator are used with 32 bits, which every HPET has; where the interrupt goes is
// the device-manager's business. Registers is hw::Mmio, or a fake in host tests.
// [IA-PC HPET Specification 1.0a, "Register Definition"]
#pragma once

#include "hw/reg.hpp"
#include "kit/result.hpp"

namespace hpet {

/// The lower half of the capabilities register.
struct Capabilities {
    using Word = u32;
    static constexpr usize offset = 0x00;
    using LegacyRoutes = hw::Bit<Capabilities, 15>;
};
/// The upper half of the capabilities register: femtoseconds of one tick.
struct Period {
    using Word = u32;
    static constexpr usize offset = 0x04;
    static constexpr u32 longest = 100'000'000;
};
struct Configuration {
    using Word = u32;
    static constexpr usize offset = 0x10;
    using Enable = hw::Bit<Configuration, 0>;
    using LegacyRoutes = hw::Bit<Configuration, 1>; ///< timer 0 is IRQ 0, timer 1 IRQ 8
};
struct Counter {
    using Word = u32;
    static constexpr usize offset = 0xf0;
};
struct Timer0 {
    using Word = u32;
    static constexpr usize offset = 0x100;
    using Interrupt = hw::Bit<Timer0, 2>;
    using Periodic = hw::Bit<Timer0, 3>;
    using Only32Bits = hw::Bit<Timer0, 8>;
    using Pin = hw::Field<Timer0, 13, 9>; ///< who makes the route sets this and the next
    using ByMessage = hw::Bit<Timer0, 14>;
    static constexpr u32 pin_of_irq_0 = 2;
};
struct Comparator0 {
    using Word = u32;
    static constexpr usize offset = 0x108;
};

inline constexpr u64 femtoseconds_per_ns = 1'000'000;

template <class Registers> class Hpet {
    Registers registers_;
    u64 period_ = 1; // femtoseconds

public:
    /// The longest alarm, far from half of what 32 bits hold (21 s at 100 MHz).
    static constexpr u64 longest_ns = 10'000'000'000;

    explicit Hpet(Registers registers) : registers_{registers} {}

    /// From any state: counting, timer 0 silent. Its route stays; where that is the pin of IRQ 0,
    /// legacy routes say the same, and are the only way to that pin in some machines (Bochs).
    /// @error absent  it is no HPET
    Result<void> start()
    {
        u32 const period = registers_.template read<Period>().raw;
        if (period == 0 || period > Period::longest) return Error::absent;
        period_ = period;
        auto const timer = registers_.template read<Timer0>();
        registers_.write(timer.template with<Timer0::Interrupt>(false)
                             .template with<Timer0::Periodic>(false)
                             .template with<Timer0::Only32Bits>(true));
        bool const legacy =
            registers_.template read<Capabilities>().template get<Capabilities::LegacyRoutes>() &&
            timer.template get<Timer0::Pin>() == Timer0::pin_of_irq_0 &&
            !timer.template get<Timer0::ByMessage>();
        registers_.write(registers_.template read<Configuration>()
                             .template with<Configuration::LegacyRoutes>(legacy)
                             .template with<Configuration::Enable>(true));
        return {};
    }
    u32 ticks() const { return registers_.template read<Counter>().raw; }
    /// Of less than 2^32 ticks.
    u64 ns_of(u32 ticks) const { return ticks * period_ / femtoseconds_per_ns; }

    /// Lets timer 0 interrupt in `ns` nanoseconds (longest_ns if that is less), not before. False:
    /// that is over already, and it may interrupt or not.
    bool alarm_in(u64 ns)
    {
        // Some devices need the comparator this far ahead to see it come.
        constexpr u32 least = 64;
        u64 const bounded = ns < longest_ns ? ns : longest_ns;
        auto const wait = static_cast<u32>(bounded * femtoseconds_per_ns / period_ + 1);
        u32 const at = ticks() + (wait < least ? least : wait);
        registers_.write(hw::Value<Comparator0>{at});
        registers_.write(registers_.template read<Timer0>().template with<Timer0::Interrupt>(true));
        return static_cast<i32>(at - ticks()) > 0;
    }
};

} // namespace hpet

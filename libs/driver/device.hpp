// A driver's device: what its manifest needs, by name. The device-manager attaches all of it or
// nothing, so a need that is not there ends the program instead of being an error to handle.
#pragma once

#include "driver/irq_line.hpp"
#include "driver/memory.hpp"
#include "driver/ports.hpp"
#include "program/program.hpp"

namespace driver {

/// Ends the program and leaves the reason, a number of its own, on its status page.
[[noreturn]] inline void give_up(program::Program const& self, int why)
{
    self.status().failed.store(static_cast<u32>(why), std::memory_order_release);
    runtime::exit(why);
}

class Device {
    program::Program const& self_;

public:
    explicit Device(program::Program const& self) : self_{self} {}

    PortRange ports(char const* name) const
    {
        return {sys::IoPort{needed(name, "slot")}, static_cast<u16>(needed(name))};
    }
    /// Mapped registers: a BAR, the HPET, the framebuffer.
    Region region(char const* name) const
    {
        return {reinterpret_cast<void*>(needed(name)), needed(name, "size")};
    }
    DmaBuffer dma(char const* name) const
    {
        return {reinterpret_cast<u8*>(needed(name)), needed(name, "physical"),
                needed(name, "size")};
    }
    /// An interrupt, with its signals coming and whatever is left of a predecessor acknowledged.
    IrqLine irq(char const* name) const
    {
        IrqLine const line{self_, name};
        if (!line.listen() || !line.open()) give_up(self_, not_given);
        return line;
    }

private:
    u64 needed(char const* name) const
    {
        u64 const value = self_.value(name);
        if (value == 0) give_up(self_, not_given);
        return value;
    }
    u64 needed(char const* name, char const* part) const
    {
        u64 const value = self_.value(name, part);
        if (value == 0) give_up(self_, not_given);
        return value;
    }
};

} // namespace driver

// What the driver of a device with one interrupt begins with, and how it ends: a line in its log
// and the reason on its status page. The device-manager then makes the device quiet, and a
// successor resets it.
#pragma once

#include "driver/device.hpp"
#include "log/logger.hpp"

namespace driver {

/// program::StatusPage::failed, besides not_given: no device that can be used; an answer of it that
/// cannot be; a device that does nothing any more; a client began anew and the device still has
/// places of its memory.
inline constexpr int unusable = 3, lied = 4, hung = 5, orphan = 6;

class Base {
protected:
    program::Program const& self_;
    logging::Logger log_{self_};
    IrqLine irq_{Device{self_}.irq("irq0")};

    explicit Base(program::Program const& self) : self_{self} {}

    /// Lets the next interrupt come. Before the device is looked at: an interrupt that comes while
    /// the line is masked is lost.
    void acknowledge() const
    {
        if (!irq_.acknowledge()) give_up(self_, not_given);
    }
    [[noreturn]] void fail(char const* what, Error error, int why)
    {
        log_.error("{} (error {})", what, static_cast<u64>(error));
        give_up(self_, why);
    }
};

} // namespace driver

// Switches the machine off or starts it again, by every means there is, best first. Each means is a
// port: we ask for a capability to just that port when it is needed.
#pragma once

#include "firmware.hpp"
#include "sys/io_port.hpp"

namespace root {

class PowerSwitch {
public:
    enum class Deed : u8 { off, reboot };

    PowerSwitch(Firmware& firmware, Objects& objects) : firmware_{firmware}, objects_{objects} {}

    /// Does not come back if the machine has a switch that we know.
    void perform(Deed deed);

private:
    void switch_off();
    void switch_off_by_acpi();
    void reboot();
    sys::IoPort ports(u16 first, u16 last);

    Firmware& firmware_;
    Objects& objects_;
};

} // namespace root

// A second thread of root: it makes the trusted base while the first one already hears of faults,
// since whoever waits for an answer of the memory-manager cannot hear that it died.
#pragma once

#include "abi/boot_info.hpp"
#include "root/address_space.hpp"
#include "sys/tcb.hpp"

namespace root {

class Thread {
    sys::Tcb tcb_{};
    sys::SchedContext context_{};
    sys::Endpoint faults_{};

public:
    /// Starts `entry` at our own priority. Its faults arrive at `endpoint` with `badge`.
    sys::Result<void> start(abi::BootInfo const& info, Objects& objects, AddressSpace& own,
                            sys::Endpoint endpoint, u64 badge, void (*entry)());
    /// Ends it: nothing of it can run again.
    void remove();
    sys::Tcb tcb() const { return tcb_; }
};

} // namespace root

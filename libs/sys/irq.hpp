// Device interrupts: a handler capability per line or message, delivered as a signal.
#pragma once

#include "sys/cnode.hpp"
#include "sys/endpoint.hpp"

namespace sys {

/// One interrupt. It stays masked after each delivery until ack().
class IrqHandler : public Cap {
public:
    using Cap::Cap;
    Result<void> ack() const { return command(*this, abi::Label::irq_ack_irq); }
    /// What to signal; the badge of this very capability is what arrives. @rights write
    Result<void> set_notification(Notification notification) const
    {
        return command(*this, abi::Label::irq_set_irq_handler, {}, {notification});
    }
    Result<void> clear() const { return command(*this, abi::Label::irq_clear_irq_handler); }
};

class IrqControl : public Cap {
public:
    using Cap::Cap;
    /// Handler of an I/O APIC pin into `destination`.
    /// @param vector  0 to 107, each usable once
    /// @error range_error  words 0 and 1: legal range of the vector, pin, I/O APIC, or level
    Result<void> get_ioapic(Slot destination, u64 ioapic, u64 pin, bool level_triggered,
                            bool active_low, u64 vector) const
    {
        return command(*this, abi::Label::x86_irq_issue_irq_handler_ioapic,
                       {destination.index, destination.depth, ioapic, pin, u64{level_triggered},
                        u64{active_low}, vector},
                       {destination.root});
    }
    /// Handler of a message-signalled interrupt of a PCI function. The device is to be programmed
    /// with CPU vector abi::irq_offset + vector.
    Result<void> get_msi(Slot destination, u64 bus, u64 device, u64 function, u64 handle,
                         u64 vector) const
    {
        return command(
            *this, abi::Label::x86_irq_issue_irq_handler_msi,
            {destination.index, destination.depth, bus, device, function, handle, vector},
            {destination.root});
    }
};

} // namespace sys

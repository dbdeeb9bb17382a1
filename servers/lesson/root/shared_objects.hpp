// The objects of programs.hpp's enum Shared: notifications, endpoints, ports, interrupts, rings,
// and the root server's own endpoint. They are made once and outlive every program that uses them.
#pragma once

#include "acpi/interrupt_route.hpp"
#include "programs.hpp"
#include "queue/byte_ring.hpp"
#include "root/address_space.hpp"
#include "sys/endpoint.hpp"
#include "sys/io_port.hpp"

namespace root {

/// Badges at the root's endpoint: a program's number, with fault_bit when the kernel sends a fault
/// on its behalf. Programs hold no capability with that bit, so they cannot fake a fault.
inline constexpr u64 fault_bit = u64{1} << 32;

class SharedObjects {
    u64 slots_[shared_count] = {};
    u64 ring_frames_[shared_count][queue::ring_pages] = {};
    sys::Endpoint root_endpoint_;
    sys::Notification echo_text_, echo_prompt_, echo_flush_, ping_order_;
    Objects& objects_;
    AddressSpace& own_;

public:
    SharedObjects(Objects& objects, AddressSpace& own) : objects_{objects}, own_{own} {}

    /// Makes them all. Ports come first: until then the root is silent.
    sys::Result<void> make_ports();
    sys::Result<void> make_rest(acpi::Madt const& interrupts);

    /// Slot of the object in our CNode; a ring has a slot for each of its pages.
    u64 slot(Shared which) const { return slots_[static_cast<usize>(which)]; }
    u64 ring_frame(Shared which, u64 page) const
    {
        return ring_frames_[static_cast<usize>(which)][page];
    }
    /// Our own capabilities to signal: `echo` that there is text, a prompt or a flush; `ping` an
    /// order.
    sys::Notification echo_text() const { return echo_text_; }
    sys::Notification echo_prompt() const { return echo_prompt_; }
    sys::Notification echo_flush() const { return echo_flush_; }
    sys::Notification ping_order() const { return ping_order_; }
    sys::IoPort uart_ports() const { return sys::IoPort{slot(Shared::uart_ports)}; }
    sys::Endpoint root_endpoint() const { return root_endpoint_; }
    /// Where we see a ring.
    queue::ByteRing* ring(Shared which) const;
    /// Empties the rings whose positions cannot be: their last user was out of its mind.
    void repair_rings();

private:
    u64& at(Shared which) { return slots_[static_cast<usize>(which)]; }
    sys::Result<void> make_port(Shared which, u16 first, u16 last);
    sys::Result<void> make_interrupt(Shared which, acpi::InterruptRoute route, u64 vector);
    sys::Result<void> make_ring(Shared which);
    sys::Result<sys::Notification> make_signal(Shared which, u64 badge);
};

} // namespace root

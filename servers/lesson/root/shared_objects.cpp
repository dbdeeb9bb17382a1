// See shared_objects.hpp.
#include "shared_objects.hpp"

#include "layout.hpp"
#include "protocol/lesson.hpp"
#include "sys/irq.hpp"
#include <cstring>

namespace root {

namespace {

constexpr sys::IoPortControl port_control{abi::slot_io_port_control};
constexpr sys::IrqControl irq_control{abi::slot_irq_control};
constexpr Shared all_rings[] = {Shared::receive_ring, Shared::transmit_ring,
                                Shared::root_text_ring};
constexpr Shared all_notifications[] = {Shared::uart_wake, Shared::echo_wake, Shared::clock_wake,
                                        Shared::ping_wake};

u64 ring_address(Shared which)
{
    return layout::rings + static_cast<u64>(which) * layout::ring_stride;
}

} // namespace

sys::Result<void> SharedObjects::make_ports()
{
    TRY(make_port(Shared::uart_ports, 0x3f8, 0x3ff));
    return make_port(Shared::clock_ports, 0x40, 0x43);
}

sys::Result<void> SharedObjects::make_rest(acpi::Madt const& interrupts)
{
    for (Shared const which : all_notifications)
        at(which) = TRY(objects_.make<sys::Cap>(abi::ObjectType::notification)).address();
    at(Shared::pong_endpoint) = TRY(objects_.make<sys::Cap>(abi::ObjectType::endpoint)).address();
    root_endpoint_ = TRY(objects_.make<sys::Endpoint>(abi::ObjectType::endpoint));
    echo_text_ = TRY(make_signal(Shared::echo_wake, lesson::text_event));
    echo_prompt_ = TRY(make_signal(Shared::echo_wake, lesson::prompt_event));
    echo_flush_ = TRY(make_signal(Shared::echo_wake, lesson::flush_event));
    ping_order_ = TRY(make_signal(Shared::ping_wake, lesson::order_event));
    // Vectors: any two that differ.
    TRY(make_interrupt(Shared::clock_irq, acpi::isa_route(interrupts, 0), 0));
    TRY(make_interrupt(Shared::uart_irq, acpi::isa_route(interrupts, 4), 4));
    for (Shared const which : all_rings) TRY(make_ring(which));
    return {};
}

sys::Result<void> SharedObjects::make_port(Shared which, u16 first, u16 last)
{
    at(which) = TRY(objects_.take_slots());
    return port_control.issue(first, last, own_cnode.slot(slot(which)));
}

sys::Result<sys::Notification> SharedObjects::make_signal(Shared which, u64 badge)
{
    u64 const to = TRY(objects_.take_slots());
    TRY(own_cnode.slot(to).mint_from(own_cnode.slot(slot(which)), badge, sys::Rights::write));
    return sys::Notification{to};
}

sys::Result<void> SharedObjects::make_interrupt(Shared which, acpi::InterruptRoute route,
                                                u64 vector)
{
    at(which) = TRY(objects_.take_slots());
    return irq_control.get_ioapic(own_cnode.slot(slot(which)), route.io_apic, route.pin,
                                  route.level_triggered, route.active_low, vector);
}

sys::Result<void> SharedObjects::make_ring(Shared which)
{
    for (u64 page = 0; page < queue::ring_pages; ++page) {
        auto const frame = TRY(own_.map_new(ring_address(which) + page * 4096,
                                            sys::Rights::read_write, sys::data_attributes));
        ring_frames_[static_cast<usize>(which)][page] = frame.address();
    }
    return {};
}

queue::ByteRing* SharedObjects::ring(Shared which) const
{
    return reinterpret_cast<queue::ByteRing*>(ring_address(which));
}

void SharedObjects::repair_rings()
{
    for (Shared const which : all_rings)
        if (!queue::is_sound(*ring(which)))
            std::memset(static_cast<void*>(ring(which)), 0, sizeof(queue::ByteRing));
}

} // namespace root

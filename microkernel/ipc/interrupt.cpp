// The table of issued interrupts: delivery and release. Called from arch on an interrupt and from
// api/finalise.cpp; decoders are in api/decode_irq.cpp.
#include "object/irq_handler.hpp"

#include "cap/destroy.hpp"
#include "io_apic.hpp"
#include "ipc/signal.hpp"
#include "sched/cpu.hpp"

namespace mk {

constinit IrqTable irq_table;

void deliver_irq(Cpu& cpu, unsigned irq)
{
    trace(cpu.events, Event::interrupt, {.thread = cpu.current, .detail = u16(irq)});
    // An interrupt without a listener stays masked until somebody acknowledges it.
    Cap const& target = irq_table.notification[irq].cap();
    if (target.is(CapType::notification) && contains(target.rights(), Rights::write))
        signal(cpu, *target.object<Notification>(), target.badge());
}

void release_irq(Cpu& cpu, unsigned irq)
{
    unroute_irq(irq);
    delete_simple(cpu, irq_table.notification[irq]);
    irq_table.route[irq] = IrqRoute{};
}

} // namespace mk

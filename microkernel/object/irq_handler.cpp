// The table of issued interrupts and what happens when one is given back. Called from
// api/finalise.cpp; decoders are in api/decode_irq.cpp, delivery is in api/interrupt.cpp.
#include "object/irq_handler.hpp"

#include "cap/destroy.hpp"
#include "io_apic.hpp"

namespace mk {

constinit IrqTable irq_table;

void release_irq(Cpu& cpu, unsigned irq)
{
    unroute_irq(irq);
    delete_simple(cpu, irq_table.notification[irq]);
    irq_table.route[irq] = IrqRoute{};
}

} // namespace mk

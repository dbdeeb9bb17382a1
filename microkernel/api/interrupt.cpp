// An interrupt becomes a signal. Called from arch/x86_64/traps.cpp; goes on in ipc/signal.cpp.
#include "ipc/signal.hpp"
#include "object/irq_handler.hpp"

namespace mk {

void deliver_irq(Cpu& cpu, unsigned irq)
{
    // An interrupt without a listener stays masked until somebody acknowledges it.
    Cap const& target = irq_table.notification[irq].cap();
    if (target.is(CapType::notification) && contains(target.rights(), Rights::write))
        signal(cpu, *target.object<Notification>(), target.badge());
}

} // namespace mk

// IRQControl: issue a handler for a vector, from an I/O APIC pin or an MSI. IRQHandler: say what it
// signals, acknowledge. Called through api/methods.hpp; goes on in ipc/interrupt.cpp and arch.
// Source: seL4 manual, "Interrupts" and the reference of IRQControl (x86) and IRQHandler.
#include "abi/constants.hpp"
#include "api/decode.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "cap/destroy.hpp"
#include "io_apic.hpp"
#include "object/irq_handler.hpp"

namespace mk {

namespace {

struct IssuePlan {
    Slot* control;
    Slot* dest;
    u8 irq;
    IrqRoute route;
};

void perform_issue(Cpu&, Tcb&, IssuePlan const& p)
{
    irq_table.route[p.irq] = p.route;
    IrqRoute const& r = p.route;
    // A pin starts masked: the first Ack lets it through. A device sends MSIs as it likes.
    if (r.kind == IrqRoute::Kind::io_apic)
        route_io_apic(p.irq, r.io_apic, r.pin, r.level, r.active_low);
    else
        unroute_irq(p.irq);
    DerivationTree::insert_original(p.control, *p.dest, Cap::irq_handler(p.irq));
}

Checked<void> check_range(u64 value, u64 most)
{
    if (value > most) return SyscallError::range(0, most);
    return {};
}

/// What both Issue methods check first: the vector (word 6), whether it is taken, and the
/// destination slot (root, words 0 and 1).
Checked<Slot*> vector_destination(Invocation const& in)
{
    u64 const irq = in.word(6);
    TRY(check_range(irq, abi::irq_vector_max));
    if (irq_table.route[irq].kind != IrqRoute::Kind::free) return SyscallError::revoke_first();
    return empty_target_slot(in.caps[0]->cap(), in.word(0), u8(in.word(1)));
}

Plan issue(Invocation const& in, Slot* dest, IrqRoute const& route)
{
    return Plan::of<perform_issue>(IssuePlan{in.slot, dest, u8(in.word(6)), route});
}

struct HandlerPlan {
    u8 irq;
    Slot* notification; ///< null: forget it
};

void perform_ack(Cpu&, Tcb&, HandlerPlan const& p)
{
    arch::set_irq_masked(p.irq, false);
}

void perform_set_notification(Cpu& cpu, Tcb&, HandlerPlan const& p)
{
    Slot& slot = irq_table.notification[p.irq];
    delete_simple(cpu, slot);
    if (p.notification)
        DerivationTree::insert_derived(*p.notification, slot, p.notification->cap());
}

} // namespace

/// For interrupts of the old PIC, which do not exist here. Errors: illegal_operation, always.
Checked<Plan> decode_irq_issue_irq_handler(Invocation const&)
{
    // Interrupts of the old PIC do not exist here: every machine we run on has an I/O APIC.
    return SyscallError::illegal_operation();
}

/// Routes a pin of an I/O APIC to a vector and makes its handler. The pin is masked until Ack.
/// Words: index, depth (low 8 bits), I/O APIC, pin, level (1: level triggered), polarity (1: active
/// low), vector. Capabilities: root. Errors, in this order: range (0, 107) (vector), revoke_first
/// (vector is issued), failed_lookup, range (1, 64) and delete_first (slot), illegal_operation (no
/// I/O APIC), range (I/O APIC, pin, level, polarity).
Checked<Plan> decode_irq_issue_io_apic(Invocation const& in)
{
    u64 const io_apic = in.word(2), pin = in.word(3), level = in.word(4), polarity = in.word(5);
    Slot* const dest = TRY(vector_destination(in));
    if (io_apic_count() == 0) return SyscallError::illegal_operation();
    TRY(check_range(io_apic, io_apic_count() - 1));
    TRY(check_range(pin, io_apic_pins(unsigned(io_apic)) - 1));
    TRY(check_range(level, 1));
    TRY(check_range(polarity, 1));
    return issue(in, dest,
                 {IrqRoute::Kind::io_apic, u8(io_apic), u8(pin), level == 1, polarity == 1});
}

/// Makes the handler of a vector that a device signals by a message (data: vector + 0x30).
/// Words: index, depth (low 8 bits), bus, device, function, handle (ignored), vector. Capabilities:
/// root. Errors, in this order: range (0, 107) (vector), revoke_first (vector is issued),
/// failed_lookup, range (1, 64) and delete_first (slot), range (bus 255, device 31, function 7).
Checked<Plan> decode_irq_issue_msi(Invocation const& in)
{
    Slot* const dest = TRY(vector_destination(in));
    TRY(check_range(in.word(2), 255)); // bus
    TRY(check_range(in.word(3), 31));  // device
    TRY(check_range(in.word(4), 7));   // function
    // The handle (word 5) is what the device writes; it matters only to interrupt remapping.
    return issue(in, dest, {IrqRoute::Kind::msi, 0, 0, false, false});
}

/// Unmasks the line, so that the next interrupt comes. Errors: none.
Checked<Plan> decode_irq_ack(Invocation const& in)
{
    return Plan::of<perform_ack>(HandlerPlan{u8(in.cap.irq()), nullptr});
}

/// From now on the interrupt signals this notification, with the capability's badge.
/// Capabilities: notification. Errors: invalid_capability 1. Rights: the notification has write,
/// else invalid_capability 1.
Checked<Plan> decode_irq_set_handler(Invocation const& in)
{
    Cap const& target = in.caps[0]->cap();
    if (!target.is(CapType::notification) || !contains(target.rights(), Rights::write))
        return SyscallError::invalid_capability(1);
    return Plan::of<perform_set_notification>(HandlerPlan{u8(in.cap.irq()), in.caps[0]});
}

/// The interrupt signals nobody any more. Errors: none.
Checked<Plan> decode_irq_clear_handler(Invocation const& in)
{
    return Plan::of<perform_set_notification>(HandlerPlan{u8(in.cap.irq()), nullptr});
}

} // namespace mk

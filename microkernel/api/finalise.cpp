// What happens to an object when a capability to it goes: nothing while others remain (but for
// mappings, which belong to the capability), and with the last one everything that used the object
// is told. Called from cap/destroy.cpp.
#include "arch/arch.hpp"
#include "cap/destroy.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/signal.hpp"
#include "ipc/thread.hpp"
#include "object/io_port.hpp"
#include "object/irq_handler.hpp"
#include "sched/binding.hpp"
#include "vspace/vspace.hpp"

namespace mk {
namespace {

void finalise_notification(Cpu& cpu, Notification& ntfn)
{
    unbind_from_thread(ntfn);
    if (ntfn.sched_context != nullptr) unbind_notification(*ntfn.sched_context);
    cancel_all_signals(cpu, ntfn);
}

void finalise_sched_context(Cpu& cpu, SchedContext& sc)
{
    if (sc.yield_from != nullptr) complete_yield_to(cpu, *sc.yield_from);
    unbind_thread(cpu, sc);
    unbind_notification(sc);
    unbind_replies(sc);
    sc.refill_max = 0; // inactive: nothing is charged to it any more
}

void finalise_tcb(Cpu& cpu, Tcb& tcb)
{
    if (tcb.bound_notification != nullptr) unbind_from_thread(*tcb.bound_notification);
    if (SchedContext* const sc = tcb.sc) {
        if (sc->yield_from != nullptr) complete_yield_to(cpu, *sc->yield_from);
        unbind_thread(cpu, *sc);
    }
    suspend(cpu, tcb);
    arch::drop_live_state(tcb);
}

/// Objects of which only the last capability matters.
Cap finalise_last(Cpu& cpu, Cap const& cap)
{
    switch (cap.type()) {
    case CapType::endpoint:
        cancel_all_ipc(cpu, *cap.object<Endpoint>());
        break;
    case CapType::notification:
        finalise_notification(cpu, *cap.object<Notification>());
        break;
    case CapType::reply:
        reply_stack::clear(cpu, *cap.object<Reply>());
        break;
    case CapType::sched_context:
        finalise_sched_context(cpu, *cap.object<SchedContext>());
        break;
    case CapType::cnode:
        return Cap::zombie(cap.cnode_slots(), cap.cnode_radix(), bit(cap.cnode_radix()));
    case CapType::tcb:
        finalise_tcb(cpu, *cap.object<Tcb>());
        return Cap::zombie(cap.object<Tcb>()->slots, Cap::zombie_tcb, tcb_slot_count);
    case CapType::irq_handler:
        release_irq(cpu, cap.irq());
        break;
    case CapType::io_port:
        release_io_ports(cap.first_port(), cap.last_port());
        break;
    case CapType::pml4:
        if (cap.is_mapped()) delete_vspace(cpu, cap.mapped_asid(), *cap.object<PageTable>());
        break;
    case CapType::asid_pool:
        delete_asid_pool(cpu, cap.asid_base(), *cap.object<AsidPool>());
        break;
    case CapType::page_table:
    case CapType::page_directory:
    case CapType::pdpt:
        if (cap.is_mapped()) unmap_table(cpu, cap);
        break;
    default:
        break;
    }
    return {};
}

} // namespace

Cap finalise(Cpu& cpu, Slot& slot, bool last)
{
    Cap const cap = slot.cap();
    if (cap.is(CapType::frame)) {
        if (cap.is_mapped()) unmap_frame(cpu, cap);
        return {};
    }
    return last ? finalise_last(cpu, cap) : Cap{};
}

} // namespace mk

// Stand-ins for the kernel parts that tests of cap/ and of the capability methods leave out. All
// are weak: a test that links the real ones gets them.
#include "api/decode.hpp"
#include "cap/destroy.hpp"
#include "debug/panic.hpp"
#include "fakes.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "ipc/fault.hpp"
#include "vspace/vspace.hpp"
#include <cstdio>

#define WEAK __attribute__((weak))

namespace mk {

/// As the real one, without stopping threads and unmapping.
WEAK Cap finalise(Cpu&, Slot& slot, bool last)
{
    Cap const cap = slot.cap();
    if (!last) return {};
    fake::kernel.finalised.push_back(cap);
    if (cap.is(CapType::cnode))
        return Cap::zombie(cap.cnode_slots(), cap.cnode_radix(), bit(cap.cnode_radix()));
    if (cap.is(CapType::tcb))
        return Cap::zombie(cap.object<Tcb>()->slots, Cap::zombie_tcb, tcb_slot_count);
    return {};
}

WEAK void cancel_badged_sends(Cpu&, Endpoint&, u64 badge)
{
    ++fake::kernel.cancel_calls;
    fake::kernel.cancelled_badge = badge;
}

/// A test that wants to go on after a failed assertion links panic.cpp.
namespace panic_detail {
WEAK void assertion_failed(char const* condition, char const* file, unsigned line)
{
    std::fprintf(stderr, "%s:%u: %s does not hold\n", file, line, condition);
    std::abort();
}
} // namespace panic_detail

WEAK void report_unhandled(Tcb const&, Fault const&) {}

WEAK void init_pml4(PageTable& pml4)
{
    pml4.entry[511] = 0x1234;
    ++fake::kernel.pml4s;
}

/// A decoder that accepts everything and does nothing.
#define FAKE_DECODER(name)                                                                         \
    WEAK Checked<Plan> name(Invocation const&)                                                     \
    {                                                                                              \
        return Plan::of<nothing>(0);                                                               \
    }
namespace {
Performed nothing(Cpu&, Tcb&, int const&)
{
    return Performed::reply(0);
}
} // namespace
FAKE_DECODER(decode_asid_control_make_pool)
FAKE_DECODER(decode_asid_pool_assign)
FAKE_DECODER(decode_domain_schedule_configure)
FAKE_DECODER(decode_domain_schedule_set_start)
FAKE_DECODER(decode_domain_set)
FAKE_DECODER(decode_io_port_in)
FAKE_DECODER(decode_io_port_issue)
FAKE_DECODER(decode_io_port_out)
FAKE_DECODER(decode_irq_ack)
FAKE_DECODER(decode_irq_clear_handler)
FAKE_DECODER(decode_irq_issue_io_apic)
FAKE_DECODER(decode_irq_issue_irq_handler)
FAKE_DECODER(decode_irq_issue_msi)
FAKE_DECODER(decode_irq_set_handler)
FAKE_DECODER(decode_page_get_address)
FAKE_DECODER(decode_page_map)
FAKE_DECODER(decode_page_map_execute_never)
FAKE_DECODER(decode_page_unmap)
FAKE_DECODER(decode_table_map)
FAKE_DECODER(decode_sched_context_bind)
FAKE_DECODER(decode_sched_context_consumed)
FAKE_DECODER(decode_sched_context_unbind)
FAKE_DECODER(decode_sched_context_unbind_object)
FAKE_DECODER(decode_sched_context_yield_to)
FAKE_DECODER(decode_sched_control_configure_feedback)
FAKE_DECODER(decode_sched_control_configure_flags)
FAKE_DECODER(decode_sched_control_set_event_ring)
FAKE_DECODER(decode_table_harvest)
FAKE_DECODER(decode_table_unmap)
FAKE_DECODER(decode_tcb_bind_notification)
FAKE_DECODER(decode_tcb_configure)
FAKE_DECODER(decode_tcb_copy_registers)
FAKE_DECODER(decode_tcb_read_registers)
FAKE_DECODER(decode_tcb_resume)
FAKE_DECODER(decode_tcb_set_flags)
FAKE_DECODER(decode_tcb_set_foreign)
FAKE_DECODER(decode_tcb_set_ipc_buffer)
FAKE_DECODER(decode_tcb_set_mc_priority)
FAKE_DECODER(decode_tcb_set_priority)
FAKE_DECODER(decode_tcb_set_sched_params)
FAKE_DECODER(decode_tcb_set_space)
FAKE_DECODER(decode_tcb_set_timeout_endpoint)
FAKE_DECODER(decode_tcb_set_tls_base)
FAKE_DECODER(decode_tcb_suspend)
FAKE_DECODER(decode_tcb_unbind_notification)
FAKE_DECODER(decode_tcb_write_registers)

} // namespace mk

// All decoders, one line each, in the file that is named in the comment. Every decoder checks in
// seL4's order (tests/kernel has the table), changes nothing, and answers a Plan or the refusal.
// The number of words and capabilities that the method table demands is checked before.
#pragma once

#include "api/invocation.hpp"
#include "cap/derive.hpp"

namespace mk {

// api/decode_untyped.cpp
Checked<Plan> decode_untyped_retype(Invocation const&);
// api/decode_cnode.cpp
Checked<Plan> decode_cnode_revoke(Invocation const&);
Checked<Plan> decode_cnode_delete(Invocation const&);
Checked<Plan> decode_cnode_cancel_badged_sends(Invocation const&);
Checked<Plan> decode_cnode_copy(Invocation const&);
Checked<Plan> decode_cnode_mint(Invocation const&);
Checked<Plan> decode_cnode_move(Invocation const&);
Checked<Plan> decode_cnode_mutate(Invocation const&);
Checked<Plan> decode_cnode_rotate(Invocation const&);
// api/decode_tcb_registers.cpp
Checked<Plan> decode_tcb_read_registers(Invocation const&);
Checked<Plan> decode_tcb_write_registers(Invocation const&);
Checked<Plan> decode_tcb_copy_registers(Invocation const&);
Checked<Plan> decode_tcb_set_tls_base(Invocation const&);
// api/decode_tcb_space.cpp
Checked<Plan> decode_tcb_configure(Invocation const&);
Checked<Plan> decode_tcb_set_space(Invocation const&);
Checked<Plan> decode_tcb_set_ipc_buffer(Invocation const&);
// api/decode_tcb.cpp
Checked<Plan> decode_tcb_set_priority(Invocation const&);
Checked<Plan> decode_tcb_set_mc_priority(Invocation const&);
Checked<Plan> decode_tcb_set_sched_params(Invocation const&);
Checked<Plan> decode_tcb_set_timeout_endpoint(Invocation const&);
Checked<Plan> decode_tcb_suspend(Invocation const&);
Checked<Plan> decode_tcb_resume(Invocation const&);
Checked<Plan> decode_tcb_bind_notification(Invocation const&);
Checked<Plan> decode_tcb_unbind_notification(Invocation const&);
Checked<Plan> decode_tcb_set_flags(Invocation const&);
Checked<Plan> decode_tcb_set_foreign(Invocation const&); // extension
// api/decode_sched_context.cpp
Checked<Plan> decode_sched_control_configure_flags(Invocation const&);
Checked<Plan> decode_sched_control_configure_feedback(Invocation const&); // extension
Checked<Plan> decode_sched_context_bind(Invocation const&);
Checked<Plan> decode_sched_context_unbind(Invocation const&);
Checked<Plan> decode_sched_context_unbind_object(Invocation const&);
Checked<Plan> decode_sched_context_consumed(Invocation const&);
Checked<Plan> decode_sched_context_yield_to(Invocation const&);
// api/decode_event_ring.cpp
Checked<Plan> decode_sched_control_set_event_ring(Invocation const&); // extension
// api/decode_domain.cpp
Checked<Plan> decode_domain_set(Invocation const&);
Checked<Plan> decode_domain_schedule_configure(Invocation const&);
Checked<Plan> decode_domain_schedule_set_start(Invocation const&);
// api/decode_irq.cpp
Checked<Plan> decode_irq_issue_irq_handler(Invocation const&);
Checked<Plan> decode_irq_issue_io_apic(Invocation const&);
Checked<Plan> decode_irq_issue_msi(Invocation const&);
Checked<Plan> decode_irq_ack(Invocation const&);
Checked<Plan> decode_irq_set_handler(Invocation const&);
Checked<Plan> decode_irq_clear_handler(Invocation const&);
// api/decode_io_port.cpp
Checked<Plan> decode_io_port_issue(Invocation const&);
Checked<Plan> decode_io_port_in(Invocation const&);  // three widths
Checked<Plan> decode_io_port_out(Invocation const&); // three widths
// api/decode_vspace.cpp
Checked<Plan> decode_table_map(Invocation const&);   // three levels
Checked<Plan> decode_table_unmap(Invocation const&); // three levels
// api/decode_harvest.cpp
Checked<Plan> decode_table_harvest(Invocation const&); // extension, three levels
// api/decode_page.cpp
Checked<Plan> decode_page_map(Invocation const&);
Checked<Plan> decode_page_map_execute_never(Invocation const&); // extension
Checked<Plan> decode_page_unmap(Invocation const&);
Checked<Plan> decode_page_get_address(Invocation const&);
// api/decode_asid.cpp
Checked<Plan> decode_asid_control_make_pool(Invocation const&);
Checked<Plan> decode_asid_pool_assign(Invocation const&);

} // namespace mk

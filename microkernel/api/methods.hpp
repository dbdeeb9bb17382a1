// The kernel's whole interface as one table: which method exists on which object, what it needs,
// and which decoder checks it. Documentation and tests iterate it.
// Called from api/syscall.cpp; goes on in the decoder of the row.
#pragma once

#include "abi/extensions.hpp"
#include "api/decode.hpp"
#include <iterator>

namespace mk {

struct Method {
    CapType type;
    abi::Label label;
    u8 words, caps; ///< least number of message words and extra capabilities
    Decoder decode;
    char const* name;
};

// clang-format off
inline constexpr Method methods[] = {
    //     object                    label                               words caps decoder                  name
    Method{CapType::frame,           abi::Label::x86_page_map,              3, 1, decode_page_map,                  "Page.map"},
    Method{CapType::frame,           abi::Label::x86_page_unmap,            0, 0, decode_page_unmap,                "Page.unmap"},
    Method{CapType::frame,           abi::Label::x86_page_get_address,      0, 0, decode_page_get_address,          "Page.get_address"},
    Method{CapType::frame,           abi::page_map_execute_never,           3, 1, decode_page_map_execute_never,    "Page.map_execute_never"},
    Method{CapType::untyped,         abi::Label::untyped_retype,            6, 1, decode_untyped_retype,            "Untyped.retype"},
    Method{CapType::page_table,      abi::Label::x86_page_table_map,        2, 1, decode_table_map,                 "PageTable.map"},
    Method{CapType::page_table,      abi::Label::x86_page_table_unmap,      0, 0, decode_table_unmap,               "PageTable.unmap"},
    Method{CapType::page_table,      abi::table_harvest,                    3, 0, decode_table_harvest,             "PageTable.harvest"},
    Method{CapType::page_directory,  abi::Label::x86_page_directory_map,    2, 1, decode_table_map,                 "PageDirectory.map"},
    Method{CapType::page_directory,  abi::Label::x86_page_directory_unmap,  0, 0, decode_table_unmap,               "PageDirectory.unmap"},
    Method{CapType::page_directory,  abi::table_harvest,                    3, 0, decode_table_harvest,             "PageDirectory.harvest"},
    Method{CapType::pdpt,            abi::Label::x86_pdpt_map,              2, 1, decode_table_map,                 "PDPT.map"},
    Method{CapType::pdpt,            abi::Label::x86_pdpt_unmap,            0, 0, decode_table_unmap,               "PDPT.unmap"},
    Method{CapType::pdpt,            abi::table_harvest,                    3, 0, decode_table_harvest,             "PDPT.harvest"},
    Method{CapType::cnode,           abi::Label::cnode_revoke,              2, 0, decode_cnode_revoke,              "CNode.revoke"},
    Method{CapType::cnode,           abi::Label::cnode_delete,              2, 0, decode_cnode_delete,              "CNode.delete"},
    Method{CapType::cnode,           abi::Label::cnode_cancel_badged_sends, 2, 0, decode_cnode_cancel_badged_sends, "CNode.cancel_badged_sends"},
    Method{CapType::cnode,           abi::Label::cnode_copy,                5, 1, decode_cnode_copy,                "CNode.copy"},
    Method{CapType::cnode,           abi::Label::cnode_mint,                6, 1, decode_cnode_mint,                "CNode.mint"},
    Method{CapType::cnode,           abi::Label::cnode_move,                4, 1, decode_cnode_move,                "CNode.move"},
    Method{CapType::cnode,           abi::Label::cnode_mutate,              5, 1, decode_cnode_mutate,              "CNode.mutate"},
    Method{CapType::cnode,           abi::Label::cnode_rotate,              8, 2, decode_cnode_rotate,              "CNode.rotate"},
    Method{CapType::asid_control,    abi::Label::x86_asid_control_make_pool,2, 2, decode_asid_control_make_pool,    "ASIDControl.make_pool"},
    Method{CapType::tcb,             abi::Label::tcb_read_registers,        2, 0, decode_tcb_read_registers,        "TCB.read_registers"},
    Method{CapType::tcb,             abi::Label::tcb_write_registers,       2, 0, decode_tcb_write_registers,       "TCB.write_registers"},
    Method{CapType::tcb,             abi::Label::tcb_copy_registers,        1, 1, decode_tcb_copy_registers,        "TCB.copy_registers"},
    Method{CapType::tcb,             abi::Label::tcb_configure,             3, 3, decode_tcb_configure,             "TCB.configure"},
    Method{CapType::tcb,             abi::Label::tcb_set_priority,          1, 1, decode_tcb_set_priority,          "TCB.set_priority"},
    Method{CapType::tcb,             abi::Label::tcb_set_mc_priority,       1, 1, decode_tcb_set_mc_priority,       "TCB.set_mc_priority"},
    Method{CapType::tcb,             abi::Label::tcb_set_sched_params,      2, 3, decode_tcb_set_sched_params,      "TCB.set_sched_params"},
    Method{CapType::tcb,             abi::Label::tcb_set_timeout_endpoint,  0, 1, decode_tcb_set_timeout_endpoint,  "TCB.set_timeout_endpoint"},
    Method{CapType::tcb,             abi::Label::tcb_set_ipc_buffer,        1, 1, decode_tcb_set_ipc_buffer,        "TCB.set_ipc_buffer"},
    Method{CapType::tcb,             abi::Label::tcb_set_space,             2, 3, decode_tcb_set_space,             "TCB.set_space"},
    Method{CapType::tcb,             abi::Label::tcb_suspend,               0, 0, decode_tcb_suspend,               "TCB.suspend"},
    Method{CapType::tcb,             abi::Label::tcb_resume,                0, 0, decode_tcb_resume,                "TCB.resume"},
    Method{CapType::tcb,             abi::Label::tcb_bind_notification,     0, 1, decode_tcb_bind_notification,     "TCB.bind_notification"},
    Method{CapType::tcb,             abi::Label::tcb_unbind_notification,   0, 0, decode_tcb_unbind_notification,   "TCB.unbind_notification"},
    Method{CapType::tcb,             abi::Label::tcb_set_tls_base,          1, 0, decode_tcb_set_tls_base,          "TCB.set_tls_base"},
    Method{CapType::tcb,             abi::Label::tcb_set_flags,             2, 0, decode_tcb_set_flags,             "TCB.set_flags"},
    Method{CapType::tcb,             abi::tcb_set_foreign,                  1, 0, decode_tcb_set_foreign,           "TCB.set_foreign"},
    Method{CapType::asid_pool,       abi::Label::x86_asid_pool_assign,      0, 1, decode_asid_pool_assign,          "ASIDPool.assign"},
    Method{CapType::irq_control,     abi::Label::irq_issue_irq_handler,     0, 0, decode_irq_issue_irq_handler,     "IRQControl.get"},
    Method{CapType::irq_control,     abi::Label::x86_irq_issue_irq_handler_ioapic, 7, 1, decode_irq_issue_io_apic,  "IRQControl.get_io_apic"},
    Method{CapType::irq_control,     abi::Label::x86_irq_issue_irq_handler_msi,    7, 1, decode_irq_issue_msi,      "IRQControl.get_msi"},
    Method{CapType::irq_handler,     abi::Label::irq_ack_irq,               0, 0, decode_irq_ack,                   "IRQHandler.ack"},
    Method{CapType::irq_handler,     abi::Label::irq_set_irq_handler,       0, 1, decode_irq_set_handler,           "IRQHandler.set_notification"},
    Method{CapType::irq_handler,     abi::Label::irq_clear_irq_handler,     0, 0, decode_irq_clear_handler,         "IRQHandler.clear"},
    Method{CapType::io_port,         abi::Label::x86_io_port_in8,           1, 0, decode_io_port_in,                "IOPort.in8"},
    Method{CapType::io_port,         abi::Label::x86_io_port_in16,          1, 0, decode_io_port_in,                "IOPort.in16"},
    Method{CapType::io_port,         abi::Label::x86_io_port_in32,          1, 0, decode_io_port_in,                "IOPort.in32"},
    Method{CapType::io_port,         abi::Label::x86_io_port_out8,          2, 0, decode_io_port_out,               "IOPort.out8"},
    Method{CapType::io_port,         abi::Label::x86_io_port_out16,         2, 0, decode_io_port_out,               "IOPort.out16"},
    Method{CapType::io_port,         abi::Label::x86_io_port_out32,         2, 0, decode_io_port_out,               "IOPort.out32"},
    Method{CapType::domain,          abi::Label::domain_set_set,            1, 1, decode_domain_set,                "DomainSet.set"},
    Method{CapType::domain,          abi::Label::domain_schedule_configure, 3, 0, decode_domain_schedule_configure, "DomainSet.schedule_configure"},
    Method{CapType::domain,          abi::Label::domain_schedule_set_start, 1, 0, decode_domain_schedule_set_start, "DomainSet.schedule_set_start"},
    Method{CapType::sched_context,   abi::Label::sched_context_bind,        0, 1, decode_sched_context_bind,        "SchedContext.bind"},
    Method{CapType::sched_context,   abi::Label::sched_context_unbind,      0, 0, decode_sched_context_unbind,      "SchedContext.unbind"},
    Method{CapType::sched_context,   abi::Label::sched_context_unbind_object, 0, 1, decode_sched_context_unbind_object, "SchedContext.unbind_object"},
    Method{CapType::sched_context,   abi::Label::sched_context_consumed,    0, 0, decode_sched_context_consumed,    "SchedContext.consumed"},
    Method{CapType::sched_context,   abi::Label::sched_context_yield_to,    0, 0, decode_sched_context_yield_to,    "SchedContext.yield_to"},
    Method{CapType::sched_control,   abi::Label::sched_control_configure_flags, 5, 1, decode_sched_control_configure_flags, "SchedControl.configure_flags"},
    Method{CapType::sched_control,   abi::sched_control_configure_feedback, 1, 1, decode_sched_control_configure_feedback, "SchedControl.configure_feedback"},
    Method{CapType::sched_control,   abi::sched_control_set_event_ring,     0, 1, decode_sched_control_set_event_ring, "SchedControl.set_event_ring"},
    Method{CapType::io_port_control, abi::Label::x86_io_port_control_issue, 4, 1, decode_io_port_issue,             "IOPortControl.issue"},
};
// clang-format on

consteval bool sorted_and_unique()
{
    for (usize i = 1; i < std::size(methods); ++i) {
        auto const &a = methods[i - 1], &b = methods[i];
        if (a.type > b.type || (a.type == b.type && a.label >= b.label)) return false;
    }
    return true;
}
static_assert(sorted_and_unique(), "methods are sorted by type, then label");

/// Finds the row for (type of the invoked capability, label); null when there is none.
Method const* find_method(CapType type, u64 label);
/// Looks the method up, checks message length and capability count, and runs its decoder.
/// Errors: illegal_operation (no such method), truncated_message, and what the decoder says.
Checked<Plan> decode(Invocation const& invocation);

} // namespace mk

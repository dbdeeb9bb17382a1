// Both faces of the interface, the C names and abi/, agree with the numbers that programs were
// built with (sel4_numbers.inc), and bit fields are where the manual puts them.
#include <sel4/sel4.h>

#include "abi/boot_info.hpp"
#include "abi/constants.hpp"
#include "abi/errors.hpp"
#include "abi/extensions.hpp"
#include "abi/faults.hpp"
#include "abi/ipc_buffer.hpp"
#include "abi/labels.hpp"
#include "abi/message_info.hpp"
#include "abi/object_type.hpp"
#include "abi/syscalls.hpp"
#include "abi/user_context.hpp"
#include <catch2/catch.hpp>
#include <cstddef>

extern "C" {
__thread seL4_IPCBuffer* __sel4_ipc_buffer;
extern int const sel4_numbers_checked_as_c;
}

namespace {
/// Enumerators and numbers alike, as the word that crosses the system call.
template <class T> constexpr u64 word(T value)
{
    return static_cast<u64>(value);
}

/// Two names or a name and a number that must be the same.
struct Same {
    char const* name;
    u64 got, wanted;
};
#define SAME(a, b)                                                                                 \
    {                                                                                              \
#a " is " #b, word(a), word(b)                                                             \
    }

template <usize N> void check(Same const (&table)[N])
{
    for (Same const& row : table) {
        INFO(row.name);
        CHECK(row.got == row.wanted);
    }
}
} // namespace

TEST_CASE("the C names have the pinned numbers", "[abi]")
{
    CHECK(sel4_numbers_checked_as_c == 1);
    // A table, not one CHECK each: those take the compiler minutes.
    static constexpr Same facts[] = {
#define FACT(name, value) {#name, word(name), word(value)},
#include "sel4_numbers.inc"
#undef FACT
    };
    check(facts);
    CHECK(seL4_AllRights.words[0] == 15);
    CHECK(seL4_CanWrite.words[0] == 1);
    CHECK(seL4_CanRead.words[0] == 2);
    CHECK(seL4_CanGrant.words[0] == 4);
    CHECK(seL4_CanGrantReply.words[0] == 8);
}

TEST_CASE("abi has the same numbers as the C names", "[abi]")
{
    static constexpr Same pairs[] = {
        SAME(abi::Syscall::call, seL4_SysCall),
        SAME(abi::Syscall::reply_recv, seL4_SysReplyRecv),
        SAME(abi::Syscall::nb_send_recv, seL4_SysNBSendRecv),
        SAME(abi::Syscall::nb_send_wait, seL4_SysNBSendWait),
        SAME(abi::Syscall::send, seL4_SysSend),
        SAME(abi::Syscall::nb_send, seL4_SysNBSend),
        SAME(abi::Syscall::recv, seL4_SysRecv),
        SAME(abi::Syscall::nb_recv, seL4_SysNBRecv),
        SAME(abi::Syscall::wait, seL4_SysWait),
        SAME(abi::Syscall::nb_wait, seL4_SysNBWait),
        SAME(abi::Syscall::yield, seL4_SysYield),
        SAME(abi::Syscall::debug_put_char, seL4_SysDebugPutChar),
        SAME(abi::Syscall::debug_dump_scheduler, seL4_SysDebugDumpScheduler),
        SAME(abi::Syscall::debug_halt, seL4_SysDebugHalt),
        SAME(abi::Syscall::debug_cap_identify, seL4_SysDebugCapIdentify),
        SAME(abi::Syscall::debug_snapshot, seL4_SysDebugSnapshot),
        SAME(abi::Syscall::debug_name_thread, seL4_SysDebugNameThread),
        SAME(abi::Label::invalid_invocation, InvalidInvocation),
        SAME(abi::Label::untyped_retype, UntypedRetype),
        SAME(abi::Label::tcb_read_registers, TCBReadRegisters),
        SAME(abi::Label::tcb_write_registers, TCBWriteRegisters),
        SAME(abi::Label::tcb_copy_registers, TCBCopyRegisters),
        SAME(abi::Label::tcb_configure, TCBConfigure),
        SAME(abi::Label::tcb_set_priority, TCBSetPriority),
        SAME(abi::Label::tcb_set_mc_priority, TCBSetMCPriority),
        SAME(abi::Label::tcb_set_sched_params, TCBSetSchedParams),
        SAME(abi::Label::tcb_set_timeout_endpoint, TCBSetTimeoutEndpoint),
        SAME(abi::Label::tcb_set_ipc_buffer, TCBSetIPCBuffer),
        SAME(abi::Label::tcb_set_space, TCBSetSpace),
        SAME(abi::Label::tcb_suspend, TCBSuspend),
        SAME(abi::Label::tcb_resume, TCBResume),
        SAME(abi::Label::tcb_bind_notification, TCBBindNotification),
        SAME(abi::Label::tcb_unbind_notification, TCBUnbindNotification),
        SAME(abi::Label::tcb_set_tls_base, TCBSetTLSBase),
        SAME(abi::Label::tcb_set_flags, TCBSetFlags),
        SAME(abi::Label::cnode_revoke, CNodeRevoke),
        SAME(abi::Label::cnode_delete, CNodeDelete),
        SAME(abi::Label::cnode_cancel_badged_sends, CNodeCancelBadgedSends),
        SAME(abi::Label::cnode_copy, CNodeCopy),
        SAME(abi::Label::cnode_mint, CNodeMint),
        SAME(abi::Label::cnode_move, CNodeMove),
        SAME(abi::Label::cnode_mutate, CNodeMutate),
        SAME(abi::Label::cnode_rotate, CNodeRotate),
        SAME(abi::Label::irq_issue_irq_handler, IRQIssueIRQHandler),
        SAME(abi::Label::irq_ack_irq, IRQAckIRQ),
        SAME(abi::Label::irq_set_irq_handler, IRQSetIRQHandler),
        SAME(abi::Label::irq_clear_irq_handler, IRQClearIRQHandler),
        SAME(abi::Label::domain_set_set, DomainSetSet),
        SAME(abi::Label::domain_schedule_configure, DomainScheduleConfigure),
        SAME(abi::Label::domain_schedule_set_start, DomainScheduleSetStart),
        SAME(abi::Label::sched_control_configure_flags, SchedControlConfigureFlags),
        SAME(abi::Label::sched_context_bind, SchedContextBind),
        SAME(abi::Label::sched_context_unbind, SchedContextUnbind),
        SAME(abi::Label::sched_context_unbind_object, SchedContextUnbindObject),
        SAME(abi::Label::sched_context_consumed, SchedContextConsumed),
        SAME(abi::Label::sched_context_yield_to, SchedContextYieldTo),
        SAME(abi::Label::x86_pdpt_map, X86PDPTMap),
        SAME(abi::Label::x86_pdpt_unmap, X86PDPTUnmap),
        SAME(abi::Label::x86_page_directory_map, X86PageDirectoryMap),
        SAME(abi::Label::x86_page_directory_unmap, X86PageDirectoryUnmap),
        SAME(abi::Label::x86_page_table_map, X86PageTableMap),
        SAME(abi::Label::x86_page_table_unmap, X86PageTableUnmap),
        SAME(abi::Label::x86_io_page_table_map, X86IOPageTableMap),
        SAME(abi::Label::x86_io_page_table_unmap, X86IOPageTableUnmap),
        SAME(abi::Label::x86_page_map, X86PageMap),
        SAME(abi::Label::x86_page_unmap, X86PageUnmap),
        SAME(abi::Label::x86_page_map_io, X86PageMapIO),
        SAME(abi::Label::x86_page_get_address, X86PageGetAddress),
        SAME(abi::Label::x86_page_map_ept, X86PageMapEPT),
        SAME(abi::Label::x86_asid_control_make_pool, X86ASIDControlMakePool),
        SAME(abi::Label::x86_asid_pool_assign, X86ASIDPoolAssign),
        SAME(abi::Label::x86_io_port_control_issue, X86IOPortControlIssue),
        SAME(abi::Label::x86_io_port_in8, X86IOPortIn8),
        SAME(abi::Label::x86_io_port_in16, X86IOPortIn16),
        SAME(abi::Label::x86_io_port_in32, X86IOPortIn32),
        SAME(abi::Label::x86_io_port_out8, X86IOPortOut8),
        SAME(abi::Label::x86_io_port_out16, X86IOPortOut16),
        SAME(abi::Label::x86_io_port_out32, X86IOPortOut32),
        SAME(abi::Label::x86_irq_issue_irq_handler_ioapic, X86IRQIssueIRQHandlerIOAPIC),
        SAME(abi::Label::x86_irq_issue_irq_handler_msi, X86IRQIssueIRQHandlerMSI),
        SAME(abi::Label::tcb_set_ept_root, TCBSetEPTRoot),
        SAME(abi::Label::x86_vcpu_set_tcb, X86VCPUSetTCB),
        SAME(abi::Label::x86_vcpu_read_vmcs, X86VCPUReadVMCS),
        SAME(abi::Label::x86_vcpu_write_vmcs, X86VCPUWriteVMCS),
        SAME(abi::Label::x86_vcpu_enable_io_port, X86VCPUEnableIOPort),
        SAME(abi::Label::x86_vcpu_disable_io_port, X86VCPUDisableIOPort),
        SAME(abi::Label::x86_vcpu_write_registers, X86VCPUWriteRegisters),
        SAME(abi::Label::x86_ept_pdpt_map, X86EPTPDPTMap),
        SAME(abi::Label::x86_ept_pdpt_unmap, X86EPTPDPTUnmap),
        SAME(abi::Label::x86_ept_pd_map, X86EPTPDMap),
        SAME(abi::Label::x86_ept_pd_unmap, X86EPTPDUnmap),
        SAME(abi::Label::x86_ept_pt_map, X86EPTPTMap),
        SAME(abi::Label::x86_ept_pt_unmap, X86EPTPTUnmap),
        SAME(abi::ObjectType::untyped, seL4_UntypedObject),
        SAME(abi::ObjectType::tcb, seL4_TCBObject),
        SAME(abi::ObjectType::endpoint, seL4_EndpointObject),
        SAME(abi::ObjectType::notification, seL4_NotificationObject),
        SAME(abi::ObjectType::cnode, seL4_CapTableObject),
        SAME(abi::ObjectType::sched_context, seL4_SchedContextObject),
        SAME(abi::ObjectType::reply, seL4_ReplyObject),
        SAME(abi::ObjectType::x86_pdpt, seL4_X86_PDPTObject),
        SAME(abi::ObjectType::x64_pml4, seL4_X64_PML4Object),
        SAME(abi::ObjectType::x64_huge_page, seL4_X64_HugePageObject),
        SAME(abi::ObjectType::x86_4k, seL4_X86_4K),
        SAME(abi::ObjectType::x86_large_page, seL4_X86_LargePageObject),
        SAME(abi::ObjectType::x86_page_table, seL4_X86_PageTableObject),
        SAME(abi::ObjectType::x86_page_directory, seL4_X86_PageDirectoryObject),
        SAME(abi::ObjectType::x86_io_page_table, seL4_X86_IOPageTableObject),
        SAME(abi::ObjectType::x86_vcpu, seL4_X86_VCPUObject),
        SAME(abi::ObjectType::x86_ept_pml4, seL4_X86_EPTPML4Object),
        SAME(abi::ObjectType::x86_ept_pdpt, seL4_X86_EPTPDPTObject),
        SAME(abi::ObjectType::x86_ept_pd, seL4_X86_EPTPDObject),
        SAME(abi::ObjectType::x86_ept_pt, seL4_X86_EPTPTObject),
        SAME(abi::ErrorCode::no_error, seL4_NoError),
        SAME(abi::ErrorCode::invalid_argument, seL4_InvalidArgument),
        SAME(abi::ErrorCode::invalid_capability, seL4_InvalidCapability),
        SAME(abi::ErrorCode::illegal_operation, seL4_IllegalOperation),
        SAME(abi::ErrorCode::range_error, seL4_RangeError),
        SAME(abi::ErrorCode::alignment_error, seL4_AlignmentError),
        SAME(abi::ErrorCode::failed_lookup, seL4_FailedLookup),
        SAME(abi::ErrorCode::truncated_message, seL4_TruncatedMessage),
        SAME(abi::ErrorCode::delete_first, seL4_DeleteFirst),
        SAME(abi::ErrorCode::revoke_first, seL4_RevokeFirst),
        SAME(abi::ErrorCode::not_enough_memory, seL4_NotEnoughMemory),
        SAME(abi::Syscall::vm_enter, seL4_SysVMEnter),
        SAME(abi::label_count, nArchInvocationLabels),
        SAME(abi::object_type_count, seL4_ObjectTypeCount),
        SAME(abi::error_count, seL4_NumErrors),
        SAME(abi::LookupFailure::guard_mismatch, seL4_GuardMismatch),
    };
    check(pairs);
}

TEST_CASE("abi and the C names agree on sizes, limits and slots", "[abi]")
{
    CHECK(abi::slot_bits == seL4_SlotBits);
    CHECK(abi::tcb_bits == seL4_TCBBits);
    CHECK(abi::endpoint_bits == seL4_EndpointBits);
    CHECK(abi::notification_bits == seL4_NotificationBits);
    CHECK(abi::reply_bits == seL4_ReplyBits);
    CHECK(abi::asid_pool_bits == seL4_ASIDPoolBits);
    CHECK(abi::vcpu_bits == seL4_X86_VCPUBits);
    CHECK(abi::min_untyped_bits == seL4_MinUntypedBits);
    CHECK(abi::max_untyped_bits == seL4_MaxUntypedBits);
    CHECK(abi::min_sched_context_bits == seL4_MinSchedContextBits);
    CHECK(abi::max_extra_refills(8) == seL4_MaxExtraRefills(8));
    CHECK(abi::msg_max_length == seL4_MsgMaxLength);
    CHECK(abi::msg_max_extra_caps == seL4_MsgMaxExtraCaps);
    CHECK(abi::retype_max_objects == seL4_UntypedRetypeMaxObjects);
    CHECK(abi::max_priority == seL4_MaxPrio);
    CHECK(abi::user_top == seL4_UserTop);
    CHECK(abi::irq_offset == IRQ_OFFSET);
    CHECK(abi::max_boot_info_untypeds == CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS);
    CHECK(abi::slot_init_thread_tcb == seL4_CapInitThreadTCB);
    CHECK(abi::slot_init_thread_vspace == seL4_CapInitThreadVSpace);
    CHECK(abi::slot_io_port_control == seL4_CapIOPortControl);
    CHECK(abi::slot_domain == seL4_CapDomain);
    CHECK(abi::slot_init_thread_sc == seL4_CapInitThreadSC);
    CHECK(abi::initial_slot_count == seL4_NumInitialCaps);
    CHECK(sizeof(abi::BootInfo) == sizeof(seL4_BootInfo));
    CHECK(offsetof(abi::BootInfo, untyped_list) == offsetof(seL4_BootInfo, untypedList));
    CHECK(sizeof(abi::IpcBuffer) == sizeof(seL4_IPCBuffer));
    CHECK(sizeof(abi::UserContext) == sizeof(seL4_UserContext));
}

TEST_CASE("abi and the C names agree on the words of fault messages", "[abi]")
{
    CHECK(word(abi::FaultLabel::cap_fault) == seL4_Fault_CapFault);
    CHECK(word(abi::FaultLabel::unknown_syscall) == seL4_Fault_UnknownSyscall);
    CHECK(word(abi::FaultLabel::user_exception) == seL4_Fault_UserException);
    CHECK(word(abi::FaultLabel::timeout) == seL4_Fault_Timeout);
    CHECK(word(abi::FaultLabel::vm_fault) == seL4_Fault_VMFault);
    CHECK(abi::cap_fault::lookup_failure == seL4_CapFault_LookupFailureType);
    CHECK(abi::cap_fault::guard_mismatch_bits_found == seL4_CapFault_GuardMismatch_BitsFound);
    CHECK(abi::unknown_syscall::r15 == seL4_UnknownSyscall_R15);
    CHECK(abi::unknown_syscall::fault_ip == seL4_UnknownSyscall_FaultIP);
    CHECK(abi::unknown_syscall::syscall == seL4_UnknownSyscall_Syscall);
    CHECK(abi::unknown_syscall::length == seL4_UnknownSyscall_Length);
    CHECK(abi::user_exception::code == seL4_UserException_Code);
    CHECK(abi::user_exception::length == seL4_UserException_Length);
    CHECK(abi::timeout::consumed == seL4_Timeout_Consumed);
    CHECK(abi::timeout::reply_length == seL4_TimeoutReply_Length);
    CHECK(abi::vm_fault::fsr == seL4_VMFault_FSR);
    CHECK(abi::vm_fault::length == seL4_VMFault_Length);
}

TEST_CASE("message info has its fields at bits 0, 7, 9 and 12", "[abi]")
{
    CHECK(abi::MessageInfo(0, 0, 0, 127).word() == 0x7f);
    CHECK(abi::MessageInfo(0, 0, 3, 0).word() == 0x180);
    CHECK(abi::MessageInfo(0, 7, 0, 0).word() == 0xe00);
    CHECK(abi::MessageInfo(~u64{0}, 0, 0, 0).word() == ~u64{0xfff});
    CHECK(abi::MessageInfo(0, 0, 0, 127).length() == 120);
    auto const info = seL4_MessageInfo_new(0x1234, 5, 2, 99);
    abi::MessageInfo const same{info.words[0]};
    CHECK(same == abi::MessageInfo(0x1234, 5, 2, 99));
    CHECK(same.label() == seL4_MessageInfo_get_label(info));
    CHECK(same.caps_unwrapped() == seL4_MessageInfo_get_capsUnwrapped(info));
    CHECK(same.extra_caps() == seL4_MessageInfo_get_extraCaps(info));
    CHECK(same.length() == seL4_MessageInfo_get_length(info));
    auto const changed = seL4_MessageInfo_set_length(seL4_MessageInfo_set_label(info, 7), 3);
    CHECK(abi::MessageInfo{changed.words[0]} == abi::MessageInfo(7, 5, 2, 3));
}

TEST_CASE("a guard word has 6 bits of size and 58 of guard", "[abi]")
{
    auto const data = seL4_CNode_CapData_new(0x3ff'ffff'ffff'ffff, 58);
    CHECK(data.words[0] == ((~u64{0} << 6) | 58));
    CHECK(seL4_CNode_CapData_get_guard(data) == 0x3ff'ffff'ffff'ffff);
    CHECK(seL4_CNode_CapData_get_guardSize(data) == 58);
}

TEST_CASE("seL4_getFault reads a fault from the message registers", "[abi]")
{
    seL4_IPCBuffer buffer{};
    seL4_SetIPCBuffer(&buffer);
    for (int i = 0; i < 20; ++i) seL4_SetMR(i, 100 + word(i));

    auto fault = seL4_getFault(seL4_MessageInfo_new(seL4_Fault_VMFault, 0, 0, 4));
    CHECK(seL4_Fault_get_seL4_FaultType(fault) == seL4_Fault_VMFault);
    CHECK(seL4_Fault_VMFault_get_IP(fault) == 100);
    CHECK(seL4_Fault_VMFault_get_FSR(fault) == 103);

    fault = seL4_getFault(seL4_MessageInfo_new(seL4_Fault_CapFault, 0, 0, 7));
    CHECK(seL4_Fault_CapFault_get_IP(fault) == 100);
    CHECK(seL4_Fault_CapFault_get_LookupFailureType(fault) == 103);
    CHECK(seL4_Fault_CapFault_get_MR6(fault) == 106);

    fault = seL4_getFault(seL4_MessageInfo_new(seL4_Fault_UnknownSyscall, 0, 0, 19));
    CHECK(seL4_Fault_UnknownSyscall_get_RAX(fault) == 100);
    CHECK(seL4_Fault_UnknownSyscall_get_FaultIP(fault) == 115);
    CHECK(seL4_Fault_UnknownSyscall_get_Syscall(fault) == 118);

    fault = seL4_getFault(seL4_MessageInfo_new(seL4_Fault_Timeout, 0, 0, 2));
    CHECK(seL4_Fault_Timeout_get_data(fault) == 100);
    CHECK(seL4_Fault_Timeout_get_consumed(fault) == 101);

    fault = seL4_getFault(seL4_MessageInfo_new(77, 0, 0, 0));
    CHECK(seL4_Fault_seL4_FaultType_equals(fault, seL4_Fault_NullFault));
}

TEST_CASE("extension labels are none of seL4's", "[abi]")
{
    CHECK(u64(abi::page_map_execute_never) == 0x1000);
    CHECK(u64(abi::page_map_execute_never) >= abi::label_count);
    CHECK(u64(abi::sched_control_configure_feedback) == 0x1001);
}

TEST_CASE("object_bits counts slots for CNodes and bytes for the others", "[abi]")
{
    CHECK(abi::object_bits(abi::ObjectType::cnode, 4) == 9);
    CHECK(abi::object_bits(abi::ObjectType::untyped, 20) == 20);
    CHECK(abi::object_bits(abi::ObjectType::tcb, 99) == 11);
    CHECK(abi::object_bits(abi::ObjectType::x86_large_page, 0) == 21);
    CHECK(abi::object_bits(static_cast<abi::ObjectType>(20), 0) == 0);
}

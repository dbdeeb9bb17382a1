// Both faces of the interface, the C names and abi/, agree with the numbers that programs were
// built with (sel4_numbers.h), and bit fields are where the manual puts them.
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
} // namespace

TEST_CASE("the C names have the pinned numbers", "[abi]")
{
    CHECK(sel4_numbers_checked_as_c == 1);
#define FACT(name, value) CHECK(word(name) == word(value));
#include "sel4_numbers.h"
#undef FACT
    CHECK(seL4_AllRights.words[0] == 15);
    CHECK(seL4_CanWrite.words[0] == 1);
    CHECK(seL4_CanRead.words[0] == 2);
    CHECK(seL4_CanGrant.words[0] == 4);
    CHECK(seL4_CanGrantReply.words[0] == 8);
}

TEST_CASE("abi has the same numbers as the C names", "[abi]")
{
    CHECK(word(abi::Syscall::call) == word(seL4_SysCall));
    CHECK(word(abi::Syscall::reply_recv) == word(seL4_SysReplyRecv));
    CHECK(word(abi::Syscall::nb_send_recv) == word(seL4_SysNBSendRecv));
    CHECK(word(abi::Syscall::nb_send_wait) == word(seL4_SysNBSendWait));
    CHECK(word(abi::Syscall::send) == word(seL4_SysSend));
    CHECK(word(abi::Syscall::nb_send) == word(seL4_SysNBSend));
    CHECK(word(abi::Syscall::recv) == word(seL4_SysRecv));
    CHECK(word(abi::Syscall::nb_recv) == word(seL4_SysNBRecv));
    CHECK(word(abi::Syscall::wait) == word(seL4_SysWait));
    CHECK(word(abi::Syscall::nb_wait) == word(seL4_SysNBWait));
    CHECK(word(abi::Syscall::yield) == word(seL4_SysYield));
    CHECK(word(abi::Syscall::debug_put_char) == word(seL4_SysDebugPutChar));
    CHECK(word(abi::Syscall::debug_dump_scheduler) == word(seL4_SysDebugDumpScheduler));
    CHECK(word(abi::Syscall::debug_halt) == word(seL4_SysDebugHalt));
    CHECK(word(abi::Syscall::debug_cap_identify) == word(seL4_SysDebugCapIdentify));
    CHECK(word(abi::Syscall::debug_snapshot) == word(seL4_SysDebugSnapshot));
    CHECK(word(abi::Syscall::debug_name_thread) == word(seL4_SysDebugNameThread));
    CHECK(word(abi::Label::invalid_invocation) == word(InvalidInvocation));
    CHECK(word(abi::Label::untyped_retype) == word(UntypedRetype));
    CHECK(word(abi::Label::tcb_read_registers) == word(TCBReadRegisters));
    CHECK(word(abi::Label::tcb_write_registers) == word(TCBWriteRegisters));
    CHECK(word(abi::Label::tcb_copy_registers) == word(TCBCopyRegisters));
    CHECK(word(abi::Label::tcb_configure) == word(TCBConfigure));
    CHECK(word(abi::Label::tcb_set_priority) == word(TCBSetPriority));
    CHECK(word(abi::Label::tcb_set_mc_priority) == word(TCBSetMCPriority));
    CHECK(word(abi::Label::tcb_set_sched_params) == word(TCBSetSchedParams));
    CHECK(word(abi::Label::tcb_set_timeout_endpoint) == word(TCBSetTimeoutEndpoint));
    CHECK(word(abi::Label::tcb_set_ipc_buffer) == word(TCBSetIPCBuffer));
    CHECK(word(abi::Label::tcb_set_space) == word(TCBSetSpace));
    CHECK(word(abi::Label::tcb_suspend) == word(TCBSuspend));
    CHECK(word(abi::Label::tcb_resume) == word(TCBResume));
    CHECK(word(abi::Label::tcb_bind_notification) == word(TCBBindNotification));
    CHECK(word(abi::Label::tcb_unbind_notification) == word(TCBUnbindNotification));
    CHECK(word(abi::Label::tcb_set_tls_base) == word(TCBSetTLSBase));
    CHECK(word(abi::Label::tcb_set_flags) == word(TCBSetFlags));
    CHECK(word(abi::Label::cnode_revoke) == word(CNodeRevoke));
    CHECK(word(abi::Label::cnode_delete) == word(CNodeDelete));
    CHECK(word(abi::Label::cnode_cancel_badged_sends) == word(CNodeCancelBadgedSends));
    CHECK(word(abi::Label::cnode_copy) == word(CNodeCopy));
    CHECK(word(abi::Label::cnode_mint) == word(CNodeMint));
    CHECK(word(abi::Label::cnode_move) == word(CNodeMove));
    CHECK(word(abi::Label::cnode_mutate) == word(CNodeMutate));
    CHECK(word(abi::Label::cnode_rotate) == word(CNodeRotate));
    CHECK(word(abi::Label::irq_issue_irq_handler) == word(IRQIssueIRQHandler));
    CHECK(word(abi::Label::irq_ack_irq) == word(IRQAckIRQ));
    CHECK(word(abi::Label::irq_set_irq_handler) == word(IRQSetIRQHandler));
    CHECK(word(abi::Label::irq_clear_irq_handler) == word(IRQClearIRQHandler));
    CHECK(word(abi::Label::domain_set_set) == word(DomainSetSet));
    CHECK(word(abi::Label::domain_schedule_configure) == word(DomainScheduleConfigure));
    CHECK(word(abi::Label::domain_schedule_set_start) == word(DomainScheduleSetStart));
    CHECK(word(abi::Label::sched_control_configure_flags) == word(SchedControlConfigureFlags));
    CHECK(word(abi::Label::sched_context_bind) == word(SchedContextBind));
    CHECK(word(abi::Label::sched_context_unbind) == word(SchedContextUnbind));
    CHECK(word(abi::Label::sched_context_unbind_object) == word(SchedContextUnbindObject));
    CHECK(word(abi::Label::sched_context_consumed) == word(SchedContextConsumed));
    CHECK(word(abi::Label::sched_context_yield_to) == word(SchedContextYieldTo));
    CHECK(word(abi::Label::x86_pdpt_map) == word(X86PDPTMap));
    CHECK(word(abi::Label::x86_pdpt_unmap) == word(X86PDPTUnmap));
    CHECK(word(abi::Label::x86_page_directory_map) == word(X86PageDirectoryMap));
    CHECK(word(abi::Label::x86_page_directory_unmap) == word(X86PageDirectoryUnmap));
    CHECK(word(abi::Label::x86_page_table_map) == word(X86PageTableMap));
    CHECK(word(abi::Label::x86_page_table_unmap) == word(X86PageTableUnmap));
    CHECK(word(abi::Label::x86_io_page_table_map) == word(X86IOPageTableMap));
    CHECK(word(abi::Label::x86_io_page_table_unmap) == word(X86IOPageTableUnmap));
    CHECK(word(abi::Label::x86_page_map) == word(X86PageMap));
    CHECK(word(abi::Label::x86_page_unmap) == word(X86PageUnmap));
    CHECK(word(abi::Label::x86_page_map_io) == word(X86PageMapIO));
    CHECK(word(abi::Label::x86_page_get_address) == word(X86PageGetAddress));
    CHECK(word(abi::Label::x86_page_map_ept) == word(X86PageMapEPT));
    CHECK(word(abi::Label::x86_asid_control_make_pool) == word(X86ASIDControlMakePool));
    CHECK(word(abi::Label::x86_asid_pool_assign) == word(X86ASIDPoolAssign));
    CHECK(word(abi::Label::x86_io_port_control_issue) == word(X86IOPortControlIssue));
    CHECK(word(abi::Label::x86_io_port_in8) == word(X86IOPortIn8));
    CHECK(word(abi::Label::x86_io_port_in16) == word(X86IOPortIn16));
    CHECK(word(abi::Label::x86_io_port_in32) == word(X86IOPortIn32));
    CHECK(word(abi::Label::x86_io_port_out8) == word(X86IOPortOut8));
    CHECK(word(abi::Label::x86_io_port_out16) == word(X86IOPortOut16));
    CHECK(word(abi::Label::x86_io_port_out32) == word(X86IOPortOut32));
    CHECK(word(abi::Label::x86_irq_issue_irq_handler_ioapic) == word(X86IRQIssueIRQHandlerIOAPIC));
    CHECK(word(abi::Label::x86_irq_issue_irq_handler_msi) == word(X86IRQIssueIRQHandlerMSI));
    CHECK(word(abi::Label::tcb_set_ept_root) == word(TCBSetEPTRoot));
    CHECK(word(abi::Label::x86_vcpu_set_tcb) == word(X86VCPUSetTCB));
    CHECK(word(abi::Label::x86_vcpu_read_vmcs) == word(X86VCPUReadVMCS));
    CHECK(word(abi::Label::x86_vcpu_write_vmcs) == word(X86VCPUWriteVMCS));
    CHECK(word(abi::Label::x86_vcpu_enable_io_port) == word(X86VCPUEnableIOPort));
    CHECK(word(abi::Label::x86_vcpu_disable_io_port) == word(X86VCPUDisableIOPort));
    CHECK(word(abi::Label::x86_vcpu_write_registers) == word(X86VCPUWriteRegisters));
    CHECK(word(abi::Label::x86_ept_pdpt_map) == word(X86EPTPDPTMap));
    CHECK(word(abi::Label::x86_ept_pdpt_unmap) == word(X86EPTPDPTUnmap));
    CHECK(word(abi::Label::x86_ept_pd_map) == word(X86EPTPDMap));
    CHECK(word(abi::Label::x86_ept_pd_unmap) == word(X86EPTPDUnmap));
    CHECK(word(abi::Label::x86_ept_pt_map) == word(X86EPTPTMap));
    CHECK(word(abi::Label::x86_ept_pt_unmap) == word(X86EPTPTUnmap));
    CHECK(word(abi::ObjectType::untyped) == word(seL4_UntypedObject));
    CHECK(word(abi::ObjectType::tcb) == word(seL4_TCBObject));
    CHECK(word(abi::ObjectType::endpoint) == word(seL4_EndpointObject));
    CHECK(word(abi::ObjectType::notification) == word(seL4_NotificationObject));
    CHECK(word(abi::ObjectType::cnode) == word(seL4_CapTableObject));
    CHECK(word(abi::ObjectType::sched_context) == word(seL4_SchedContextObject));
    CHECK(word(abi::ObjectType::reply) == word(seL4_ReplyObject));
    CHECK(word(abi::ObjectType::x86_pdpt) == word(seL4_X86_PDPTObject));
    CHECK(word(abi::ObjectType::x64_pml4) == word(seL4_X64_PML4Object));
    CHECK(word(abi::ObjectType::x64_huge_page) == word(seL4_X64_HugePageObject));
    CHECK(word(abi::ObjectType::x86_4k) == word(seL4_X86_4K));
    CHECK(word(abi::ObjectType::x86_large_page) == word(seL4_X86_LargePageObject));
    CHECK(word(abi::ObjectType::x86_page_table) == word(seL4_X86_PageTableObject));
    CHECK(word(abi::ObjectType::x86_page_directory) == word(seL4_X86_PageDirectoryObject));
    CHECK(word(abi::ObjectType::x86_io_page_table) == word(seL4_X86_IOPageTableObject));
    CHECK(word(abi::ObjectType::x86_vcpu) == word(seL4_X86_VCPUObject));
    CHECK(word(abi::ObjectType::x86_ept_pml4) == word(seL4_X86_EPTPML4Object));
    CHECK(word(abi::ObjectType::x86_ept_pdpt) == word(seL4_X86_EPTPDPTObject));
    CHECK(word(abi::ObjectType::x86_ept_pd) == word(seL4_X86_EPTPDObject));
    CHECK(word(abi::ObjectType::x86_ept_pt) == word(seL4_X86_EPTPTObject));
    CHECK(word(abi::ErrorCode::no_error) == word(seL4_NoError));
    CHECK(word(abi::ErrorCode::invalid_argument) == word(seL4_InvalidArgument));
    CHECK(word(abi::ErrorCode::invalid_capability) == word(seL4_InvalidCapability));
    CHECK(word(abi::ErrorCode::illegal_operation) == word(seL4_IllegalOperation));
    CHECK(word(abi::ErrorCode::range_error) == word(seL4_RangeError));
    CHECK(word(abi::ErrorCode::alignment_error) == word(seL4_AlignmentError));
    CHECK(word(abi::ErrorCode::failed_lookup) == word(seL4_FailedLookup));
    CHECK(word(abi::ErrorCode::truncated_message) == word(seL4_TruncatedMessage));
    CHECK(word(abi::ErrorCode::delete_first) == word(seL4_DeleteFirst));
    CHECK(word(abi::ErrorCode::revoke_first) == word(seL4_RevokeFirst));
    CHECK(word(abi::ErrorCode::not_enough_memory) == word(seL4_NotEnoughMemory));
    CHECK(word(abi::Syscall::vm_enter) == word(seL4_SysVMEnter));
    CHECK(abi::label_count == nArchInvocationLabels);
    CHECK(abi::object_type_count == seL4_ObjectTypeCount);
    CHECK(abi::error_count == seL4_NumErrors);
    CHECK(word(abi::LookupFailure::guard_mismatch) == seL4_GuardMismatch);
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

TEST_CASE("execute-never combines with every memory type and with nothing else", "[abi]")
{
    for (u64 type = 0; type <= 4; ++type) {
        CHECK(abi::vm_attributes_valid(type));
        CHECK(abi::vm_attributes_valid(type | abi::vm_execute_never));
    }
    for (u64 refused : {u64{5}, u64{99}, u64{0x105}, u64{0x200}, u64{0x10063}, ~u64{0}})
        CHECK_FALSE(abi::vm_attributes_valid(refused));
}

TEST_CASE("object_bits counts slots for CNodes and bytes for the others", "[abi]")
{
    CHECK(abi::object_bits(abi::ObjectType::cnode, 4) == 9);
    CHECK(abi::object_bits(abi::ObjectType::untyped, 20) == 20);
    CHECK(abi::object_bits(abi::ObjectType::tcb, 99) == 11);
    CHECK(abi::object_bits(abi::ObjectType::x86_large_page, 0) == 21);
    CHECK(abi::object_bits(static_cast<abi::ObjectType>(20), 0) == 0);
}

// Sizes, limits, rights, attributes and the root task's fixed slots: seL4's values for the pinned
// configuration. Every one is checked against a list in tests/unit/libs/abi.
#pragma once

#include "kit/types.hpp"

namespace abi {

// Object sizes, log2 of bytes.
inline constexpr u64 slot_bits = 5;
inline constexpr u64 tcb_bits = 11; ///< FPU state included, which is why users get no AVX
inline constexpr u64 endpoint_bits = 4;
inline constexpr u64 notification_bits = 6;
inline constexpr u64 reply_bits = 5;
inline constexpr u64 page_bits = 12;
inline constexpr u64 large_page_bits = 21;
inline constexpr u64 huge_page_bits = 30;
inline constexpr u64 asid_pool_bits = 12;
inline constexpr u64 vcpu_bits = 14;
inline constexpr u64 min_untyped_bits = 4;
inline constexpr u64 max_untyped_bits = 47;

// Scheduling contexts. A context of 2^n bytes holds (2^n - core) / refill extra refills.
inline constexpr u64 min_sched_context_bits = 7;
inline constexpr u64 core_sched_context_bytes = 128;
inline constexpr u64 refill_bytes = 16;
inline constexpr u64 sched_context_no_flag = 0;
inline constexpr u64 sched_context_sporadic = 1;
inline constexpr u64 min_budget_us = 20;

/// Extra refills that a scheduling context of 2^bits bytes has room for. bits >= 7.
constexpr u64 max_extra_refills(u64 bits)
{
    return ((u64{1} << bits) - core_sched_context_bytes) / refill_bytes;
}

// Messages.
inline constexpr u64 msg_length_bits = 7;
inline constexpr u64 msg_extra_cap_bits = 2;
inline constexpr u64 msg_max_length = 120;
inline constexpr u64 msg_max_extra_caps = 3;
inline constexpr u64 msg_registers = 4; ///< message registers that are CPU registers

// Untyped and CNode.
inline constexpr u64 retype_max_objects = 256;
inline constexpr u64 word_bits = 64;
inline constexpr u64 cnode_guard_size_bits = 6; ///< low bits of the guard word

// Threads.
inline constexpr u64 priority_count = 256;
inline constexpr u64 max_priority = 255;
inline constexpr u64 tcb_flag_fpu_disabled = 1;
inline constexpr u64 tcb_flags_known = tcb_flag_fpu_disabled;

// Rights word of CNode.copy, mint and Page.map.
inline constexpr u64 right_write = 1;
inline constexpr u64 right_read = 2;
inline constexpr u64 right_grant = 4;
inline constexpr u64 right_grant_reply = 8;
inline constexpr u64 rights_all = 15;

/// Memory type of a mapping (PAT): the low three bits of an attribute word. Others are ignored.
enum class VmAttributes : u64 {
    write_back = 0,
    write_through = 1,
    cache_disabled = 2,
    uncacheable = 3,
    write_combining = 4,
};

/// User mappings lie below this address: the last page below 2^47 is not mappable, so that no
/// system call can return to a non-canonical address.
inline constexpr u64 user_top = 0x7fff'ffff'f000;

// Bits of the address that were left when a map found no table of that level (FailedLookup, MR2).
inline constexpr u64 mapping_no_pdpt = 39;
inline constexpr u64 mapping_no_page_directory = 30;
inline constexpr u64 mapping_no_page_table = 21;

// ASIDs.
inline constexpr u64 asid_pool_count = 8;
inline constexpr u64 asids_per_pool = 512;

// Interrupts. The vector argument of GetIOAPIC and GetMSI; the CPU's vector is that + irq_offset.
inline constexpr u64 irq_vector_min = 0;
inline constexpr u64 irq_vector_max = 107;
inline constexpr u64 irq_offset = 0x30;

// Slots of the root CNode that the kernel fills, and the first that is not fixed.
inline constexpr u64 slot_null = 0;
inline constexpr u64 slot_init_thread_tcb = 1;
inline constexpr u64 slot_init_thread_cnode = 2;
inline constexpr u64 slot_init_thread_vspace = 3;
inline constexpr u64 slot_irq_control = 4;
inline constexpr u64 slot_asid_control = 5;
inline constexpr u64 slot_init_thread_asid_pool = 6;
inline constexpr u64 slot_io_port_control = 7;
inline constexpr u64 slot_io_space = 8; ///< empty without an IOMMU
inline constexpr u64 slot_boot_info_frame = 9;
inline constexpr u64 slot_init_thread_ipc_buffer = 10;
inline constexpr u64 slot_domain = 11;
inline constexpr u64 slot_smmu_sid_control = 12; ///< empty on x86
inline constexpr u64 slot_smmu_cb_control = 13;  ///< empty on x86
inline constexpr u64 slot_init_thread_sc = 14;
inline constexpr u64 slot_smc = 15; ///< empty on x86
inline constexpr u64 initial_slot_count = 16;

} // namespace abi

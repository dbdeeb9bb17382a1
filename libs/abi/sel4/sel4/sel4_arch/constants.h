/* Sizes of objects and tables (log2 of bytes or entries), and the words of fault messages. */
#pragma once

#include <sel4/config.h>
#include <sel4/macros.h>

#define TLS_GDT_ENTRY 7
#define TLS_GDT_SELECTOR ((TLS_GDT_ENTRY << 3) | 3)
#define IPCBUF_GDT_ENTRY 8
#define IPCBUF_GDT_SELECTOR ((IPCBUF_GDT_ENTRY << 3) | 3)

#define seL4_DataFault 0
#define seL4_InstructionFault 1

#define seL4_WordBits 64
#define seL4_WordSizeBits 3

#define seL4_SlotBits 5
#define seL4_TCBBits 11
#define seL4_EndpointBits 4
#define seL4_NotificationBits 6
#define seL4_ReplyBits 5
#define seL4_MinUntypedBits 4
#define seL4_MaxUntypedBits 47

#define seL4_PageBits 12
#define seL4_LargePageBits 21
#define seL4_HugePageBits 30

#define seL4_PageTableEntryBits 3
#define seL4_PageTableIndexBits 9
#define seL4_PageTableBits 12
#define seL4_PageDirEntryBits 3
#define seL4_PageDirIndexBits 9
#define seL4_PageDirBits 12
#define seL4_PDPTEntryBits 3
#define seL4_PDPTIndexBits 9
#define seL4_PDPTBits 12
#define seL4_PML4EntryBits 3
#define seL4_PML4IndexBits 9
#define seL4_PML4Bits 12
#define seL4_VSpaceBits seL4_PML4Bits
#define seL4_IOPageTableEntryBits 3
#define seL4_IOPageTableIndexBits 9
#define seL4_IOPageTableBits 12

#define seL4_NumASIDPoolsBits 3
#define seL4_ASIDPoolIndexBits 9
#define seL4_ASIDPoolBits 12

#define seL4_FastMessageRegisters 4
#define seL4_IPCBufferSizeBits 10

/* First address that no user page can be mapped at, and the last that can be used. */
#define seL4_UserTop 0x00007ffffffff000
#define seL4_UserVSpaceTop (seL4_UserTop - 1)

#ifndef __ASSEMBLER__

typedef enum {
    seL4_VMFault_IP = 0,
    seL4_VMFault_Addr = 1,
    seL4_VMFault_PrefetchFault = 2,
    seL4_VMFault_FSR = 3,
    seL4_VMFault_Length = 4,
    SEL4_FORCE_LONG_ENUM(seL4_VMFault_Msg)
} seL4_VMFault_Msg;

typedef enum {
    seL4_UnknownSyscall_RAX = 0,
    seL4_UnknownSyscall_RBX = 1,
    seL4_UnknownSyscall_RCX = 2,
    seL4_UnknownSyscall_RDX = 3,
    seL4_UnknownSyscall_RSI = 4,
    seL4_UnknownSyscall_RDI = 5,
    seL4_UnknownSyscall_RBP = 6,
    seL4_UnknownSyscall_R8 = 7,
    seL4_UnknownSyscall_R9 = 8,
    seL4_UnknownSyscall_R10 = 9,
    seL4_UnknownSyscall_R11 = 10,
    seL4_UnknownSyscall_R12 = 11,
    seL4_UnknownSyscall_R13 = 12,
    seL4_UnknownSyscall_R14 = 13,
    seL4_UnknownSyscall_R15 = 14,
    seL4_UnknownSyscall_FaultIP = 15,
    seL4_UnknownSyscall_SP = 16,
    seL4_UnknownSyscall_FLAGS = 17,
    seL4_UnknownSyscall_Syscall = 18,
    seL4_UnknownSyscall_Length = 19,
    SEL4_FORCE_LONG_ENUM(seL4_UnknownSyscall_Msg)
} seL4_UnknownSyscall_Msg;

typedef enum {
    seL4_UserException_FaultIP = 0,
    seL4_UserException_SP = 1,
    seL4_UserException_FLAGS = 2,
    seL4_UserException_Number = 3,
    seL4_UserException_Code = 4,
    seL4_UserException_Length = 5,
    SEL4_FORCE_LONG_ENUM(seL4_UserException_Msg)
} seL4_UserException_Msg;

typedef enum {
    seL4_Timeout_Data = 0,
    seL4_Timeout_Consumed = 1,
    seL4_Timeout_Length = 2,
    SEL4_FORCE_LONG_ENUM(seL4_Timeout_Msg)
} seL4_Timeout_Msg;

/* The order of seL4_UserContext, without gs_base. */
typedef enum {
    seL4_TimeoutReply_FaultIP = 0,
    seL4_TimeoutReply_RSP = 1,
    seL4_TimeoutReply_FLAGS = 2,
    seL4_TimeoutReply_RAX = 3,
    seL4_TimeoutReply_RBX = 4,
    seL4_TimeoutReply_RCX = 5,
    seL4_TimeoutReply_RDX = 6,
    seL4_TimeoutReply_RSI = 7,
    seL4_TimeoutReply_RDI = 8,
    seL4_TimeoutReply_RBP = 9,
    seL4_TimeoutReply_R8 = 10,
    seL4_TimeoutReply_R9 = 11,
    seL4_TimeoutReply_R10 = 12,
    seL4_TimeoutReply_R11 = 13,
    seL4_TimeoutReply_R12 = 14,
    seL4_TimeoutReply_R13 = 15,
    seL4_TimeoutReply_R14 = 16,
    seL4_TimeoutReply_R15 = 17,
    seL4_TimeoutReply_TLS_BASE = 18,
    seL4_TimeoutReply_Length = 19,
    SEL4_FORCE_LONG_ENUM(seL4_TimeoutReply_Msg)
} seL4_TimeoutReply_Msg;

#endif

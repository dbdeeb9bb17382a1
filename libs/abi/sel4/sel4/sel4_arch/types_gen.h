/* seL4_Fault_t: a fault message as one value, and the IOSpace word. Word 0 holds the kind, the
 * others the fields, last one first. Accessors come from macros: for seL4_Fault_VMFault_get_Addr
 * look for SEL4_FAULT_FIELD(VMFault, Addr, ...). */
#pragma once

#include <sel4/shared_types_gen.h>

struct seL4_Fault {
    seL4_Uint64 words[20];
};
typedef struct seL4_Fault seL4_Fault_t;

enum seL4_Fault_tag {
    seL4_Fault_NullFault = 0,
    seL4_Fault_CapFault = 1,
    seL4_Fault_UnknownSyscall = 2,
    seL4_Fault_UserException = 3,
    seL4_Fault_Timeout = 5,
    seL4_Fault_VMFault = 6
};
typedef enum seL4_Fault_tag seL4_Fault_tag_t;

LIBSEL4_INLINE_FUNC seL4_Uint64 CONST seL4_Fault_get_seL4_FaultType(seL4_Fault_t fault)
{
    return fault.words[0] & 0xf;
}
LIBSEL4_INLINE_FUNC seL4_Uint64 PURE seL4_Fault_ptr_get_seL4_FaultType(seL4_Fault_t* fault)
{
    return fault->words[0] & 0xf;
}
LIBSEL4_INLINE_FUNC int CONST seL4_Fault_seL4_FaultType_equals(seL4_Fault_t fault, seL4_Uint64 tag)
{
    return (fault.words[0] & 0xf) == tag;
}

/* Whole-word field of one kind of fault. */
#define SEL4_FAULT_FIELD(kind, field, word)                                                        \
    LIBSEL4_INLINE_FUNC seL4_Uint64 CONST seL4_Fault_##kind##_get_##field(seL4_Fault_t fault)      \
    {                                                                                              \
        return fault.words[word];                                                                  \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC seL4_Fault_t CONST seL4_Fault_##kind##_set_##field(seL4_Fault_t fault,     \
                                                                           seL4_Uint64 value)      \
    {                                                                                              \
        fault.words[word] = value;                                                                 \
        return fault;                                                                              \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC seL4_Uint64 PURE seL4_Fault_##kind##_ptr_get_##field(seL4_Fault_t* fault)  \
    {                                                                                              \
        return fault->words[word];                                                                 \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC void seL4_Fault_##kind##_ptr_set_##field(seL4_Fault_t* fault,              \
                                                                 seL4_Uint64 value)                \
    {                                                                                              \
        fault->words[word] = value;                                                                \
    }

LIBSEL4_INLINE_FUNC seL4_Fault_t CONST seL4_Fault_NullFault_new(void)
{
    seL4_Fault_t fault = {{seL4_Fault_NullFault}};
    return fault;
}
LIBSEL4_INLINE_FUNC void seL4_Fault_NullFault_ptr_new(seL4_Fault_t* fault)
{
    *fault = seL4_Fault_NullFault_new();
}

SEL4_FAULT_FIELD(CapFault, IP, 7)
SEL4_FAULT_FIELD(CapFault, Addr, 6)
SEL4_FAULT_FIELD(CapFault, InRecvPhase, 5)
SEL4_FAULT_FIELD(CapFault, LookupFailureType, 4)
SEL4_FAULT_FIELD(CapFault, MR4, 3)
SEL4_FAULT_FIELD(CapFault, MR5, 2)
SEL4_FAULT_FIELD(CapFault, MR6, 1)
LIBSEL4_INLINE_FUNC seL4_Fault_t CONST seL4_Fault_CapFault_new(seL4_Uint64 IP, seL4_Uint64 Addr,
                                                               seL4_Uint64 InRecvPhase,
                                                               seL4_Uint64 LookupFailureType,
                                                               seL4_Uint64 MR4, seL4_Uint64 MR5,
                                                               seL4_Uint64 MR6)
{
    seL4_Fault_t fault = {
        {seL4_Fault_CapFault, MR6, MR5, MR4, LookupFailureType, InRecvPhase, Addr, IP}};
    return fault;
}
LIBSEL4_INLINE_FUNC void seL4_Fault_CapFault_ptr_new(seL4_Fault_t* fault, seL4_Uint64 IP,
                                                     seL4_Uint64 Addr, seL4_Uint64 InRecvPhase,
                                                     seL4_Uint64 LookupFailureType, seL4_Uint64 MR4,
                                                     seL4_Uint64 MR5, seL4_Uint64 MR6)
{
    *fault = seL4_Fault_CapFault_new(IP, Addr, InRecvPhase, LookupFailureType, MR4, MR5, MR6);
}

SEL4_FAULT_FIELD(UnknownSyscall, RAX, 19)
SEL4_FAULT_FIELD(UnknownSyscall, RBX, 18)
SEL4_FAULT_FIELD(UnknownSyscall, RCX, 17)
SEL4_FAULT_FIELD(UnknownSyscall, RDX, 16)
SEL4_FAULT_FIELD(UnknownSyscall, RSI, 15)
SEL4_FAULT_FIELD(UnknownSyscall, RDI, 14)
SEL4_FAULT_FIELD(UnknownSyscall, RBP, 13)
SEL4_FAULT_FIELD(UnknownSyscall, R8, 12)
SEL4_FAULT_FIELD(UnknownSyscall, R9, 11)
SEL4_FAULT_FIELD(UnknownSyscall, R10, 10)
SEL4_FAULT_FIELD(UnknownSyscall, R11, 9)
SEL4_FAULT_FIELD(UnknownSyscall, R12, 8)
SEL4_FAULT_FIELD(UnknownSyscall, R13, 7)
SEL4_FAULT_FIELD(UnknownSyscall, R14, 6)
SEL4_FAULT_FIELD(UnknownSyscall, R15, 5)
SEL4_FAULT_FIELD(UnknownSyscall, FaultIP, 4)
SEL4_FAULT_FIELD(UnknownSyscall, RSP, 3)
SEL4_FAULT_FIELD(UnknownSyscall, FLAGS, 2)
SEL4_FAULT_FIELD(UnknownSyscall, Syscall, 1)
LIBSEL4_INLINE_FUNC seL4_Fault_t CONST seL4_Fault_UnknownSyscall_new(
    seL4_Uint64 RAX, seL4_Uint64 RBX, seL4_Uint64 RCX, seL4_Uint64 RDX, seL4_Uint64 RSI,
    seL4_Uint64 RDI, seL4_Uint64 RBP, seL4_Uint64 R8, seL4_Uint64 R9, seL4_Uint64 R10,
    seL4_Uint64 R11, seL4_Uint64 R12, seL4_Uint64 R13, seL4_Uint64 R14, seL4_Uint64 R15,
    seL4_Uint64 FaultIP, seL4_Uint64 RSP, seL4_Uint64 FLAGS, seL4_Uint64 Syscall)
{
    seL4_Fault_t fault = {{seL4_Fault_UnknownSyscall,
                           Syscall,
                           FLAGS,
                           RSP,
                           FaultIP,
                           R15,
                           R14,
                           R13,
                           R12,
                           R11,
                           R10,
                           R9,
                           R8,
                           RBP,
                           RDI,
                           RSI,
                           RDX,
                           RCX,
                           RBX,
                           RAX}};
    return fault;
}
LIBSEL4_INLINE_FUNC void seL4_Fault_UnknownSyscall_ptr_new(
    seL4_Fault_t* fault, seL4_Uint64 RAX, seL4_Uint64 RBX, seL4_Uint64 RCX, seL4_Uint64 RDX,
    seL4_Uint64 RSI, seL4_Uint64 RDI, seL4_Uint64 RBP, seL4_Uint64 R8, seL4_Uint64 R9,
    seL4_Uint64 R10, seL4_Uint64 R11, seL4_Uint64 R12, seL4_Uint64 R13, seL4_Uint64 R14,
    seL4_Uint64 R15, seL4_Uint64 FaultIP, seL4_Uint64 RSP, seL4_Uint64 FLAGS, seL4_Uint64 Syscall)
{
    *fault = seL4_Fault_UnknownSyscall_new(RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12,
                                           R13, R14, R15, FaultIP, RSP, FLAGS, Syscall);
}

SEL4_FAULT_FIELD(UserException, FaultIP, 5)
SEL4_FAULT_FIELD(UserException, Stack, 4)
SEL4_FAULT_FIELD(UserException, FLAGS, 3)
SEL4_FAULT_FIELD(UserException, Number, 2)
SEL4_FAULT_FIELD(UserException, Code, 1)
LIBSEL4_INLINE_FUNC seL4_Fault_t CONST seL4_Fault_UserException_new(
    seL4_Uint64 FaultIP, seL4_Uint64 Stack, seL4_Uint64 FLAGS, seL4_Uint64 Number, seL4_Uint64 Code)
{
    seL4_Fault_t fault = {{seL4_Fault_UserException, Code, Number, FLAGS, Stack, FaultIP}};
    return fault;
}
LIBSEL4_INLINE_FUNC void seL4_Fault_UserException_ptr_new(seL4_Fault_t* fault, seL4_Uint64 FaultIP,
                                                          seL4_Uint64 Stack, seL4_Uint64 FLAGS,
                                                          seL4_Uint64 Number, seL4_Uint64 Code)
{
    *fault = seL4_Fault_UserException_new(FaultIP, Stack, FLAGS, Number, Code);
}

SEL4_FAULT_FIELD(Timeout, data, 2)
SEL4_FAULT_FIELD(Timeout, consumed, 1)
LIBSEL4_INLINE_FUNC seL4_Fault_t CONST seL4_Fault_Timeout_new(seL4_Uint64 data,
                                                              seL4_Uint64 consumed)
{
    seL4_Fault_t fault = {{seL4_Fault_Timeout, consumed, data}};
    return fault;
}
LIBSEL4_INLINE_FUNC void seL4_Fault_Timeout_ptr_new(seL4_Fault_t* fault, seL4_Uint64 data,
                                                    seL4_Uint64 consumed)
{
    *fault = seL4_Fault_Timeout_new(data, consumed);
}

SEL4_FAULT_FIELD(VMFault, IP, 4)
SEL4_FAULT_FIELD(VMFault, Addr, 3)
SEL4_FAULT_FIELD(VMFault, PrefetchFault, 2)
SEL4_FAULT_FIELD(VMFault, FSR, 1)
LIBSEL4_INLINE_FUNC seL4_Fault_t CONST seL4_Fault_VMFault_new(seL4_Uint64 IP, seL4_Uint64 Addr,
                                                              seL4_Uint64 PrefetchFault,
                                                              seL4_Uint64 FSR)
{
    seL4_Fault_t fault = {{seL4_Fault_VMFault, FSR, PrefetchFault, Addr, IP}};
    return fault;
}
LIBSEL4_INLINE_FUNC void seL4_Fault_VMFault_ptr_new(seL4_Fault_t* fault, seL4_Uint64 IP,
                                                    seL4_Uint64 Addr, seL4_Uint64 PrefetchFault,
                                                    seL4_Uint64 FSR)
{
    *fault = seL4_Fault_VMFault_new(IP, Addr, PrefetchFault, FSR);
}

/* Badge word of an IOSpace capability: a domain and the PCI function it is for. */
struct seL4_X86_IOSpace_CapData {
    seL4_Uint64 words[1];
};
typedef struct seL4_X86_IOSpace_CapData seL4_X86_IOSpace_CapData_t;
SEL4_FIELD(seL4_X86_IOSpace_CapData, domainID, 0, 16, 16)
SEL4_FIELD(seL4_X86_IOSpace_CapData, pciBus, 0, 8, 8)
SEL4_FIELD(seL4_X86_IOSpace_CapData, pciDev, 0, 3, 5)
SEL4_FIELD(seL4_X86_IOSpace_CapData, pciFun, 0, 0, 3)
LIBSEL4_INLINE_FUNC seL4_X86_IOSpace_CapData_t CONST seL4_X86_IOSpace_CapData_new(
    seL4_Uint64 domainID, seL4_Uint64 pciBus, seL4_Uint64 pciDev, seL4_Uint64 pciFun)
{
    seL4_X86_IOSpace_CapData_t data = {{0}};
    data.words[0] =
        (domainID & 0xffff) << 16 | (pciBus & 0xff) << 8 | (pciDev & 31) << 3 | (pciFun & 7);
    return data;
}
LIBSEL4_INLINE_FUNC void seL4_X86_IOSpace_CapData_ptr_new(seL4_X86_IOSpace_CapData_t* data,
                                                          seL4_Uint64 domainID, seL4_Uint64 pciBus,
                                                          seL4_Uint64 pciDev, seL4_Uint64 pciFun)
{
    *data = seL4_X86_IOSpace_CapData_new(domainID, pciBus, pciDev, pciFun);
}

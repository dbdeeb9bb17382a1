/* From a fault message, as it lies in the IPC buffer, to a seL4_Fault_t, and tests of its label. */
#pragma once

#include <sel4/config.h>
#include <sel4/types.h>
/* Needs the types. */
#include <sel4/sel4_arch/faults.h>

/* Reads the message registers of the fault that `tag` announces. */
LIBSEL4_INLINE_FUNC seL4_Fault_t seL4_getFault(seL4_MessageInfo_t tag)
{
    if (seL4_MessageInfo_get_label(tag) != seL4_Fault_CapFault) return seL4_getArchFault(tag);
    return seL4_Fault_CapFault_new(
        seL4_GetMR(seL4_CapFault_IP), seL4_GetMR(seL4_CapFault_Addr),
        seL4_GetMR(seL4_CapFault_InRecvPhase), seL4_GetMR(seL4_CapFault_LookupFailureType),
        seL4_GetMR(seL4_CapFault_BitsLeft), seL4_GetMR(seL4_CapFault_GuardMismatch_GuardFound),
        seL4_GetMR(seL4_CapFault_GuardMismatch_BitsFound));
}

LIBSEL4_INLINE_FUNC seL4_Bool seL4_isNullFault_tag(seL4_MessageInfo_t tag)
{
    return seL4_MessageInfo_get_label(tag) == seL4_Fault_NullFault;
}
LIBSEL4_INLINE_FUNC seL4_Bool seL4_isCapFault_tag(seL4_MessageInfo_t tag)
{
    return seL4_MessageInfo_get_label(tag) == seL4_Fault_CapFault;
}
LIBSEL4_INLINE_FUNC seL4_Bool seL4_isUnknownSyscall_tag(seL4_MessageInfo_t tag)
{
    return seL4_MessageInfo_get_label(tag) == seL4_Fault_UnknownSyscall;
}
LIBSEL4_INLINE_FUNC seL4_Bool seL4_isUserException_tag(seL4_MessageInfo_t tag)
{
    return seL4_MessageInfo_get_label(tag) == seL4_Fault_UserException;
}
LIBSEL4_INLINE_FUNC seL4_Bool seL4_isTimeoutFault_tag(seL4_MessageInfo_t tag)
{
    return seL4_MessageInfo_get_label(tag) == seL4_Fault_Timeout;
}
LIBSEL4_INLINE_FUNC seL4_Bool seL4_isVMFault_tag(seL4_MessageInfo_t tag)
{
    return seL4_MessageInfo_get_label(tag) == seL4_Fault_VMFault;
}

/* Builds the answer to a timeout: resume or not, and the first `length` registers to set. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_TimeoutReply_new(seL4_Bool resume,
                                                             seL4_UserContext regs,
                                                             seL4_Word length)
{
    seL4_Word const* words = (seL4_Word const*)&regs;
    for (seL4_Word i = 0; i < length; i++) seL4_GetIPCBuffer()->msg[i] = words[i];
    return seL4_MessageInfo_new(!resume, 0, 0, length);
}

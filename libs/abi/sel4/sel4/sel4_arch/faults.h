/* Fault messages whose words x86-64 decides. */
#pragma once

#include <sel4/functions.h>

/* The fault that `tag` announces, read from the message registers; NullFault for another label. */
LIBSEL4_INLINE_FUNC seL4_Fault_t seL4_getArchFault(seL4_MessageInfo_t tag)
{
    seL4_Word const* mr = seL4_GetIPCBuffer()->msg;
    switch (seL4_MessageInfo_get_label(tag)) {
    case seL4_Fault_UnknownSyscall:
        return seL4_Fault_UnknownSyscall_new(mr[0], mr[1], mr[2], mr[3], mr[4], mr[5], mr[6], mr[7],
                                             mr[8], mr[9], mr[10], mr[11], mr[12], mr[13], mr[14],
                                             mr[15], mr[16], mr[17], mr[18]);
    case seL4_Fault_UserException:
        return seL4_Fault_UserException_new(mr[0], mr[1], mr[2], mr[3], mr[4]);
    case seL4_Fault_Timeout:
        return seL4_Fault_Timeout_new(mr[0], mr[1]);
    case seL4_Fault_VMFault:
        return seL4_Fault_VMFault_new(mr[0], mr[1], mr[2], mr[3]);
    default:
        return seL4_Fault_NullFault_new();
    }
}

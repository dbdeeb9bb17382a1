/* C names of what Hypercore adds to seL4's interface. Numbers: abi/extensions.hpp;
 * what they do: docs/kernel-api/extensions.md. */
#pragma once

#include <sel4/sel4.h>

#define hypercore_PageMapExecuteNever 0x1000ul
#define hypercore_SchedControlConfigureFeedback 0x1001ul

/* seL4_X86_Page_Map, and code does not run from the mapping. */
LIBSEL4_INLINE seL4_Error hypercore_X86_Page_MapExecuteNever(seL4_X86_Page _service,
                                                             seL4_CPtr vspace, seL4_Word vaddr,
                                                             seL4_CapRights_t rights,
                                                             seL4_X86_VMAttributes attr)
{
    seL4_Word mr[4] = {vaddr, rights.words[0], (seL4_Word)attr};
    seL4_SetCap(0, vspace);
    return hypercore_invoke(_service, hypercore_PageMapExecuteNever, 1, 3, mr);
}

/* 1: a scheduling context whose budget is its period goes to level 0 of the feedback class; 0: it
 * becomes a plain one. */
LIBSEL4_INLINE seL4_Error hypercore_SchedControl_ConfigureFeedback(seL4_SchedControl _service,
                                                                   seL4_SchedContext context,
                                                                   seL4_Word enabled)
{
    seL4_Word mr[4] = {enabled};
    seL4_SetCap(0, context);
    return hypercore_invoke(_service, hypercore_SchedControlConfigureFeedback, 1, 1, mr);
}

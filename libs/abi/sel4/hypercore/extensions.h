/* C names of what Hypercore adds to seL4's interface. Numbers: abi/extensions.hpp;
 * what they do: docs/kernel-api/extensions.md. */
#pragma once

#include <sel4/sel4.h>

#define hypercore_PageMapExecuteNever 0x1000ul
#define hypercore_SchedControlConfigureFeedback 0x1001ul
#define hypercore_TCBSetForeign 0x1002ul
#define hypercore_TableHarvest 0x1003ul
#define hypercore_SchedControlSetEventRing 0x1004ul
#define hypercore_HarvestClearAccessed 1ul
#define hypercore_HarvestClearDirty 2ul

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

/* on 1: every system call of the thread is an UnknownSyscall fault, whatever its number; 0: ends
 * that. */
LIBSEL4_INLINE seL4_Error hypercore_TCB_SetForeign(seL4_TCB _service, seL4_Word on)
{
    seL4_Word mr[4] = {on};
    return hypercore_invoke(_service, hypercore_TCBSetForeign, 0, 1, mr);
}

/* Which of `count` entries of a page table, page directory or PDPT map pages that were accessed,
 * and which were written; takes the bits in `clear` away. One bit each; the arrays hold count / 64
 * words, rounded up. */
LIBSEL4_INLINE seL4_Error hypercore_X86_Table_Harvest(seL4_CPtr _service, seL4_Word first,
                                                      seL4_Word count, seL4_Word clear,
                                                      seL4_Word* accessed, seL4_Word* dirty)
{
    seL4_Word mr[4] = {first, count, clear};
    seL4_Error error = hypercore_invoke(_service, hypercore_TableHarvest, 0, 3, mr);
    if (error != seL4_NoError) return error;
    seL4_Word words = (count + 63) / 64;
    for (seL4_Word i = 0; i < 2 * words; i++)
        *(i < words ? &accessed[i] : &dirty[i - words]) =
            i < 4 ? mr[i] : seL4_GetIPCBuffer()->msg[i];
    return error;
}

/* The kernel writes the events of this CPU into the frame; 0: no longer. Layout:
 * abi/event_ring.hpp. */
LIBSEL4_INLINE seL4_Error hypercore_SchedControl_SetEventRing(seL4_SchedControl _service,
                                                              seL4_CPtr frame)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, frame);
    return hypercore_invoke(_service, hypercore_SchedControlSetEventRing, 1, 0, mr);
}

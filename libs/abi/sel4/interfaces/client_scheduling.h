/* Method stubs: scheduling contexts and domains; interrupts.
 * Arguments, errors and rights: docs/kernel-api and abi/errors.hpp. */
#pragma once

#include <interfaces/invoke.h>

/* Budget and period in microseconds, extra refills, badge of timeout faults. */
LIBSEL4_INLINE seL4_Error seL4_SchedControl_ConfigureFlags(seL4_SchedControl _service,
                                                           seL4_SchedContext schedcontext,
                                                           seL4_Time budget, seL4_Time period,
                                                           seL4_Word extra_refills, seL4_Word badge,
                                                           seL4_Word flags)
{
    seL4_Word mr[4] = {budget, period, extra_refills, badge};
    seL4_SetCap(0, schedcontext);
    seL4_SetMR(4, flags);
    return hypercore_invoke(_service, SchedControlConfigureFlags, 1, 5, mr);
}

/* Binds to a thread or a notification. */
LIBSEL4_INLINE seL4_Error seL4_SchedContext_Bind(seL4_SchedContext _service, seL4_CPtr cap)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, cap);
    return hypercore_invoke(_service, SchedContextBind, 1, 0, mr);
}

/* Unbinds from everything. */
LIBSEL4_INLINE seL4_Error seL4_SchedContext_Unbind(seL4_SchedContext _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, SchedContextUnbind, 0, 0, mr);
}

/* Unbinds from this object. */
LIBSEL4_INLINE seL4_Error seL4_SchedContext_UnbindObject(seL4_SchedContext _service, seL4_CPtr cap)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, cap);
    return hypercore_invoke(_service, SchedContextUnbindObject, 1, 0, mr);
}

/* Microseconds used since the last time this was asked. */
typedef struct seL4_SchedContext_Consumed {
    int error;
    seL4_Time consumed;
} seL4_SchedContext_Consumed_t;
LIBSEL4_INLINE seL4_SchedContext_Consumed_t seL4_SchedContext_Consumed(seL4_SchedContext _service)
{
    seL4_Word mr[4] = {0};
    seL4_SchedContext_Consumed_t result;
    result.error = (int)hypercore_invoke(_service, SchedContextConsumed, 0, 0, mr);
    result.consumed = mr[0];
    return result;
}

/* Lets the bound thread run next; returns as Consumed. */
typedef struct seL4_SchedContext_YieldTo {
    int error;
    seL4_Time consumed;
} seL4_SchedContext_YieldTo_t;
LIBSEL4_INLINE seL4_SchedContext_YieldTo_t seL4_SchedContext_YieldTo(seL4_SchedContext _service)
{
    seL4_Word mr[4] = {0};
    seL4_SchedContext_YieldTo_t result;
    result.error = (int)hypercore_invoke(_service, SchedContextYieldTo, 0, 0, mr);
    result.consumed = mr[0];
    return result;
}

/* Moves a thread to a domain. */
LIBSEL4_INLINE seL4_Error seL4_DomainSet_Set(seL4_DomainSet _service, seL4_Uint8 domain,
                                             seL4_TCB thread)
{
    seL4_Word mr[4] = {(seL4_Word)domain};
    seL4_SetCap(0, thread);
    return hypercore_invoke(_service, DomainSetSet, 1, 1, mr);
}

/* Sets one entry of the domain schedule. */
LIBSEL4_INLINE seL4_Error seL4_DomainSet_ScheduleConfigure(seL4_DomainSet _service, seL4_Word index,
                                                           seL4_Uint8 domain, seL4_Time duration)
{
    seL4_Word mr[4] = {index, (seL4_Word)domain, duration};
    return hypercore_invoke(_service, DomainScheduleConfigure, 0, 3, mr);
}

/* Where the domain schedule starts over. */
LIBSEL4_INLINE seL4_Error seL4_DomainSet_ScheduleSetStart(seL4_DomainSet _service, seL4_Word index)
{
    seL4_Word mr[4] = {index};
    return hypercore_invoke(_service, DomainScheduleSetStart, 0, 1, mr);
}

/* IllegalOperation on a machine with an I/O APIC: use GetIOAPIC or GetMSI. */
LIBSEL4_INLINE seL4_Error seL4_IRQControl_Get(seL4_IRQControl _service, seL4_Word irq,
                                              seL4_CNode root, seL4_Word index, seL4_Uint8 depth)
{
    seL4_Word mr[4] = {irq, index, (seL4_Word)depth};
    seL4_SetCap(0, root);
    return hypercore_invoke(_service, IRQIssueIRQHandler, 1, 3, mr);
}

/* Handler of a pin; vector 0 to 107. */
LIBSEL4_INLINE seL4_Error seL4_IRQControl_GetIOAPIC(seL4_IRQControl _service, seL4_CNode root,
                                                    seL4_Word index, seL4_Uint8 depth,
                                                    seL4_Word ioapic, seL4_Word pin,
                                                    seL4_Word level, seL4_Word polarity,
                                                    seL4_Word vector)
{
    seL4_Word mr[4] = {index, (seL4_Word)depth, ioapic, pin};
    seL4_SetCap(0, root);
    seL4_SetMR(4, level);
    seL4_SetMR(5, polarity);
    seL4_SetMR(6, vector);
    return hypercore_invoke(_service, X86IRQIssueIRQHandlerIOAPIC, 1, 7, mr);
}

/* Handler of a message-signalled interrupt; vector 0 to 107. */
LIBSEL4_INLINE seL4_Error seL4_IRQControl_GetMSI(seL4_IRQControl _service, seL4_CNode root,
                                                 seL4_Word index, seL4_Uint8 depth,
                                                 seL4_Word pci_bus, seL4_Word pci_dev,
                                                 seL4_Word pci_func, seL4_Word handle,
                                                 seL4_Word vector)
{
    seL4_Word mr[4] = {index, (seL4_Word)depth, pci_bus, pci_dev};
    seL4_SetCap(0, root);
    seL4_SetMR(4, pci_func);
    seL4_SetMR(5, handle);
    seL4_SetMR(6, vector);
    return hypercore_invoke(_service, X86IRQIssueIRQHandlerMSI, 1, 7, mr);
}

/* Lets the next interrupt through. */
LIBSEL4_INLINE seL4_Error seL4_IRQHandler_Ack(seL4_IRQHandler _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, IRQAckIRQ, 0, 0, mr);
}

/* What to signal, with the badge of this capability. */
LIBSEL4_INLINE seL4_Error seL4_IRQHandler_SetNotification(seL4_IRQHandler _service,
                                                          seL4_CPtr notification)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, notification);
    return hypercore_invoke(_service, IRQSetIRQHandler, 1, 0, mr);
}

/* Undoes SetNotification. */
LIBSEL4_INLINE seL4_Error seL4_IRQHandler_Clear(seL4_IRQHandler _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, IRQClearIRQHandler, 0, 0, mr);
}

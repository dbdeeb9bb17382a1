/* Calls that are not methods themselves but a shorter way to one. */
#pragma once

#include <interfaces/sel4_client.h>

/* ConfigureFlags without flags. budget and period in microseconds. */
LIBSEL4_INLINE seL4_Error seL4_SchedControl_Configure(seL4_SchedControl _service,
                                                      seL4_SchedContext schedcontext,
                                                      seL4_Time budget, seL4_Time period,
                                                      seL4_Word extra_refills, seL4_Word badge)
{
    return seL4_SchedControl_ConfigureFlags(_service, schedcontext, budget, period, extra_refills,
                                            badge, seL4_SchedContext_NoFlag);
}

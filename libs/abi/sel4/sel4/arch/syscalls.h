/* Poll, which is another name of NBWait. */
#pragma once

#include <sel4/functions.h>
#include <sel4/sel4_arch/syscalls.h>

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Poll(seL4_CPtr src, seL4_Word* sender)
{
    return seL4_NBWait(src, sender);
}

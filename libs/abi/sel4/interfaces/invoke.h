/* What all method stubs share: one Call with up to four words in registers. Words beyond those, and
 * capabilities, are put into the IPC buffer by the stub before. */
#pragma once

#include <sel4/config.h>

#include <sel4/types.h>

#include <sel4/sel4_arch/syscalls.h>

#include <sel4/invocation.h>

/* Calls method `label` of `service` with `caps` capabilities and `length` words, of which mr[]
 * holds the first four (unused ones 0). mr[] gets the first four words of the answer; after an
 * error they are in the IPC buffer as well, where seL4_GetMR finds the reason. */
LIBSEL4_INLINE_FUNC seL4_Error hypercore_invoke(seL4_CPtr service, seL4_Word label, seL4_Word caps,
                                                seL4_Word length, seL4_Word mr[4])
{
    struct hypercore_registers io = {
        service, seL4_MessageInfo_new(label, 0, caps, length).words[0], mr[0], mr[1], mr[2], mr[3]};
    hypercore_syscall(seL4_SysCall, &io, 0, 0);
    seL4_Error error = (seL4_Error)(io.info >> 12);
    mr[0] = io.mr0;
    mr[1] = io.mr1;
    mr[2] = io.mr2;
    mr[3] = io.mr3;
    if (error != seL4_NoError) hypercore_store(&io, (seL4_Word*)0);
    return error;
}

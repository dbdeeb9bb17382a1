/* The system calls of the MCS interface. Defined, all inline, in sel4/sel4_arch/syscalls.h. */
#pragma once

#include <sel4/config.h>
#include <sel4/types.h>

/* Sends and blocks until somebody receives. Silent on failure but for capability faults. */
LIBSEL4_INLINE_FUNC void seL4_Send(seL4_CPtr dest, seL4_MessageInfo_t msgInfo);
/* As Send, but drops the message when nobody waits for it. */
LIBSEL4_INLINE_FUNC void seL4_NBSend(seL4_CPtr dest, seL4_MessageInfo_t msgInfo);
/* Sends, then waits for the reply; also the way to invoke a kernel object. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Call(seL4_CPtr dest, seL4_MessageInfo_t msgInfo);
/* Blocks for a message; the reply object takes the right to answer. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Recv(seL4_CPtr src, seL4_Word* sender, seL4_CPtr reply);
/* As Recv, but comes back at once with badge 0 when there is none. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBRecv(seL4_CPtr src, seL4_Word* sender,
                                                   seL4_CPtr reply);
/* Answers through the reply object, then receives into it. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_ReplyRecv(seL4_CPtr src, seL4_MessageInfo_t msgInfo,
                                                      seL4_Word* sender, seL4_CPtr reply);
/* Sends without blocking to dest, then receives from src. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendRecv(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                                       seL4_CPtr src, seL4_Word* sender,
                                                       seL4_CPtr reply);
/* Sends without blocking to dest, then waits for src without a reply object. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendWait(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                                       seL4_CPtr src, seL4_Word* sender);
/* Blocks for a signal, or for a message that needs no reply. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Wait(seL4_CPtr src, seL4_Word* sender);
/* As Wait without blocking; Poll is its other name. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBWait(seL4_CPtr src, seL4_Word* sender);
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Poll(seL4_CPtr src, seL4_Word* sender);
/* Signals a notification. */
LIBSEL4_INLINE_FUNC void seL4_Signal(seL4_CPtr dest);
/* Gives up the rest of the time slice. */
LIBSEL4_INLINE_FUNC void seL4_Yield(void);

#include <sel4/syscalls.h>

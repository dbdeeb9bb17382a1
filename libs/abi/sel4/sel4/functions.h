/* Access to the calling thread's IPC buffer. Its address is thread-local: start-up code sets it for
 * the first thread, whoever starts a thread sets it for the others (seL4_SetIPCBuffer). */
#pragma once

#include <sel4/types.h>

#ifdef __cplusplus
extern "C" {
#endif
extern LIBSEL4_THREAD_LOCAL seL4_IPCBuffer* __sel4_ipc_buffer;
#ifdef __cplusplus
}
#endif

LIBSEL4_INLINE_FUNC seL4_IPCBuffer* seL4_GetIPCBuffer(void)
{
    return __sel4_ipc_buffer;
}
LIBSEL4_INLINE_FUNC void seL4_SetIPCBuffer(seL4_IPCBuffer* buffer)
{
    __sel4_ipc_buffer = buffer;
}

/* Message registers. After a system call without WithMRs, 0 to 3 are here as well. */
LIBSEL4_INLINE_FUNC seL4_Word seL4_GetMR(int i)
{
    return seL4_GetIPCBuffer()->msg[i];
}
LIBSEL4_INLINE_FUNC void seL4_SetMR(int i, seL4_Word word)
{
    seL4_GetIPCBuffer()->msg[i] = word;
}

/* A word the kernel leaves alone. */
LIBSEL4_INLINE_FUNC seL4_Word seL4_GetUserData(void)
{
    return seL4_GetIPCBuffer()->userData;
}
LIBSEL4_INLINE_FUNC void seL4_SetUserData(seL4_Word data)
{
    seL4_GetIPCBuffer()->userData = data;
}

/* Capabilities to send; badges of those that were unwrapped on receipt. */
LIBSEL4_INLINE_FUNC seL4_CPtr seL4_GetCap(int i)
{
    return seL4_GetIPCBuffer()->caps_or_badges[i];
}
LIBSEL4_INLINE_FUNC seL4_Word seL4_GetBadge(int i)
{
    return seL4_GetIPCBuffer()->caps_or_badges[i];
}
LIBSEL4_INLINE_FUNC void seL4_SetCap(int i, seL4_CPtr cap)
{
    seL4_GetIPCBuffer()->caps_or_badges[i] = cap;
}

/* The slot that takes a received capability. Null pointers are left out. */
LIBSEL4_INLINE_FUNC void seL4_GetCapReceivePath(seL4_CPtr* receiveCNode, seL4_CPtr* receiveIndex,
                                                seL4_Word* receiveDepth)
{
    if (receiveCNode) *receiveCNode = seL4_GetIPCBuffer()->receiveCNode;
    if (receiveIndex) *receiveIndex = seL4_GetIPCBuffer()->receiveIndex;
    if (receiveDepth) *receiveDepth = seL4_GetIPCBuffer()->receiveDepth;
}
LIBSEL4_INLINE_FUNC void seL4_SetCapReceivePath(seL4_CPtr receiveCNode, seL4_CPtr receiveIndex,
                                                seL4_Word receiveDepth)
{
    seL4_GetIPCBuffer()->receiveCNode = receiveCNode;
    seL4_GetIPCBuffer()->receiveIndex = receiveIndex;
    seL4_GetIPCBuffer()->receiveDepth = receiveDepth;
}

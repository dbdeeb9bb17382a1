/* Definitions of the system calls. Plain ones take and leave message registers 0 to 3 in the IPC
 * buffer; the WithMRs ones take pointers to them, any of which may be null. */
#pragma once

#include <sel4/sel4_arch/syscalls_syscall.h>
#include <sel4/syscalls.h>

#define LIBSEL4_MCS_REPLY reply

/* Registers for a call on `cap` with the message registers of the IPC buffer. */
LIBSEL4_INLINE_FUNC struct hypercore_registers hypercore_load(seL4_CPtr cap,
                                                              seL4_MessageInfo_t info)
{
    struct hypercore_registers io = {cap,           info.words[0], seL4_GetMR(0),
                                     seL4_GetMR(1), seL4_GetMR(2), seL4_GetMR(3)};
    return io;
}

/* The same from pointers; a word that the message does not have, or a null pointer, counts 0. */
LIBSEL4_INLINE_FUNC struct hypercore_registers
hypercore_load_words(seL4_CPtr cap, seL4_MessageInfo_t info, seL4_Word const* mr0,
                     seL4_Word const* mr1, seL4_Word const* mr2, seL4_Word const* mr3)
{
    seL4_Word length = seL4_MessageInfo_get_length(info);
    struct hypercore_registers io = {cap,
                                     info.words[0],
                                     mr0 && length > 0 ? *mr0 : 0,
                                     mr1 && length > 1 ? *mr1 : 0,
                                     mr2 && length > 2 ? *mr2 : 0,
                                     mr3 && length > 3 ? *mr3 : 0};
    return io;
}

/* What came back: registers into the IPC buffer, badge to `sender` if it is wanted. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t hypercore_store(const struct hypercore_registers* io,
                                                       seL4_Word* sender)
{
    seL4_MessageInfo_t info = {{io->info}};
    seL4_SetMR(0, io->mr0);
    seL4_SetMR(1, io->mr1);
    seL4_SetMR(2, io->mr2);
    seL4_SetMR(3, io->mr3);
    if (sender) *sender = io->cap_or_badge;
    return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t hypercore_store_words(const struct hypercore_registers* io,
                                                             seL4_Word* sender, seL4_Word* mr0,
                                                             seL4_Word* mr1, seL4_Word* mr2,
                                                             seL4_Word* mr3)
{
    seL4_MessageInfo_t info = {{io->info}};
    if (mr0) *mr0 = io->mr0;
    if (mr1) *mr1 = io->mr1;
    if (mr2) *mr2 = io->mr2;
    if (mr3) *mr3 = io->mr3;
    if (sender) *sender = io->cap_or_badge;
    return info;
}

/* --- send --- */

LIBSEL4_INLINE_FUNC void seL4_Send(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    struct hypercore_registers io = hypercore_load(dest, msgInfo);
    hypercore_syscall(seL4_SysSend, &io, 0, 0);
}
LIBSEL4_INLINE_FUNC void seL4_SendWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                          seL4_Word* mr0, seL4_Word* mr1, seL4_Word* mr2,
                                          seL4_Word* mr3)
{
    struct hypercore_registers io = hypercore_load_words(dest, msgInfo, mr0, mr1, mr2, mr3);
    hypercore_syscall(seL4_SysSend, &io, 0, 0);
}
LIBSEL4_INLINE_FUNC void seL4_NBSend(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    struct hypercore_registers io = hypercore_load(dest, msgInfo);
    hypercore_syscall(seL4_SysNBSend, &io, 0, 0);
}
LIBSEL4_INLINE_FUNC void seL4_NBSendWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                            seL4_Word* mr0, seL4_Word* mr1, seL4_Word* mr2,
                                            seL4_Word* mr3)
{
    struct hypercore_registers io = hypercore_load_words(dest, msgInfo, mr0, mr1, mr2, mr3);
    hypercore_syscall(seL4_SysNBSend, &io, 0, 0);
}
LIBSEL4_INLINE_FUNC void seL4_Signal(seL4_CPtr dest)
{
    /* One word long, which shows only if `dest` is an endpoint after all. */
    x64_sys_send_null((seL4_Word)seL4_SysSend, dest, seL4_MessageInfo_new(0, 0, 0, 1).words[0]);
}

/* --- receive --- */

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Recv(seL4_CPtr src, seL4_Word* sender, seL4_CPtr reply)
{
    struct hypercore_registers io = {src, 0, 0, 0, 0, 0};
    hypercore_syscall(seL4_SysRecv, &io, reply, 0);
    return hypercore_store(&io, sender);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_RecvWithMRs(seL4_CPtr src, seL4_Word* sender,
                                                        seL4_Word* mr0, seL4_Word* mr1,
                                                        seL4_Word* mr2, seL4_Word* mr3,
                                                        seL4_CPtr reply)
{
    struct hypercore_registers io = {src, 0, 0, 0, 0, 0};
    hypercore_syscall(seL4_SysRecv, &io, reply, 0);
    return hypercore_store_words(&io, sender, mr0, mr1, mr2, mr3);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBRecv(seL4_CPtr src, seL4_Word* sender,
                                                   seL4_CPtr reply)
{
    struct hypercore_registers io = {src, 0, 0, 0, 0, 0};
    hypercore_syscall(seL4_SysNBRecv, &io, reply, 0);
    return hypercore_store(&io, sender);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Wait(seL4_CPtr src, seL4_Word* sender)
{
    struct hypercore_registers io = {src, 0, 0, 0, 0, 0};
    hypercore_syscall(seL4_SysWait, &io, 0, 0);
    return hypercore_store(&io, sender);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_WaitWithMRs(seL4_CPtr src, seL4_Word* sender,
                                                        seL4_Word* mr0, seL4_Word* mr1,
                                                        seL4_Word* mr2, seL4_Word* mr3)
{
    struct hypercore_registers io = {src, 0, 0, 0, 0, 0};
    hypercore_syscall(seL4_SysWait, &io, 0, 0);
    return hypercore_store_words(&io, sender, mr0, mr1, mr2, mr3);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBWait(seL4_CPtr src, seL4_Word* sender)
{
    struct hypercore_registers io = {src, 0, 0, 0, 0, 0};
    hypercore_syscall(seL4_SysNBWait, &io, 0, 0);
    return hypercore_store(&io, sender);
}

/* --- both --- */

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Call(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    struct hypercore_registers io = hypercore_load(dest, msgInfo);
    hypercore_syscall(seL4_SysCall, &io, 0, 0);
    return hypercore_store(&io, (seL4_Word*)0);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_CallWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                                        seL4_Word* mr0, seL4_Word* mr1,
                                                        seL4_Word* mr2, seL4_Word* mr3)
{
    struct hypercore_registers io = hypercore_load_words(dest, msgInfo, mr0, mr1, mr2, mr3);
    hypercore_syscall(seL4_SysCall, &io, 0, 0);
    return hypercore_store_words(&io, (seL4_Word*)0, mr0, mr1, mr2, mr3);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_ReplyRecv(seL4_CPtr src, seL4_MessageInfo_t msgInfo,
                                                      seL4_Word* sender, seL4_CPtr reply)
{
    struct hypercore_registers io = hypercore_load(src, msgInfo);
    hypercore_syscall(seL4_SysReplyRecv, &io, reply, 0);
    return hypercore_store(&io, sender);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_ReplyRecvWithMRs(seL4_CPtr src,
                                                             seL4_MessageInfo_t msgInfo,
                                                             seL4_Word* sender, seL4_Word* mr0,
                                                             seL4_Word* mr1, seL4_Word* mr2,
                                                             seL4_Word* mr3, seL4_CPtr reply)
{
    struct hypercore_registers io = hypercore_load_words(src, msgInfo, mr0, mr1, mr2, mr3);
    hypercore_syscall(seL4_SysReplyRecv, &io, reply, 0);
    return hypercore_store_words(&io, sender, mr0, mr1, mr2, mr3);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendRecv(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                                       seL4_CPtr src, seL4_Word* sender,
                                                       seL4_CPtr reply)
{
    struct hypercore_registers io = hypercore_load(src, msgInfo);
    hypercore_syscall(seL4_SysNBSendRecv, &io, reply, dest);
    return hypercore_store(&io, sender);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendRecvWithMRs(
    seL4_CPtr dest, seL4_MessageInfo_t msgInfo, seL4_CPtr src, seL4_Word* sender, seL4_Word* mr0,
    seL4_Word* mr1, seL4_Word* mr2, seL4_Word* mr3, seL4_CPtr reply)
{
    struct hypercore_registers io = hypercore_load_words(src, msgInfo, mr0, mr1, mr2, mr3);
    hypercore_syscall(seL4_SysNBSendRecv, &io, reply, dest);
    return hypercore_store_words(&io, sender, mr0, mr1, mr2, mr3);
}
/* The destination travels in the reply object's register here. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendWait(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
                                                       seL4_CPtr src, seL4_Word* sender)
{
    struct hypercore_registers io = hypercore_load(src, msgInfo);
    hypercore_syscall(seL4_SysNBSendWait, &io, dest, 0);
    return hypercore_store(&io, sender);
}
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendWaitWithMRs(seL4_CPtr dest,
                                                              seL4_MessageInfo_t msgInfo,
                                                              seL4_CPtr src, seL4_Word* sender,
                                                              seL4_Word* mr0, seL4_Word* mr1,
                                                              seL4_Word* mr2, seL4_Word* mr3)
{
    struct hypercore_registers io = hypercore_load_words(src, msgInfo, mr0, mr1, mr2, mr3);
    hypercore_syscall(seL4_SysNBSendWait, &io, dest, 0);
    return hypercore_store_words(&io, sender, mr0, mr1, mr2, mr3);
}

LIBSEL4_INLINE_FUNC void seL4_Yield(void)
{
    x64_sys_null((seL4_Word)seL4_SysYield);
}

#ifdef CONFIG_VTX
LIBSEL4_INLINE_FUNC seL4_Word seL4_VMEnter(seL4_Word* sender)
{
    seL4_MessageInfo_t none = {{0}};
    struct hypercore_registers io = hypercore_load(0, none);
    hypercore_syscall(seL4_SysVMEnter, &io, 0, 0);
    return hypercore_store(&io, io.info ? (seL4_Word*)0 : sender).words[0];
}
#endif

/* --- debugging and benchmarks: one word in, one word out --- */

LIBSEL4_INLINE_FUNC seL4_Word hypercore_debug_call(seL4_Syscall_ID number, seL4_Word argument)
{
    struct hypercore_registers io = {argument, 0, 0, 0, 0, 0};
    hypercore_syscall(number, &io, 0, 0);
    return io.cap_or_badge;
}

#ifdef CONFIG_PRINTING
LIBSEL4_INLINE_FUNC void seL4_DebugPutChar(char c)
{
    hypercore_debug_call(seL4_SysDebugPutChar, (seL4_Word)c);
}
LIBSEL4_INLINE_FUNC void seL4_DebugPutString(char* str)
{
    while (*str) seL4_DebugPutChar(*str++);
}
LIBSEL4_INLINE_FUNC void seL4_DebugDumpScheduler(void)
{
    hypercore_debug_call(seL4_SysDebugDumpScheduler, 0);
}
#endif

#ifdef CONFIG_DEBUG_BUILD
LIBSEL4_INLINE_FUNC void seL4_DebugHalt(void)
{
    hypercore_debug_call(seL4_SysDebugHalt, 0);
}
LIBSEL4_INLINE_FUNC void seL4_DebugSnapshot(void)
{
    hypercore_debug_call(seL4_SysDebugSnapshot, 0);
}
LIBSEL4_INLINE_FUNC seL4_Uint32 seL4_DebugCapIdentify(seL4_CPtr cap)
{
    return (seL4_Uint32)hypercore_debug_call(seL4_SysDebugCapIdentify, cap);
}
LIBSEL4_INLINE_FUNC void seL4_DebugNameThread(seL4_CPtr tcb, char const* name)
{
    char *to = (char*)seL4_GetIPCBuffer()->msg, *last = to + sizeof(seL4_GetIPCBuffer()->msg) - 1;
    while (*name && to < last) *to++ = *name++;
    *to = 0;
    hypercore_debug_call(seL4_SysDebugNameThread, tcb);
}
#endif

#ifdef CONFIG_ENABLE_BENCHMARKS
LIBSEL4_INLINE_FUNC seL4_Error seL4_BenchmarkResetLog(void)
{
    return (seL4_Error)hypercore_debug_call(seL4_SysBenchmarkResetLog, 0);
}
LIBSEL4_INLINE_FUNC seL4_Word seL4_BenchmarkFinalizeLog(void)
{
    return hypercore_debug_call(seL4_SysBenchmarkFinalizeLog, 0);
}
LIBSEL4_INLINE_FUNC seL4_Error seL4_BenchmarkSetLogBuffer(seL4_Word frame_cptr)
{
    return (seL4_Error)hypercore_debug_call(seL4_SysBenchmarkSetLogBuffer, frame_cptr);
}
LIBSEL4_INLINE_FUNC void seL4_BenchmarkNullSyscall(void)
{
    hypercore_debug_call(seL4_SysBenchmarkNullSyscall, 0);
}
LIBSEL4_INLINE_FUNC void seL4_BenchmarkFlushCaches(void)
{
    hypercore_debug_call(seL4_SysBenchmarkFlushCaches, 0);
}
#endif

#ifdef CONFIG_SET_TLS_BASE_SELF
LIBSEL4_INLINE_FUNC void seL4_SetTLSBase(seL4_Word tls_base)
{
    hypercore_debug_call(seL4_SysSetTLSBase, tls_base);
}
#endif

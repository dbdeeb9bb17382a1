/* Declares every system call of the configuration; definitions: sel4/sel4_arch/syscalls.h. */
#pragma once

#include <sel4/config.h>

#include <sel4/functions.h>
#include <sel4/syscalls_mcs.h>

#ifdef CONFIG_PRINTING
LIBSEL4_INLINE_FUNC void seL4_DebugPutChar(char c);
LIBSEL4_INLINE_FUNC void seL4_DebugPutString(char* str);
LIBSEL4_INLINE_FUNC void seL4_DebugDumpScheduler(void);
#endif

#ifdef CONFIG_DEBUG_BUILD
LIBSEL4_INLINE_FUNC void seL4_DebugHalt(void);
LIBSEL4_INLINE_FUNC void seL4_DebugSnapshot(void);
/* 0 for an empty slot, something else for a capability. */
LIBSEL4_INLINE_FUNC seL4_Uint32 seL4_DebugCapIdentify(seL4_CPtr cap);
/* The name goes through the IPC buffer and is cut off at its end. */
LIBSEL4_INLINE_FUNC void seL4_DebugNameThread(seL4_CPtr tcb, char const* name);
#endif

#ifdef CONFIG_ENABLE_BENCHMARKS
LIBSEL4_INLINE_FUNC seL4_Error seL4_BenchmarkResetLog(void);
LIBSEL4_INLINE_FUNC seL4_Word seL4_BenchmarkFinalizeLog(void);
LIBSEL4_INLINE_FUNC seL4_Error seL4_BenchmarkSetLogBuffer(seL4_Word frame_cptr);
LIBSEL4_INLINE_FUNC void seL4_BenchmarkNullSyscall(void);
LIBSEL4_INLINE_FUNC void seL4_BenchmarkFlushCaches(void);
#endif

#ifdef CONFIG_VTX
/* Runs the guest of the caller's VCPU; returns why it came back. */
LIBSEL4_INLINE_FUNC seL4_Word seL4_VMEnter(seL4_Word* sender);
#endif

#ifdef CONFIG_SET_TLS_BASE_SELF
LIBSEL4_INLINE_FUNC void seL4_SetTLSBase(seL4_Word tls_base);
#endif

#include <sel4/arch/syscalls.h>

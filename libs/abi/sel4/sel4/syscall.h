/* Numbers of the system calls; the same list as abi/syscalls.hpp. Calls that the configuration
 * does not have keep their place in the numbering. */
#pragma once

#include <sel4/macros.h>

typedef enum {
    seL4_SysCall = -1,
    seL4_SysReplyRecv = -2,
    seL4_SysNBSendRecv = -3,
    seL4_SysNBSendWait = -4,
    seL4_SysSend = -5,
    seL4_SysNBSend = -6,
    seL4_SysRecv = -7,
    seL4_SysNBRecv = -8,
    seL4_SysWait = -9,
    seL4_SysNBWait = -10,
    seL4_SysYield = -11,
#ifdef CONFIG_PRINTING
    seL4_SysDebugPutChar = -12,
    seL4_SysDebugDumpScheduler = -13,
#endif
#ifdef CONFIG_DEBUG_BUILD
    seL4_SysDebugHalt = -14,
    seL4_SysDebugCapIdentify = -15,
    seL4_SysDebugSnapshot = -16,
    seL4_SysDebugNameThread = -17,
#endif
#ifdef CONFIG_ENABLE_BENCHMARKS
    seL4_SysBenchmarkFlushCaches = -21,
    seL4_SysBenchmarkResetLog = -22,
    seL4_SysBenchmarkFinalizeLog = -23,
    seL4_SysBenchmarkSetLogBuffer = -24,
    seL4_SysBenchmarkNullSyscall = -25,
#endif
    seL4_SysVMEnter = -32,
#ifdef CONFIG_SET_TLS_BASE_SELF
    seL4_SysSetTLSBase = -33,
#endif
    SEL4_FORCE_LONG_ENUM(seL4_Syscall_ID)
} seL4_Syscall_ID;

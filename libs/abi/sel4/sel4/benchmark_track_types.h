/* Why the kernel was entered; programs print it from crash logs. Entry logging is not configured.
 */
#pragma once

#include <sel4/simple_types.h>

typedef enum {
    Entry_Unknown = 0,
    Entry_Interrupt = 1,
    Entry_UnknownSyscall = 2,
    Entry_UserLevelFault = 3,
    Entry_DebugFault = 4,
    Entry_VMFault = 5,
    Entry_Syscall = 6,
    Entry_VMExit = 7
} entry_type_t;

typedef struct SEL4_PACKED kernel_entry {
    seL4_Word path : 3; /* entry_type_t */
    union {
        struct {
            seL4_Word core : 3, word : 26;
        };
        struct {
            seL4_Word syscall_no : 4, cap_type : 5, is_fastpath : 1, invocation_tag : 19;
        };
    };
} kernel_entry_t;

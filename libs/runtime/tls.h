/* Thread-local storage of further threads, for programs in C: see runtime.hpp. */
#pragma once

#include <sel4/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that the local storage of one thread takes. */
seL4_Word runtime_tls_size(void);

/* Prepares `memory` as a thread's local storage with this IPC buffer; returns its fs_base. */
seL4_Word runtime_tls_make(void* memory, seL4_IPCBuffer* ipc_buffer);

/* Ends the program: runtime::exit. */
void runtime_exit(int status) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

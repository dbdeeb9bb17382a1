/* Tracepoints are not configured (CONFIG_BENCHMARK_TRACEPOINTS); the entry is for tools that read
 * logs of kernels that have them. */
#pragma once

#include <sel4/simple_types.h>

#ifdef CONFIG_BENCHMARK_TRACEPOINTS
typedef struct benchmark_tracepoint_log_entry {
    seL4_Word id, duration;
} benchmark_tracepoint_log_entry_t;
#endif

/* What a program that uses newlib may set about it. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memory for malloc instead of the 1 MiB in the program's own data. Call before the first malloc
 * or printf; 16-byte aligned. */
void newlib_set_heap(void* start, size_t size);

/* Takes everything written to standard output and error; define it to replace the default, which
 * prints through the kernel's debug call. */
void newlib_output(char const* text, size_t length);

#ifdef __cplusplus
}
#endif

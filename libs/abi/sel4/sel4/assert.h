/* Assertions that call __assert_fail, which the program or its C library defines. */
#pragma once

#include <sel4/macros.h>

#ifdef __cplusplus
extern "C" {
#endif
void __assert_fail(char const* str, char const* file, int line, char const* function);
#ifdef __cplusplus
}
#endif

#define seL4_Fail(s) __assert_fail(s, __FILE__, __LINE__, __func__)
#define seL4_Assert(expr)                                                                          \
    do {                                                                                           \
        if (!(expr)) __assert_fail(#expr, __FILE__, __LINE__, __func__);                           \
    } while (0)
#define seL4_CompileTimeAssert(expr) SEL4_COMPILE_ASSERT(seL4_CompileTimeAssert, expr)

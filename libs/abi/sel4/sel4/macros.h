/* Attributes and small helpers that the other headers, and programs, use by these names. */
#pragma once

#include <sel4/config.h>

#ifndef CONST
#define CONST __attribute__((__const__))
#endif
#ifndef PURE
#define PURE __attribute__((__pure__))
#endif

#define SEL4_PACKED __attribute__((packed))
#define SEL4_DEPRECATED(why) __attribute__((deprecated(why)))
#define SEL4_DEPRECATE_MACRO(name) _Pragma("deprecated") name

#define LIBSEL4_UNUSED __attribute__((unused))
#define LIBSEL4_WEAK __attribute__((weak))
#define LIBSEL4_NOINLINE __attribute__((noinline))
#define LIBSEL4_INLINE static inline
#define LIBSEL4_INLINE_FUNC static inline
#define LIBSEL4_THREAD_LOCAL __thread

/* The semicolon is part of the macro: some users write none. */
#ifdef __cplusplus
#define SEL4_COMPILE_ASSERT(name, expr) static_assert(expr, #name);
#else
#define SEL4_COMPILE_ASSERT(name, expr) _Static_assert(expr, #name);
#endif

/* Checks that a table's entry size and index size (both log2) make up its size. */
#define SEL4_SIZE_SANITY(index, entry, size)                                                       \
    SEL4_COMPILE_ASSERT(index##_##entry##_##size, (index) + (entry) == size)

/* As the last enumerator, makes an enumeration as wide as a message word. */
#define SEL4_FORCE_LONG_ENUM(type) _enum_pad_##type = (1ULL << (8 * sizeof(long) - 1)) - 1

#define LIBSEL4_BIT(n) (1ul << (n))

/* Integer types of fixed width, the machine word, booleans, and how to print them. */
#pragma once

#include <sel4/arch/simple_types.h>
#include <sel4/macros.h>

#define _seL4_int8_type char
#define _seL4_int16_type short int
#define _seL4_int32_type int
#define _seL4_int64_type long int
#define _seL4_int64_fmt l

typedef signed char seL4_Int8;
typedef unsigned char seL4_Uint8;
typedef signed short seL4_Int16;
typedef unsigned short seL4_Uint16;
typedef signed int seL4_Int32;
typedef unsigned int seL4_Uint32;
typedef signed long seL4_Int64;
typedef unsigned long seL4_Uint64;

#define seL4_integer_size_assert(type, bytes)                                                      \
    SEL4_COMPILE_ASSERT(sizeof_##type##_is_##bytes##_byte, sizeof(type) == (bytes))
seL4_integer_size_assert(seL4_Int8, 1) seL4_integer_size_assert(seL4_Uint8, 1)
    seL4_integer_size_assert(seL4_Int16, 2) seL4_integer_size_assert(seL4_Uint16, 2)
        seL4_integer_size_assert(seL4_Int32, 4) seL4_integer_size_assert(seL4_Uint32, 4)
            seL4_integer_size_assert(seL4_Int64, 8) seL4_integer_size_assert(seL4_Uint64, 8)

                typedef seL4_Uint64 seL4_Word;
typedef seL4_Word seL4_CPtr;
typedef seL4_Int8 seL4_Bool;
#define _seL4_word_fmt _seL4_int64_fmt
#define seL4_True 1
#define seL4_False 0

#ifdef __cplusplus
#define seL4_Null 0L
#else
#define seL4_Null ((void*)0)
#endif

/* printf conversions */
#define SEL4_PRId64 "ld"
#define SEL4_PRIi64 "li"
#define SEL4_PRIu64 "lu"
#define SEL4_PRIx64 "lx"
#define SEL4_PRId_word SEL4_PRId64
#define SEL4_PRIi_word SEL4_PRIi64
#define SEL4_PRIu_word SEL4_PRIu64
#define SEL4_PRIx_word SEL4_PRIx64
#define SEL4_PRI_word SEL4_PRIu_word

#include <sel4/sel4_arch/constants.h>

SEL4_COMPILE_ASSERT(seL4_WordSizeBits_matches, sizeof(seL4_Word) == (1u << seL4_WordSizeBits))
SEL4_COMPILE_ASSERT(seL4_WordBits_matches, 8 * sizeof(seL4_Word) == seL4_WordBits)

/* On x86-64 a word is 64 bits, and `long` is that type. */
#pragma once

#define SEL4_WORD_IS_UINT64
#define SEL4_INT64_IS_LONG

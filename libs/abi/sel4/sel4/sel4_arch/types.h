/* The root paging structure, and the registers of a thread in the order of ReadRegisters. */
#pragma once

#include <sel4/config.h>

#include <sel4/simple_types.h>

typedef seL4_CPtr seL4_X64_PML4;

typedef struct seL4_UserContext_ {
    seL4_Word rip, rsp, rflags;
    seL4_Word rax, rbx, rcx, rdx, rsi, rdi, rbp;
    seL4_Word r8, r9, r10, r11, r12, r13, r14, r15;
    seL4_Word fs_base, gs_base;
} seL4_UserContext;
SEL4_COMPILE_ASSERT(seL4_UserContext_is_20_words, sizeof(seL4_UserContext) == 160)

// Registers of a thread in the order of TCB.read_registers and write_registers.
#pragma once

#include "kit/types.hpp"
#include <cstddef>

namespace abi {

struct UserContext {
    u64 rip, rsp, rflags, rax, rbx, rcx, rdx, rsi, rdi, rbp;
    u64 r8, r9, r10, r11, r12, r13, r14, r15;
    u64 fs_base, gs_base;
};
inline constexpr u64 user_context_words = 20;
static_assert(sizeof(UserContext) == user_context_words * 8);
static_assert(offsetof(UserContext, rax) == 3 * 8);
static_assert(offsetof(UserContext, r8) == 10 * 8);
static_assert(offsetof(UserContext, fs_base) == 18 * 8);

} // namespace abi

// A thread's user registers as entry.S stores them, first thing in every TCB. entry.S knows the
// offsets (asserted below); nobody else may.
#pragma once

#include "kit/types.hpp"

namespace mk {

struct Context {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    /// Where to go on after a restart: the address of the `syscall` instruction, or of the
    /// instruction that was interrupted. "rip" in Read/WriteRegisters and in fault messages.
    u64 fault_ip;
    u64 fs_base, gs_base; ///< valid only while the thread is not on a CPU
    u64 pad_;             ///< keeps the end 16-byte aligned: the CPU aligns RSP0 before it pushes
    u64 vector;           ///< trap number of the last entry; vector_syscall for `syscall`
    // From here on what the CPU pushes on an interrupt; TSS.RSP0 is the end of this structure.
    u64 error_code;
    u64 rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(Context) == 208 && sizeof(Context) % 16 == 0);

inline constexpr u64 vector_syscall = 0x100;
inline constexpr u16 kernel_cs = 0x08, kernel_ds = 0x10, user_ds = 0x1b, user_cs = 0x23,
                     tss_selector = 0x28;
inline constexpr u64 initial_rflags = 0x202;

} // namespace mk

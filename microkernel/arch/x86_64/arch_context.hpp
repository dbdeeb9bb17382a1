// A thread's user registers as entry.S stores them, first thing in every TCB. entry.S knows the
// offsets (asserted in traps.cpp); nobody else may.
// A thread that is inside a system call (vector == vector_syscall) goes on by sysret, which needs
// less than a whole frame: `syscall` left rip in rcx and rflags in r11, so entry.S stores neither
// twice. settle() writes down what is implied; whoever looks at those registers calls it first.
#pragma once

#include "kit/types.hpp"

namespace mk {

inline constexpr u64 vector_syscall = 0x100;
inline constexpr u64 syscall_instruction_bytes = 2;

struct Context {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    /// Where to go on after a restart: the address of the `syscall` instruction, or of the
    /// instruction that was interrupted. See restart_ip().
    u64 fault_ip;
    u64 fs_base, gs_base; ///< valid only while the thread is not on a CPU
    u64 pad_;             ///< keeps the end 16-byte aligned: the CPU aligns RSP0 before it pushes
    u64 vector;           ///< trap number of the last entry; vector_syscall inside a system call
    // From here on what the CPU pushes on an interrupt; TSS.RSP0 is the end of this structure.
    u64 error_code;
    u64 rip, cs, rflags, rsp, ss;

    bool in_syscall() const { return vector == vector_syscall; }
    /// Makes every register valid as stored. From here on the thread goes on by iret.
    void settle()
    {
        if (!in_syscall()) return;
        rcx = rip;
        r11 = rflags;
        fault_ip = rip - syscall_instruction_bytes;
        vector = 0;
    }
    /// Where a restart goes on; what fault messages and ReadRegisters give as "rip".
    u64 restart_ip() const { return in_syscall() ? rip - syscall_instruction_bytes : fault_ip; }
};
static_assert(sizeof(Context) == 208 && sizeof(Context) % 16 == 0);

inline constexpr u16 kernel_cs = 0x08, kernel_ds = 0x10, user_ds = 0x1b, user_cs = 0x23,
                     tss_selector = 0x28;
inline constexpr u64 initial_rflags = 0x202;

} // namespace mk

/* The `syscall` instruction. Registers: rdx number, rdi capability in and badge out, rsi message
 * info, r10 r8 r9 r15 message registers 0 to 3, r12 reply object, r13 send destination. The CPU
 * overwrites rcx and r11; rsp is parked in rbx, because nothing promises that it survives. */
#pragma once

#include <sel4/functions.h>
#include <sel4/types.h>

/* All in-and-out registers of a system call. */
struct hypercore_registers {
    seL4_Word cap_or_badge, info, mr0, mr1, mr2, mr3;
};

LIBSEL4_INLINE_FUNC void hypercore_syscall(seL4_Syscall_ID number, struct hypercore_registers* io,
                                           seL4_Word reply, seL4_Word dest)
{
    register seL4_Word mr0 __asm__("r10") = io->mr0;
    register seL4_Word mr1 __asm__("r8") = io->mr1;
    register seL4_Word mr2 __asm__("r9") = io->mr2;
    register seL4_Word mr3 __asm__("r15") = io->mr3;
    register seL4_Word reply_object __asm__("r12") = reply;
    register seL4_Word destination __asm__("r13") = dest;
    __asm__ volatile("mov %%rsp, %%rbx\n\t"
                     "syscall\n\t"
                     "mov %%rbx, %%rsp"
                     : "+D"(io->cap_or_badge), "+S"(io->info), "+r"(mr0), "+r"(mr1), "+r"(mr2),
                       "+r"(mr3)
                     : "d"((seL4_Word)number), "r"(reply_object), "r"(destination)
                     : "rbx", "rcx", "r11", "memory");
    io->mr0 = mr0;
    io->mr1 = mr1;
    io->mr2 = mr2;
    io->mr3 = mr3;
}

/* libsel4's names for the same, by what goes in and what comes out. */
static inline void x64_sys_send(seL4_Word sys, seL4_Word dest, seL4_Word info, seL4_Word msg0,
                                seL4_Word msg1, seL4_Word msg2, seL4_Word msg3)
{
    struct hypercore_registers io = {dest, info, msg0, msg1, msg2, msg3};
    hypercore_syscall((seL4_Syscall_ID)sys, &io, 0, 0);
}

static inline void x64_sys_send_null(seL4_Word sys, seL4_Word dest, seL4_Word info)
{
    x64_sys_send(sys, dest, info, 0, 0, 0, 0);
}

static inline void x64_sys_null(seL4_Word sys)
{
    x64_sys_send(sys, 0, 0, 0, 0, 0, 0);
}

static inline void x64_sys_nbsend_recv(seL4_Word sys, seL4_Word dest, seL4_Word src,
                                       seL4_Word* out_dest, seL4_Word info, seL4_Word* out_info,
                                       seL4_Word* in_out_mr0, seL4_Word* in_out_mr1,
                                       seL4_Word* in_out_mr2, seL4_Word* in_out_mr3,
                                       seL4_Word reply)
{
    struct hypercore_registers io = {src, info, *in_out_mr0, *in_out_mr1, *in_out_mr2, *in_out_mr3};
    hypercore_syscall((seL4_Syscall_ID)sys, &io, reply, dest);
    *out_dest = io.cap_or_badge;
    *out_info = io.info;
    *in_out_mr0 = io.mr0;
    *in_out_mr1 = io.mr1;
    *in_out_mr2 = io.mr2;
    *in_out_mr3 = io.mr3;
}

static inline void x64_sys_send_recv(seL4_Word sys, seL4_Word dest, seL4_Word* out_dest,
                                     seL4_Word info, seL4_Word* out_info, seL4_Word* in_out_mr0,
                                     seL4_Word* in_out_mr1, seL4_Word* in_out_mr2,
                                     seL4_Word* in_out_mr3, seL4_Word reply)
{
    x64_sys_nbsend_recv(sys, 0, dest, out_dest, info, out_info, in_out_mr0, in_out_mr1, in_out_mr2,
                        in_out_mr3, reply);
}

static inline void x64_sys_recv(seL4_Word sys, seL4_Word src, seL4_Word* out_badge,
                                seL4_Word* out_info, seL4_Word* out_mr0, seL4_Word* out_mr1,
                                seL4_Word* out_mr2, seL4_Word* out_mr3, seL4_Word reply)
{
    *out_mr0 = *out_mr1 = *out_mr2 = *out_mr3 = 0;
    x64_sys_send_recv(sys, src, out_badge, 0, out_info, out_mr0, out_mr1, out_mr2, out_mr3, reply);
}

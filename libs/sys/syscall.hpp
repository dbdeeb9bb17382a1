// The `syscall` instruction, once, for all of libs/sys. Registers: rdx number, rdi capability in
// and badge out, rsi message info, r10 r8 r9 r15 message registers 0 to 3, r12 reply object, r13
// send destination; rcx and r11 are overwritten by the CPU, rsp is parked in rbx as seL4's stubs
// do. Host tests put a recording fake in front of this header (tests/fakes/sys/syscall.hpp).
#pragma once

#include "abi/syscalls.hpp"
#include "kit/types.hpp"

namespace sys {

/// What a system call takes and leaves in registers.
struct Registers {
    u64 cap_or_badge = 0;
    u64 info = 0;
    u64 mr[4] = {};
};

/// Enters the kernel. `reply` is the reply object of a receive, `destination` what NBSendRecv sends
/// to; both are ignored by the other calls. Everything may change but the registers not named.
inline void syscall(abi::Syscall number, Registers& io, u64 reply = 0, u64 destination = 0)
{
    register u64 mr0 asm("r10") = io.mr[0];
    register u64 mr1 asm("r8") = io.mr[1];
    register u64 mr2 asm("r9") = io.mr[2];
    register u64 mr3 asm("r15") = io.mr[3];
    register u64 reply_object asm("r12") = reply;
    register u64 send_destination asm("r13") = destination;
    asm volatile("mov %%rsp, %%rbx\n\t"
                 "syscall\n\t"
                 "mov %%rbx, %%rsp"
                 : "+D"(io.cap_or_badge), "+S"(io.info), "+r"(mr0), "+r"(mr1), "+r"(mr2), "+r"(mr3)
                 : "d"(number), "r"(reply_object), "r"(send_destination)
                 : "rbx", "rcx", "r11", "memory");
    io.mr[0] = mr0;
    io.mr[1] = mr1;
    io.mr[2] = mr2;
    io.mr[3] = mr3;
}

} // namespace sys

// Readings of the TSC right before and right after a kernel entry, in assembly, so that the number
// of instructions between a reading and the entry is known and the same in every thread.
//
// One-way figures (a message from one thread to another) are taken as seL4's benchmark takes them:
// the one thread reads the TSC right before its `syscall`, the other right after its own;
// subtracted is what the same code gives with the `syscall` (or `ud2`) left out. So a figure is the
// entering instruction and all of the kernel's, up to and including its sysretq or iretq: no user
// stub.
//
//     the leaving half of a system call    rdtsc, store, set rdx, save rsp     4 instructions
//     the arriving half                    restore rsp; rdtsc                  1 until its reading
//     leaving by a fault, or a loop        rdtsc, store                        2
//     arriving from a fault                rdtsc                               0
//
// calibrate() measures these sums instead of trusting the table. Figures of one thread that asks
// the kernel for something (around()) include libsel4's stub; only the two readings are subtracted.
#pragma once

#include "bench.hpp"

namespace bench {

/// The low halves of the TSC at a thread's last leaving and arriving.
struct Stamps {
    u32 volatile before, after;
};

/// How a thread leaves or arrives: by a system call, or by a fault or an interrupt.
enum class Way { syscall, fault };

/// What is subtracted, for each way of leaving and of arriving.
struct Overhead {
    u32 of[2][2];
    u32 around; ///< of around(), with nothing in between
};
extern Overhead overhead;
void calibrate();

/// From one thread's leaving to another's (or its own) arriving, net.
inline Word between(Stamps const& leaver, Stamps const& arriver, Way leaving = Way::syscall,
                    Way arriving = Way::syscall)
{
    return arriver.after - leaver.before -
           overhead.of[static_cast<int>(leaving)][static_cast<int>(arriving)];
}

/// A system call with the time before and after. `entering` false: everything but the `syscall`.
template <seL4_Syscall_ID number, bool entering = true>
inline void timed_syscall(hypercore_registers& io, Slot reply, Stamps& stamps)
{
    register Word mr0 asm("r10") = io.mr0;
    register Word mr1 asm("r8") = io.mr1;
    register Word mr2 asm("r9") = io.mr2;
    register Word mr3 asm("r15") = io.mr3;
    register Word reply_object asm("r12") = reply;
    asm volatile(
        "rdtsc\n\t"
        "mov %%eax, %[before]\n\t"
        "mov %[number], %%rdx\n\t"
        "mov %%rsp, %%rbx\n\t"
        ".if %c[entering]\n\t"
        "syscall\n\t"
        ".endif\n\t"
        "mov %%rbx, %%rsp\n\t"
        "rdtsc\n\t"
        "mov %%eax, %[after]"
        : "+D"(io.cap_or_badge), "+S"(io.info), "+r"(mr0), "+r"(mr1), "+r"(mr2),
          "+r"(mr3), [before] "=m"(stamps.before), [after] "=m"(stamps.after)
        : "r"(reply_object), [number] "i"(static_cast<long>(number)), [entering] "i"(entering)
        : "rax", "rbx", "rcx", "rdx", "r11", "memory");
    io.mr0 = mr0;
    io.mr1 = mr1;
    io.mr2 = mr2;
    io.mr3 = mr3;
}

/// A fault with the time before and after it; the handler moves the thread on by 2 bytes.
template <bool entering = true> inline void timed_fault(Stamps& stamps)
{
    asm volatile("rdtsc\n\t"
                 "mov %%eax, %[before]\n\t"
                 ".if %c[entering]\n\t"
                 "ud2\n\t"
                 ".endif\n\t"
                 "rdtsc\n\t"
                 "mov %%eax, %[after]"
                 : [before] "=m"(stamps.before), [after] "=m"(stamps.after)
                 : [entering] "i"(entering)
                 : "rax", "rdx", "memory");
}

/// Notes the time for ever, as the leaver: for what interrupts it.
[[noreturn]] inline void note_time(Stamps& stamps)
{
    for (;;)
        asm volatile("rdtsc\n\t"
                     "mov %%eax, %[before]"
                     : [before] "=m"(stamps.before)
                     :
                     : "rax", "rdx");
}

/// What an action of this thread takes, the stub included, the two readings not.
template <class Action> inline Word around(Action action)
{
    u32 before, after;
    asm volatile("rdtsc" : "=a"(before) : : "rdx", "memory");
    action();
    asm volatile("rdtsc" : "=a"(after) : : "rdx", "memory");
    return after - before - overhead.around;
}

} // namespace bench

// Which registers a system call and a preemption leave alone: all that the interface does not name
// as outputs. rcx and r11 belong to the `syscall` instruction. [facts in docs/kernel-api]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

enum Register { rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rsp };

extern "C" {
// Loaded before and stored after, by the code below; one set at a time.
Word kt_registers[16];
Word kt_saved_stack;
Word volatile kt_spins;
void kt_syscall_all();
void kt_spin_all();
}

asm(R"(
    .pushsection .text.registers, "ax"
    .macro kt_enter
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, kt_saved_stack(%rip)
    mov kt_registers+0(%rip), %rax
    mov kt_registers+8(%rip), %rbx
    mov kt_registers+16(%rip), %rcx
    mov kt_registers+24(%rip), %rdx
    mov kt_registers+32(%rip), %rsi
    mov kt_registers+40(%rip), %rdi
    mov kt_registers+48(%rip), %rbp
    mov kt_registers+56(%rip), %r8
    mov kt_registers+64(%rip), %r9
    mov kt_registers+72(%rip), %r10
    mov kt_registers+80(%rip), %r11
    mov kt_registers+88(%rip), %r12
    mov kt_registers+96(%rip), %r13
    mov kt_registers+104(%rip), %r14
    mov kt_registers+112(%rip), %r15
    .endm
    .macro kt_leave
    mov %rax, kt_registers+0(%rip)
    mov %rbx, kt_registers+8(%rip)
    mov %rcx, kt_registers+16(%rip)
    mov %rdx, kt_registers+24(%rip)
    mov %rsi, kt_registers+32(%rip)
    mov %rdi, kt_registers+40(%rip)
    mov %rbp, kt_registers+48(%rip)
    mov %r8, kt_registers+56(%rip)
    mov %r9, kt_registers+64(%rip)
    mov %r10, kt_registers+72(%rip)
    mov %r11, kt_registers+80(%rip)
    mov %r12, kt_registers+88(%rip)
    mov %r13, kt_registers+96(%rip)
    mov %r14, kt_registers+104(%rip)
    mov %r15, kt_registers+112(%rip)
    mov %rsp, kt_registers+120(%rip)
    mov kt_saved_stack(%rip), %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .endm
    .globl kt_syscall_all, kt_spin_all
kt_syscall_all:
    kt_enter
    mov kt_registers+120(%rip), %rsp
    syscall
    kt_leave
kt_spin_all:
    kt_enter
1:  decq kt_spins(%rip)
    jnz 1b
    kt_leave
    .popsection
)");

struct Call {
    char const* name;
    seL4_Syscall_ID number;
    Slot cap;
    Word info;
    Slot reply, dest;
    Word written; ///< message registers that come back as outputs
};

/// Registers that a system call may change: badge, info, message registers, and the CPU's two.
bool may_change(int index, Call const& call)
{
    constexpr int message_registers[] = {r10, r8, r9, r15};
    if (index == rcx || index == r11 || index == rdi || index == rsi) return true;
    for (Word i = 0; i < call.written; ++i)
        if (message_registers[i] == index) return true;
    return false;
}

void check_call(Call const& call)
{
    Word before[16];
    for (Word i = 0; i < 16; ++i) before[i] = 0xa5a5'0000'0000'0000 + i * 0x1111'1111;
    before[rdx] = static_cast<Word>(call.number);
    before[rdi] = call.cap;
    before[rsi] = call.info;
    before[r12] = call.reply;
    before[r13] = call.dest;
    before[rsp] = 0x1234'5678; // the kernel has no business with the user's stack
    for (int i = 0; i < 16; ++i) kt_registers[i] = before[i];
    kt_syscall_all();
    for (int i = 0; i < 16; ++i) {
        if (may_change(i, call) || kt_registers[i] == before[i]) continue;
        print("# ", call.name, ", register ", Word(i), "\n");
        CHECK_EQ(kt_registers[i], before[i]);
    }
}

void system_calls_keep_all_other_registers()
{
    Slot const ntfn = make(seL4_NotificationObject), ep = make(seL4_EndpointObject);
    Slot const reply = make(seL4_ReplyObject), tcb = make_thread().tcb;
    Operation senders[] = {send(ep), send(ep), call(ep)};
    for (Operation& sender : senders) run_operation(sender);
    seL4_Signal(ntfn);
    Call const calls[] = {
        {"Yield", seL4_SysYield, 0, 0, 0, 0, 0},
        {"NBSend to nobody", seL4_SysNBSend, make(seL4_EndpointObject), message(1, 4), 0, 0, 0},
        {"Send to an empty slot", seL4_SysSend, new_slots(), message(1, 4), 0, 0, 0},
        {"Send to a notification", seL4_SysSend, ntfn, 0, 0, 0, 0},
        {"Wait with a signal", seL4_SysWait, ntfn, 0, 0, 0, 0},
        {"NBWait without a signal", seL4_SysNBWait, ntfn, 0, 0, 0, 0},
        {"NBRecv of nothing", seL4_SysNBRecv, make(seL4_EndpointObject), 0, reply, 0, 0},
        {"Recv of an empty message", seL4_SysRecv, ep, 0, reply, 0, 0},
        {"Wait for an empty message", seL4_SysWait, ep, 0, 0, 0, 0},
        {"NBRecv of a call", seL4_SysNBRecv, ep, 0, reply, 0, 0},
        {"Call of a method", seL4_SysCall, tcb, message(TCBSuspend, 0), 0, 0, 0},
        {"Call of an unknown method", seL4_SysCall, tcb, message(999, 0), 0, 0, 0},
        {"Call of an empty slot", seL4_SysCall, new_slots(), message(1, 0), 0, 0, 1},
        {"NBSendWait", seL4_SysNBSendWait, ntfn, 0, ntfn, 0, 0},
        {"NBSendRecv", seL4_SysNBSendRecv, ntfn, 0, reply, ntfn, 0},
        {"DebugCapIdentify", seL4_SysDebugCapIdentify, tcb, 0, 0, 0, 0},
    };
    for (Call const& entry : calls) check_call(entry);
}

void a_preemption_keeps_every_register()
{
    // A periodic thread above us takes the CPU again and again.
    static Word volatile ticks_seen;
    ticks_seen = 0;
    ThreadConfig config;
    config.priority = 200;
    config.budget_us = 200;
    config.period_us = 1000;
    spawn(
        [](Word) {
            for (;;) {
                ticks_seen = ticks_seen + 1;
                asm volatile("mov $-1, %%rax; mov %%rax, %%rcx; mov %%rax, %%r8; mov %%rax, %%r11"
                             :
                             :
                             : "rax", "rcx", "r8", "r11");
                seL4_Yield();
            }
        },
        0, config);
    Word before[16];
    for (int round = 0; round < 20 || ticks_seen < 5; ++round) {
        for (Word i = 0; i < 16; ++i) before[i] = 0x5a5a'0000'0000'0000 + i * 0x0101'0101;
        for (int i = 0; i < 15; ++i) kt_registers[i] = before[i];
        kt_spins = 200'000;
        kt_spin_all();
        for (int i = 0; i < 15; ++i) REQUIRE_EQ(kt_registers[i], before[i]);
    }
}

void segment_bases_are_each_threads_own()
{
    static Word volatile seen[2];
    static Slot gate;
    gate = make(seL4_NotificationObject);
    auto const body = [](Word index) {
        Word const mine = 0x1000'0000 * (index + 1);
        asm volatile("wrgsbase %0" : : "r"(mine));
        now(wait(gate)); // the other one runs and sets its own
        Word back;
        asm volatile("rdgsbase %0" : "=r"(back));
        seen[index] = back;
    };
    seen[0] = 0;
    seen[1] = 0;
    Thread& first = spawn(body, 0);
    spawn(body, 1);
    CHECK_EQ(first.registers().gs_base, 0x1000'0000);
    seL4_Signal(gate);
    seL4_Signal(gate);
    CHECK_EQ(seen[0], 0x1000'0000);
    CHECK_EQ(seen[1], 0x2000'0000);
}

constexpr Case cases[] = {
    {"a system call changes its outputs and no other register",
     system_calls_keep_all_other_registers},
    {"a preemption changes no register", a_preemption_keeps_every_register},
    {"each thread has its own gs base", segment_bases_are_each_threads_own},
};

} // namespace

Suite const registers_suite = cases;

} // namespace kt

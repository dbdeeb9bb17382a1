// Foreign threads: every system call is a fault, whatever its number, and none is carried out.
// [docs/kernel-api/extensions/foreign-threads.md]
#include "faults.hpp"
#include "suites.hpp"

#include <hypercore/extensions.h>

namespace kt {

namespace {

/// Registers of the system call that a foreign thread makes, and what rax is afterwards.
struct ForeignCall {
    Word rax, rdx, rdi, rsi;
    Word volatile result{}, calls{};
};
constinit ForeignCall foreign{};

/// Makes the call again and again.
void make_calls(Word)
{
    for (;;) {
        Word rax = foreign.rax, rdi = foreign.rdi, rsi = foreign.rsi;
        asm volatile("mov %%rsp, %%rbx\n\tsyscall"
                     : "+a"(rax), "+D"(rdi), "+S"(rsi)
                     : "d"(foreign.rdx)
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r15", "memory");
        foreign.result = rax;
        foreign.calls = foreign.calls + 1;
    }
}

/// A thread that makes foreign calls, prepared but not started.
struct Guest : Faulter {
    explicit Guest(ForeignCall const& first)
    {
        foreign.rax = first.rax;
        foreign.rdx = first.rdx;
        foreign.rdi = first.rdi;
        foreign.rsi = first.rsi;
        foreign.result = 0;
        foreign.calls = 0;
        ThreadConfig config;
        config.fault_ep = ep;
        thread = &make_thread(config);
        REQUIRE_OK(hypercore_TCB_SetForeign(thread->tcb, 1));
    }
    Fault start()
    {
        thread->start(make_calls);
        return next();
    }
    /// Answers as a personality does: a result, and on behind the instruction.
    Fault finish(Fault fault, Word result) const
    {
        fault.words[seL4_UnknownSyscall_RAX] = result;
        fault.words[seL4_UnknownSyscall_FaultIP] += 2;
        answer(fault, seL4_UnknownSyscall_FaultIP + 1);
        return next();
    }
};

void check_foreign(Fault const& fault)
{
    CHECK_EQ(fault.label, seL4_Fault_UnknownSyscall);
    CHECK_EQ(fault.length, seL4_UnknownSyscall_Length);
    CHECK_EQ(fault.words[seL4_UnknownSyscall_RAX], foreign.rax);
    CHECK_EQ(fault.words[seL4_UnknownSyscall_RDX], foreign.rdx);
    CHECK_EQ(fault.words[seL4_UnknownSyscall_RDI], foreign.rdi);
    CHECK_EQ(fault.words[seL4_UnknownSyscall_RSI], foreign.rsi);
    CHECK_EQ(fault.words[seL4_UnknownSyscall_Syscall], foreign.rdx);
}

void every_number_is_a_fault()
{
    // The capability would be good: a notification that the call would signal or wait on.
    Slot const ntfn = make(seL4_NotificationObject);
    Guest guest{{.rax = 100, .rdx = 0, .rdi = ntfn, .rsi = message(0, 0)}};
    Fault fault = guest.start();
    for (Word number = 1; number <= 40; ++number) {
        check_foreign(fault);
        CHECK_EQ(foreign.calls, number - 1);
        foreign.rax = 100 + number; // of the next call
        foreign.rdx = -number;      // all of seL4's, those of debug builds, and some more
        fault = guest.finish(fault, 7 * number);
        CHECK_EQ(foreign.result, 7 * number);
    }
    check_foreign(fault);
    for (Word number :
         {Word{1}, Word{0x4242}, Word{1} << 32 | 1, ~Word{0} >> 1, Word{0xffff'ffff}}) {
        foreign.rdx = number;
        fault = guest.finish(fault, 0);
        check_foreign(fault);
    }
    CHECK_EQ(now(nb_wait(ntfn)).badge, 0); // nobody has signalled
}

void other_threads_are_not_concerned()
{
    Slot const ntfn = make(seL4_NotificationObject);
    Guest guest{{.rax = 1, .rdx = static_cast<Word>(seL4_SysSend), .rdi = ntfn, .rsi = 0}};
    check_foreign(guest.start());
    Operation signal = send(mint(ntfn, 5));
    run_operation(signal);
    CHECK(signal.done);
    CHECK_EQ(now(nb_wait(ntfn)).badge, 5);
}

void it_can_be_switched_off()
{
    Slot const ntfn = make(seL4_NotificationObject), badged = mint(ntfn, 3);
    Guest guest{{.rax = 1, .rdx = static_cast<Word>(seL4_SysSend), .rdi = badged, .rsi = 0}};
    Fault const fault = guest.start();
    check_foreign(fault);
    REQUIRE_OK(hypercore_TCB_SetForeign(guest.thread->tcb, 0));
    // The call is repeated, and this time it is one. So are those that follow.
    REQUIRE_OK(seL4_TCB_SetPriority(guest.thread->tcb, root_tcb, below_priority));
    guest.answer();
    CHECK_EQ(now(wait(ntfn)).badge, 3);
    CHECK_EQ(now(wait(ntfn)).badge, 3);
    CHECK_EQ(guest.next().label, 0);
    // On again.
    REQUIRE_OK(hypercore_TCB_SetForeign(guest.thread->tcb, 1));
    check_foreign([&] {
        Operation const got = now(recv(guest.ep, guest.reply));
        Fault again{got.label(), got.length(), got.badge, {}};
        for (int i = 0; i < 19; ++i) again.words[i] = i < 4 ? got.out[i] : seL4_GetMR(i);
        return again;
    }());
}

void flags_and_registers_do_not_matter()
{
    Guest guest{{.rax = 9, .rdx = static_cast<Word>(seL4_SysYield), .rdi = 0, .rsi = 0}};
    Fault const fault = guest.start();
    Slot const tcb = guest.thread->tcb;
    // SetFlags neither shows nor clears it ...
    CHECK_EQ(seL4_TCB_SetFlags(tcb, ~Word{0}, 0).flags, 0);
    CHECK_EQ(seL4_TCB_SetFlags(tcb, 0, seL4_TCBFlag_fpuDisabled).flags, seL4_TCBFlag_fpuDisabled);
    REQUIRE_OK(hypercore_TCB_SetForeign(tcb, 1));
    CHECK_EQ(seL4_TCB_SetFlags(tcb, seL4_TCBFlag_fpuDisabled, 0).flags, 0);
    check_foreign(guest.finish(fault, 0));
    // ... nor sets it, and registers do not carry it to another thread.
    Operation yields[2];
    Thread& plain = run_operations(yields);
    CHECK_EQ(seL4_TCB_SetFlags(plain.tcb, 0, ~Word{0}).flags, seL4_TCBFlag_fpuDisabled);
    CHECK_EQ(seL4_TCB_SetFlags(plain.tcb, ~Word{0}, 0).flags, 0);
    CHECK_OK(seL4_TCB_CopyRegisters(plain.tcb, tcb, 1, 0, 1, 1, 0));
    Operation again[2];
    rerun(plain, again);
    CHECK(again[0].done && again[1].done);
    // Writing registers does not end it.
    guest.thread->start(make_calls);
    check_foreign(guest.next());
}

void a_blocked_call_is_repeated_as_a_fault()
{
    Slot const ntfn = make(seL4_NotificationObject);
    Guest guest{{.rax = 4, .rdx = static_cast<Word>(seL4_SysWait), .rdi = ntfn, .rsi = 0}};
    REQUIRE_OK(hypercore_TCB_SetForeign(guest.thread->tcb, 0));
    CHECK_EQ(guest.start().label, 0); // waits
    REQUIRE_OK(hypercore_TCB_SetForeign(guest.thread->tcb, 1));
    seL4_Signal(mint(ntfn, 1)); // what it waits for still comes
    CHECK_EQ(foreign.calls, 1);
    check_foreign(guest.next());
    guest.thread->suspend();
    REQUIRE_OK(hypercore_TCB_SetForeign(guest.thread->tcb, 0));
    guest.thread->resume();
    CHECK_EQ(guest.next().label, 0); // waits again
    REQUIRE_OK(hypercore_TCB_SetForeign(guest.thread->tcb, 1));
    guest.thread->resume();
    check_foreign(guest.next());
}

void a_thread_may_do_it_to_itself()
{
    static Slot self;
    Faulter faulter;
    ThreadConfig config;
    config.fault_ep = faulter.ep;
    faulter.thread = &make_thread(config);
    self = faulter.thread->tcb;
    foreign.calls = 0;
    faulter.thread->start([](Word) {
        foreign.result = hypercore_TCB_SetForeign(self, 1); // this call is answered
        foreign.calls = 1;
        hypercore_TCB_SetForeign(self, 0); // this one is not
        foreign.calls = 2;
    });
    CHECK_EQ(foreign.calls, 1);
    CHECK_EQ(foreign.result, seL4_NoError);
    Fault const fault = faulter.next();
    CHECK_EQ(fault.label, seL4_Fault_UnknownSyscall);
    CHECK_EQ(fault.words[seL4_UnknownSyscall_Syscall], static_cast<Word>(seL4_SysCall));
}

void without_a_handler_it_stops()
{
    Guest guest{{.rax = 1, .rdx = static_cast<Word>(seL4_SysYield), .rdi = 0, .rsi = 0}};
    REQUIRE_OK(seL4_TCB_SetSpace(guest.thread->tcb, 0, root_cnode, 0, root_vspace, 0));
    CHECK_EQ(guest.start().label, 0);
    CHECK_EQ(foreign.calls, 0);
    CHECK_EQ(guest.thread->registers().rax, 1);
}

void other_faults_keep_their_labels()
{
    Guest guest{{}};
    guest.thread->start([](Word) { asm volatile("ud2"); });
    CHECK_EQ(guest.next().label, seL4_Fault_UserException);
    guest.thread->start([](Word) { *reinterpret_cast<Word volatile*>(free_region) = 1; });
    CHECK_EQ(guest.next().label, seL4_Fault_VMFault);
}

void bad_calls_are_refused()
{
    Thread& thread = make_thread();
    CHECK_ERROR(hypercore_TCB_SetForeign(thread.tcb, 2), seL4_RangeError, 0, 1);
    CHECK_ERROR(hypercore_TCB_SetForeign(thread.tcb, ~Word{0}), seL4_RangeError, 0, 1);
    CHECK_EQ(hypercore_TCB_SetForeign(own_sc(), 1), seL4_IllegalOperation);
    // A refusal changes nothing.
    Operation yields[1];
    rerun(thread, yields);
    CHECK(yields[0].done);
}

constexpr Case cases[] = {
    {"every system call of a foreign thread is a fault with all registers",
     every_number_is_a_fault},
    {"system calls of other threads work while one is foreign", other_threads_are_not_concerned},
    {"a thread that is foreign no longer makes system calls", it_can_be_switched_off},
    {"flags and registers neither show nor change whether a thread is foreign",
     flags_and_registers_do_not_matter},
    {"a foreign thread that repeats a call faults", a_blocked_call_is_repeated_as_a_fault},
    {"a thread may make itself foreign", a_thread_may_do_it_to_itself},
    {"a foreign thread without a fault handler stops", without_a_handler_it_stops},
    {"other faults of a foreign thread keep their labels", other_faults_keep_their_labels},
    {"on is 1 and off is 0, else the call is refused", bad_calls_are_refused},
};

} // namespace

Suite const foreign_suite = cases;

} // namespace kt

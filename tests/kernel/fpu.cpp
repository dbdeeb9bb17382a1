// FPU and SSE state belongs to its thread: kept over system calls and preemption, never seen by
// others, fresh in a new thread, refused where it is disabled.
#include "faults.hpp"
#include "suites.hpp"

namespace kt {

namespace {

struct alignas(16) Vector {
    Word low, high;
};

/// The registers used are those that compiled code here does not need.
void set_vectors(Word value)
{
    Vector const v{value, ~value};
    asm volatile("movaps %0, %%xmm13; movaps %0, %%xmm14; movaps %0, %%xmm15"
                 :
                 : "m"(v)
                 : "xmm13", "xmm14", "xmm15");
}

bool vectors_are(Word value)
{
    Vector a, b, c;
    asm volatile("movaps %%xmm13, %0; movaps %%xmm14, %1; movaps %%xmm15, %2"
                 : "=m"(a), "=m"(b), "=m"(c));
    return a.low == value && a.high == ~value && b.low == value && c.low == value &&
           c.high == ~value;
}

bool vectors_are_zero()
{
    Vector a, b;
    asm volatile("movaps %%xmm13, %0; movaps %%xmm15, %1" : "=m"(a), "=m"(b));
    return (a.low | a.high | b.low | b.high) == 0;
}

Slot gate;
Word volatile good[4];

/// Sets its own pattern, lets others run, and looks whether it is still there. System call by hand:
/// nothing between set and look may use the registers.
void keep(Word index)
{
    Word const pattern = 0x1111'1111'1111'1111 * (index + 1);
    set_vectors(pattern);
    bool same = true;
    for (int round = 0; round < 3; ++round) {
        hypercore_registers io = {gate, 0, 0, 0, 0, 0};
        hypercore_syscall(seL4_SysWait, &io, 0, 0);
        same = same && vectors_are(pattern);
    }
    good[index] = same ? 1 : 2;
}

void each_thread_keeps_its_registers()
{
    gate = make(seL4_NotificationObject);
    for (Word i = 0; i < 4; ++i) {
        good[i] = 0;
        spawn(keep, i);
    }
    for (int i = 0; i < 12; ++i) seL4_Signal(gate);
    for (Word volatile& result : good) CHECK_EQ(result, 1);
}

void preempted_threads_keep_their_registers()
{
    static Word volatile results[2];
    results[0] = 0;
    results[1] = 0;
    static Slot finished;
    finished = make(seL4_NotificationObject);
    auto const spin_with = [](Word index) {
        Word const pattern = 0x0f0f'0f0f'0000'0000 + index;
        set_vectors(pattern);
        Word const end = rdtsc() + ticks(20'000);
        bool same = true;
        while (rdtsc() < end) same = same && vectors_are(pattern);
        results[index] = same ? 1 : 2;
        seL4_Signal(finished);
    };
    ThreadConfig config;
    config.priority = below_priority;
    config.budget_us = config.period_us = 500;
    spawn(spin_with, 0, config);
    spawn(spin_with, 1, config);
    while (results[0] == 0 || results[1] == 0) now(wait(finished));
    CHECK_EQ(results[0], 1);
    CHECK_EQ(results[1], 1);
}

void a_new_thread_sees_nothing_of_others()
{
    static Word volatile zero;
    static u16 volatile control;
    static u32 volatile mxcsr;
    set_vectors(0xfeed'feed'feed'feed);
    zero = 0;
    spawn([](Word) {
        zero = vectors_are_zero() ? 1 : 2;
        u16 word;
        u32 sse;
        asm volatile("fnstcw %0; stmxcsr %1" : "=m"(word), "=m"(sse));
        control = word;
        mxcsr = sse;
    });
    CHECK_EQ(zero, 1);
    CHECK_EQ(control, 0x37f);
    CHECK_EQ(mxcsr, 0x1f80);
    CHECK(vectors_are(0xfeed'feed'feed'feed));
}

void control_words_are_each_threads_own()
{
    u32 const changed = 0x1f80 | 0x6000; // round to zero
    asm volatile("ldmxcsr %0" : : "m"(changed));
    static u32 volatile other;
    spawn([](Word) {
        u32 value;
        asm volatile("stmxcsr %0" : "=m"(value));
        other = value;
    });
    u32 own;
    asm volatile("stmxcsr %0" : "=m"(own));
    u32 const normal = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(normal));
    CHECK_EQ(other, 0x1f80);
    CHECK_EQ(own, changed);
}

void a_thread_without_fpu_gets_exception_7()
{
    Faulter faulter;
    ThreadConfig config;
    config.fault_ep = faulter.ep;
    Thread& thread = make_thread(config);
    faulter.thread = &thread;
    REQUIRE_EQ(seL4_TCB_SetFlags(thread.tcb, 0, seL4_TCBFlag_fpuDisabled).flags, 1);
    static Word volatile passed;
    passed = 0;
    thread.start([](Word) {
        passed = 1;
        asm volatile("xorps %%xmm0, %%xmm0" ::: "xmm0");
        passed = 2;
    });
    CHECK_EQ(passed, 1);
    Fault const fault = faulter.next();
    CHECK_EQ(fault.label, seL4_Fault_UserException);
    CHECK_EQ(fault.words[3], 7);
    // Allowed again it goes on.
    CHECK_EQ(seL4_TCB_SetFlags(thread.tcb, seL4_TCBFlag_fpuDisabled, 0).flags, 0);
    faulter.answer();
    CHECK_EQ(passed, 2);
}

void a_deleted_threads_state_is_gone()
{
    set_vectors(0x2222'2222'2222'2222);
    Thread& thread = spawn([](Word) {
        set_vectors(0x3333);
        sleep_for_ever();
    });
    remove(thread.tcb);
    CHECK(vectors_are(0x2222'2222'2222'2222));
}

constexpr Case cases[] = {
    {"each thread keeps its vector registers over system calls", each_thread_keeps_its_registers},
    {"preempted threads keep their vector registers", preempted_threads_keep_their_registers},
    {"a new thread starts with clean FPU and SSE state", a_new_thread_sees_nothing_of_others},
    {"rounding modes are each thread's own", control_words_are_each_threads_own},
    {"a thread whose FPU is disabled gets exception 7", a_thread_without_fpu_gets_exception_7},
    {"a deleted thread's FPU state is not restored to others", a_deleted_threads_state_is_gone},
};

} // namespace

Suite const fpu_suite = cases;

} // namespace kt

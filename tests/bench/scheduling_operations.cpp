// Yields, interrupts, and the choice of the next thread among few and many.
#include "stopwatch.hpp"

#include <hypercore/extensions.h>

namespace bench {

namespace {

using namespace kt;

constexpr Word long_turn_us = 10'000'000; ///< no turn ends within a measurement

struct Shared {
    Slot done, ntfn, handler;
    Stamps one, other;
};
constinit Shared shared{};

ThreadConfig helper(Word priority, Slot vspace = root_vspace)
{
    ThreadConfig config;
    config.priority = priority;
    config.vspace = vspace;
    config.budget_us = config.period_us = long_turn_us;
    return config;
}

// --- yield ------------------------------------------------------------------------------------

void yield_in_rounds(Word)
{
    while (next_round()) {
        hypercore_registers io{};
        timed_syscall<seL4_SysYield>(io, 0, shared.one);
        sample(between(shared.one, shared.other));
    }
    seL4_Signal(shared.done);
}

void yield_for_ever(Word)
{
    for (;;) {
        hypercore_registers io{};
        timed_syscall<seL4_SysYield>(io, 0, shared.other);
    }
}

/// Two threads take turns while the case waits.
void yield_between(Slot vspace, char const* name)
{
    shared.done = make(seL4_NotificationObject);
    begin(name);
    Thread const& one = spawn(yield_in_rounds, 0, helper(below_priority));
    Thread const& other = spawn(yield_for_ever, 0, helper(below_priority, vspace));
    now(wait(shared.done));
    one.suspend();
    other.suspend();
    report(name);
}

void yields()
{
    yield_between(root_vspace, "yield_same_space");
    yield_between(make_vspace(), "yield_other_space");
}

// --- interrupts -------------------------------------------------------------------------------

/// The PIT's channel 0 interrupts every 100 us while this lives. [8254 data sheet]
class Pit {
public:
    static constexpr Word pin = 2; ///< the MADT of every PC moves interrupt 0 there
    Pit()
    {
        REQUIRE_OK(seL4_X86_IOPortControl_Issue(seL4_CapIOPortControl, 0x40, 0x43, root_cnode,
                                                ports_, depth));
        REQUIRE_OK(seL4_IRQControl_GetIOAPIC(seL4_CapIRQControl, root_cnode, shared.handler, depth,
                                             0, pin, 0, 0, 2));
        REQUIRE_OK(seL4_IRQHandler_SetNotification(shared.handler, shared.ntfn));
        constexpr Word divisor = 1'193'182 / 10'000;
        seL4_X86_IOPort_Out8(ports_, 0x43, 0x34);
        seL4_X86_IOPort_Out8(ports_, 0x40, divisor & 0xff);
        seL4_X86_IOPort_Out8(ports_, 0x40, divisor >> 8);
    }
    ~Pit()
    {
        seL4_X86_IOPort_Out8(ports_, 0x43, 0x30); // waits for a count
        remove(shared.handler);
        remove(ports_);
    }

private:
    Slot ports_ = new_slots();
};

void handle_interrupts(Word)
{
    while (next_round()) {
        seL4_IRQHandler_Ack(shared.handler);
        hypercore_registers io{shared.ntfn, 0, 0, 0, 0, 0};
        timed_syscall<seL4_SysWait>(io, 0, shared.other);
        // From the last reading before the interrupt. The loop there is three instructions long, of
        // which up to one, its jump, is in the figure.
        sample(between(shared.one, shared.other, Way::fault, Way::syscall));
    }
    seL4_Signal(shared.done);
}

void interrupts_of(Slot vspace, char const* name)
{
    shared = {make(seL4_NotificationObject), make(seL4_NotificationObject), new_slots(), {}, {}};
    Pit const pit;
    begin(name);
    Thread const& interrupted =
        spawn([](Word) { note_time(shared.one); }, 0, helper(below_priority, vspace));
    Thread const& handler = spawn(handle_interrupts, 0, helper(helper_priority));
    now(wait(shared.done));
    interrupted.suspend();
    handler.suspend();
    report(name);
}

void interrupts()
{
    interrupts_of(root_vspace, "interrupt_same_space");
    interrupts_of(make_vspace(), "interrupt_other_space");
}

// --- the choice of the next thread ------------------------------------------------------------

constexpr Word choices = warm_up + rounds;
constexpr Word few = 10, many = 10'000;
/// A CNode that keeps two capabilities of each thread, which the root CNode has no room for.
constexpr Word keeper_bits = 15;
static_assert(2 * many <= Word{1} << keeper_bits);

struct Crowd {
    u32 before;  ///< when the last thread left
    u32 burning; ///< threads that have not yet used the time they begin with
    u32 to_go;   ///< yields until the samples begin: a first turn is not like the others
    u32 count;
    u32 samples[choices];
    Slot done;
};
constinit Crowd crowd{};

extern "C" void bench_crowd_member();

/// A thread of the crowd uses up rdi times 512 instructions, then yields for ever, and when its
/// turn comes again notes how long the one before it has been away. In assembly, because thousands
/// have no stacks: rsp is the address of `crowd`. The emulator does a row of nops at almost no
/// cost.
asm(R"(
    .text
    .global bench_crowd_member
bench_crowd_member:
    testq %rdi, %rdi
    jz 2f
1:  .rept 510
    nop
    .endr
    decq %rdi
    jnz 1b
2:  decl 4(%rsp)
3:  rdtsc
    movl %eax, (%rsp)
    movq $-11, %rdx
    movq %rsp, %rbx
    syscall
    movq %rbx, %rsp
    rdtsc
    subl (%rsp), %eax
    cmpl $0, 4(%rsp)
    jne 3b
    cmpl $0, 8(%rsp)
    jne 5f
    movl 12(%rsp), %ecx
    cmpl $72, %ecx
    jae 4f
    movl %eax, 16(%rsp,%rcx,4)
    incl 12(%rsp)
    jmp 3b
4:  movq 304(%rsp), %rdi
    xorl %esi, %esi
    movq $-5, %rdx
    movq %rsp, %rbx
    syscall
    movq %rbx, %rsp
    jmp 3b
5:  decl 8(%rsp)
    jmp 3b
)");
static_assert(seL4_SysYield == -11 && seL4_SysSend == -5 && choices == 72);
static_assert(__builtin_offsetof(Crowd, samples) == 16 && __builtin_offsetof(Crowd, done) == 304);

/// What the threads of a crowd are alike in.
struct Class {
    Word budget_us;
    bool feedback;
    Word burn; ///< what each uses up before it is counted, in 512 instructions
};
constexpr Class plain{long_turn_us, false, 0};
/// 15 slices (1 + 2 + 4 + 8) take a context down to the last level. A slice of just 20 us would be
/// too short: the kernel wants that much left at each system call.
constexpr Class feedback{25, true, 16 * 25'000 / 512};

/// One thread of the crowd, ready to run. `slots` are two empty ones, which stay so: its
/// capabilities move to `keeper`.
void join_crowd(Slot keeper, Word number, Slot slots, Class const& kind)
{
    Slot const tcb = slots, sc = slots + 1;
    REQUIRE_OK(try_make(case_untyped(), seL4_TCBObject, 0, tcb));
    REQUIRE_OK(try_make(case_untyped(), seL4_SchedContextObject, seL4_MinSchedContextBits, sc));
    REQUIRE_OK(seL4_SchedControl_ConfigureFlags(sched_control(), sc, kind.budget_us, kind.budget_us,
                                                0, 0, 0));
    if (kind.feedback) REQUIRE_OK(hypercore_SchedControl_ConfigureFeedback(sched_control(), sc, 1));
    REQUIRE_OK(seL4_TCB_Configure(tcb, root_cnode, 0, root_vspace, 0, 0, 0));
    REQUIRE_OK(seL4_TCB_SetSchedParams(tcb, root_tcb, 0, below_priority, sc, 0));
    seL4_UserContext context{};
    context.rip = reinterpret_cast<Word>(bench_crowd_member);
    context.rsp = reinterpret_cast<Word>(&crowd);
    context.rflags = 0x202;
    context.rdi = kind.burn;
    REQUIRE_OK(seL4_TCB_WriteRegisters(tcb, 1, 0, sizeof context / sizeof(Word), &context));
    for (Word i = 0; i < 2; ++i)
        REQUIRE_OK(
            seL4_CNode_Move(keeper, 2 * number + i, keeper_bits, root_cnode, slots + i, depth));
}

/// From one thread's yield to the next one's return, with so many threads ready.
void choose_among(Word threads, Class const& kind, char const* name)
{
    Slot const keeper = make(seL4_CapTableObject, keeper_bits), slots = new_slots(2);
    crowd = {};
    crowd.done = make(seL4_NotificationObject);
    crowd.burning = crowd.to_go = static_cast<u32>(threads);
    for (Word i = 0; i < threads; ++i) join_crowd(keeper, i, slots, kind);
    now(wait(crowd.done));
    begin(name);
    for (Word i = 0; next_round(); ++i) sample(crowd.samples[i] - overhead.of[0][0]);
    report(name);
}

constexpr Case cases[] = {
    {"yields", yields},
    {"interrupts", interrupts},
    {"the next of ten plain threads", [] { choose_among(few, plain, "next_of_10"); }},
    {"the next of ten thousand", [] { choose_among(many, plain, "next_of_10000"); }},
    {"the next of ten feedback threads",
     [] { choose_among(few, feedback, "next_of_10_feedback"); }},
    {"the next of ten thousand", [] { choose_among(many, feedback, "next_of_10000_feedback"); }},
};

} // namespace

Suite const scheduling_operations = cases;

} // namespace bench

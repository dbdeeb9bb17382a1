// Faults of every kind as messages, and their answers: resume, stay stopped, change registers.
// The words of each message as seL4 sends them: observed_faults.cpp. [seL4 manual, "Faults"]
#include "faults.hpp"

#include "suites.hpp"

namespace kt {

namespace {

extern "C" {
void kt_ud2_at();
void kt_ud2_after();
void kt_unknown_call();
void kt_after_unknown();
}

// Code with labels of known addresses: results go to rax, then to the variable.
asm(R"(
    .pushsection .text.faults, "ax"
    .globl kt_ud2_at, kt_ud2_after, kt_unknown_call, kt_after_unknown
kt_ud2_at:
    ud2
kt_ud2_after:
    ret
kt_unknown_call:
    mov $0x1111, %eax
    mov $0x2222, %ebx
    mov $0x4242, %edx
    mov $0x3333, %esi
    mov $0x4444, %edi
    mov $0x5555, %ebp
    mov $0x88, %r8d
    mov $0x99, %r9d
    mov $0x1010, %r10d
    mov $0x1212, %r12d
    mov $0x1313, %r13d
    mov $0x1414, %r14d
    mov $0x1515, %r15d
    syscall
kt_after_unknown:
    ud2
    .popsection
)");

Word address_of(void (*label)())
{
    return reinterpret_cast<Word>(label);
}

void jump_to(Word address)
{
    asm volatile("jmp *%0" : : "r"(address));
}

void an_exception_reports_where_and_what()
{
    Faulter faulter;
    Fault const fault = faulter.run(jump_to, address_of(kt_ud2_at));
    CHECK_EQ(fault.label, seL4_Fault_UserException);
    CHECK_EQ(fault.length, seL4_UserException_Length);
    CHECK_EQ(fault.words[0], address_of(kt_ud2_at));
    CHECK(fault.words[1] <= faulter.thread->stack_top() &&
          fault.words[1] > faulter.thread->stack_top() - 0x1000);
    CHECK_EQ(fault.words[2] & 0x202, 0x202);
    CHECK_EQ(fault.words[3], 6);
    CHECK_EQ(fault.words[4], 0);
}

Word volatile arrived;

void arrive()
{
    arrived = 1;
    sleep_for_ever();
}

void a_reply_to_an_exception_can_move_the_thread()
{
    Faulter faulter;
    Fault fault = faulter.run(jump_to, address_of(kt_ud2_at));
    arrived = 0;
    fault.words[0] = address_of(arrive);
    fault.words[1] = faulter.thread->stack_top() - 8;
    fault.words[2] = ~Word{0}; // flags: only harmless ones may stay
    faulter.answer(fault, 3);
    CHECK_EQ(arrived, 1);
    CHECK_EQ(faulter.thread->registers().rflags & 0x2'7100, 0);
}

void a_short_reply_writes_only_what_it_has()
{
    Faulter faulter;
    Fault fault = faulter.run(jump_to, address_of(kt_ud2_at));
    Word const stack = fault.words[1];
    fault.words[0] = address_of(kt_ud2_at); // the same place: it faults again
    fault.words[1] = 0x1234;
    faulter.answer(fault, 1);
    fault = faulter.next();
    CHECK_EQ(fault.label, seL4_Fault_UserException);
    CHECK_EQ(fault.words[1], stack);
    // An empty answer just tries again.
    faulter.answer();
    CHECK_EQ(faulter.next().words[0], address_of(kt_ud2_at));
}

void another_label_leaves_the_thread_stopped()
{
    Faulter faulter;
    Fault const fault = faulter.run(jump_to, address_of(kt_ud2_at));
    faulter.answer(fault, 3, 1);
    CHECK_EQ(faulter.next().label, 0);
    // Resume starts it where it faulted.
    faulter.thread->resume();
    CHECK_EQ(faulter.next().label, seL4_Fault_UserException);
}

void an_unknown_call_reports_all_registers()
{
    Faulter faulter;
    Fault const fault = faulter.run(jump_to, address_of(kt_unknown_call));
    CHECK_EQ(fault.label, seL4_Fault_UnknownSyscall);
    CHECK_EQ(fault.length, seL4_UnknownSyscall_Length);
    struct Row {
        int index;
        Word value;
    };
    for (Row row : {Row{seL4_UnknownSyscall_RAX, 0x1111}, Row{seL4_UnknownSyscall_RBX, 0x2222},
                    Row{seL4_UnknownSyscall_RDX, 0x4242}, Row{seL4_UnknownSyscall_RSI, 0x3333},
                    Row{seL4_UnknownSyscall_RDI, 0x4444}, Row{seL4_UnknownSyscall_RBP, 0x5555},
                    Row{seL4_UnknownSyscall_R8, 0x88}, Row{seL4_UnknownSyscall_R9, 0x99},
                    Row{seL4_UnknownSyscall_R10, 0x1010}, Row{seL4_UnknownSyscall_R12, 0x1212},
                    Row{seL4_UnknownSyscall_R13, 0x1313}, Row{seL4_UnknownSyscall_R14, 0x1414},
                    Row{seL4_UnknownSyscall_R15, 0x1515},
                    Row{seL4_UnknownSyscall_FaultIP, address_of(kt_after_unknown) - 2},
                    Row{seL4_UnknownSyscall_Syscall, 0x4242}})
        CHECK_EQ(fault.words[row.index], row.value);
}

void a_reply_to_an_unknown_call_sets_registers()
{
    Faulter faulter;
    Fault fault = faulter.run(jump_to, address_of(kt_unknown_call));
    // As a personality does: an answer in rax, and on behind the instruction.
    fault.words[seL4_UnknownSyscall_RAX] = 0x7777;
    fault.words[seL4_UnknownSyscall_R15] = 0x8888;
    fault.words[seL4_UnknownSyscall_FaultIP] += 2;
    faulter.answer(fault, seL4_UnknownSyscall_Length - 1);
    Fault const next = faulter.next();
    CHECK_EQ(next.label, seL4_Fault_UserException); // the ud2 behind it
    CHECK_EQ(next.words[0], address_of(kt_after_unknown));
    seL4_UserContext const registers = faulter.thread->registers();
    CHECK_EQ(registers.rax, 0x7777);
    CHECK_EQ(registers.r15, 0x8888);
    CHECK_EQ(registers.rbx, 0x2222);
    CHECK_EQ(registers.rdi, 0x4444);
}

void resuming_a_page_fault_tries_again()
{
    map_tables(root_vspace, free_region);
    static Word volatile seen;
    seen = 0;
    Faulter faulter;
    Fault const fault =
        faulter.run([](Word address) { seen = *reinterpret_cast<Word volatile*>(address) + 1; },
                    free_region + 8);
    CHECK_EQ(fault.label, seL4_Fault_VMFault);
    CHECK_EQ(fault.words[1], free_region + 8);
    faulter.answer(); // nothing was mended: the same fault again
    CHECK_EQ(faulter.next().words[1], free_region + 8);
    map_frame(root_vspace, free_region);
    faulter.answer();
    CHECK_EQ(seen, 1);
    CHECK_EQ(faulter.next().label, 0);
}

void faults_carry_the_handlers_badge()
{
    Faulter faulter;
    Slot const plain = faulter.ep;
    faulter.ep = mint(plain, 0xfa01);
    Fault const fault = faulter.run(jump_to, address_of(kt_ud2_at));
    CHECK_EQ(fault.badge, 0xfa01);
}

void without_a_handler_a_fault_stops_the_thread()
{
    static Word volatile after;
    after = 0;
    Thread& thread = spawn([](Word) {
        asm volatile("ud2");
        after = 1;
    });
    CHECK_EQ(after, 0);
    thread.resume(); // it faults again, and we go on
    CHECK_EQ(after, 0);
    CHECK(thread.registers().rip != 0);
}

void a_deleted_handler_stops_the_thread()
{
    Faulter faulter;
    Fault const fault = faulter.run(jump_to, address_of(kt_ud2_at));
    CHECK_EQ(fault.label, seL4_Fault_UserException);
    remove(faulter.ep); // while it waits for the answer
    faulter.answer();   // the answer comes all the same; the next fault meets no handler
    CHECK_EQ(faulter.thread->registers().rip, address_of(kt_ud2_at));
}

template <int Vector> void raise(Word)
{
    if constexpr (Vector == 0) {
        Word volatile zero = 0;
        asm volatile("xor %%edx, %%edx; divq %0" : : "m"(zero) : "rax", "rdx");
    }
    if constexpr (Vector == 3) asm volatile("int3");
    if constexpr (Vector == 6) asm volatile("ud2");
    if constexpr (Vector == 13) asm volatile("mov %0, %%ds" : : "r"(static_cast<u16>(0x1008)));
    if constexpr (Vector == 16)
        asm volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(*"\x7b\x03"));
    if constexpr (Vector == 17)
        asm volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl 1(%%rsp), %%eax" ::: "rax");
    if constexpr (Vector == 1)
        asm volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" ::: "cc");
}

struct Exception {
    Word vector;
    Entry entry;
    char const* name;
};
// Without 19 (SSE): QEMU does not raise it.
constexpr Exception exceptions[] = {
    {0, raise<0>, "division by zero"}, {3, raise<3>, "breakpoint"},
    {6, raise<6>, "invalid opcode"},   {13, raise<13>, "bad segment"},
    {16, raise<16>, "x87 exception"},
};

void every_exception_arrives_with_its_number()
{
    for (Exception const& exception : exceptions) {
        Faulter faulter;
        Fault const fault = faulter.run(exception.entry);
        if (fault.label != seL4_Fault_UserException) print("# ", exception.name, "\n");
        CHECK_EQ(fault.label, seL4_Fault_UserException);
        CHECK_EQ(fault.words[3], exception.vector);
        faulter.thread->suspend();
    }
}

void single_step_and_alignment_flags_hurt_nobody()
{
    // A user may set TF and AC with popfq. What follows is his own exception (or nothing, where the
    // emulator does not check alignment), never the kernel's.
    for (Entry entry : {raise<1>, raise<17>}) {
        Faulter faulter;
        Fault const fault = faulter.run(entry);
        CHECK(fault.label == 0 || fault.label == seL4_Fault_UserException);
        faulter.thread->suspend();
    }
    // And system calls with those flags set work.
    static Word volatile result;
    for (Word flag : {Word{0x40000}, Word{0x4000}, Word{0x400}}) { // AC, NT, DF
        result = 0;
        Faulter faulter;
        faulter.run(
            [](Word flags) {
                // By hand: with DF set no compiled code may run.
                Word badge = never();
                Word info = 0, number = static_cast<Word>(seL4_SysNBWait);
                asm volatile("pushfq; orq %3, (%%rsp); popfq; syscall; pushfq;"
                             "andq $~0x44400, (%%rsp); popfq"
                             : "+D"(badge), "+S"(info), "+d"(number)
                             : "r"(flags)
                             : "rcx", "r11", "r8", "r9", "r10", "r15", "cc", "memory");
                result = 1 + badge;
            },
            flag);
        CHECK_EQ(result, 1);
    }
    Word flags;
    asm volatile("pushfq; pop %0" : "=r"(flags));
    CHECK_EQ(flags & 0x4'4500, 0); // ours are as before
}

void non_canonical_registers_never_reach_the_cpu()
{
    constexpr Word bad[] = {0x8000'0000'0000, 0xffff'7fff'ffff'ffff, 0x1234'0000'0000'0000};
    for (Word address : bad) {
        Thread& thread = make_thread();
        for (int which = 0; which < 3; ++which) {
            thread.prepare([](Word) {});
            seL4_UserContext context = thread.registers();
            (which == 0 ? context.rip : which == 1 ? context.fs_base : context.gs_base) = address;
            // Refused or not: running the thread must not hurt the kernel.
            seL4_TCB_WriteRegisters(thread.tcb, 1, 0, sizeof context / sizeof(Word), &context);
            thread.suspend();
        }
    }
    // The same through the answer to a fault, where the way out may be sysret.
    for (Word address : bad) {
        Faulter faulter;
        Fault fault = faulter.run(jump_to, address_of(kt_unknown_call));
        fault.words[seL4_UnknownSyscall_FaultIP] = address;
        faulter.answer(fault, seL4_UnknownSyscall_Length - 1);
        faulter.thread->suspend();
    }
    CHECK(!failed());
}

void a_jump_out_of_the_address_space_faults()
{
    Faulter faulter;
    Fault const fault = faulter.run(jump_to, 0x8000'0000'0000);
    CHECK_EQ(fault.label, seL4_Fault_UserException);
    CHECK_EQ(fault.words[3], 13);
}

void a_fault_on_a_bad_stack_pointer_is_the_users_own()
{
    for (Word stack : {Word{0}, Word{8}, Word{0xffff'ffff'8000'0000}, Word{0x8000'0000'0000},
                       Word{0x7fff'ffff'f000}}) {
        Faulter faulter;
        Fault const fault = faulter.run(
            [](Word address) {
                asm volatile("mov %0, %%rsp; push %%rax" : : "r"(address));
            },
            stack);
        CHECK(fault.label == seL4_Fault_VMFault || fault.label == seL4_Fault_UserException);
    }
}

constexpr Case cases[] = {
    {"a user exception reports where, on which stack, and which number",
     an_exception_reports_where_and_what},
    {"a reply to a user exception can move the thread, without system flags",
     a_reply_to_an_exception_can_move_the_thread},
    {"a short reply writes only the registers it has", a_short_reply_writes_only_what_it_has},
    {"a reply with another label leaves the thread stopped",
     another_label_leaves_the_thread_stopped},
    {"an unknown system call reports every register", an_unknown_call_reports_all_registers},
    {"a reply to an unknown system call sets the registers",
     a_reply_to_an_unknown_call_sets_registers},
    {"a page fault is tried again after its answer", resuming_a_page_fault_tries_again},
    {"faults carry the badge of the handler's endpoint", faults_carry_the_handlers_badge},
    {"without a handler a fault stops the thread", without_a_handler_a_fault_stops_the_thread},
    {"a deleted handler stops the thread at its next fault", a_deleted_handler_stops_the_thread},
    {"every CPU exception arrives with its number", every_exception_arrives_with_its_number},
    {"TF, AC, NT and DF in the user's flags hurt nobody",
     single_step_and_alignment_flags_hurt_nobody},
    {"non-canonical rip, fs and gs bases never reach the CPU",
     non_canonical_registers_never_reach_the_cpu},
    {"a jump out of the address space is a general protection fault",
     a_jump_out_of_the_address_space_faults},
    {"a fault on a bad stack pointer is the user's own",
     a_fault_on_a_bad_stack_pointer_is_the_users_own},
};

} // namespace

Suite const fault_suite = cases;

} // namespace kt

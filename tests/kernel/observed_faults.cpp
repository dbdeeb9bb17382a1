// seL4's recorded fault messages: label, length and words of each kind, by what the thread did.
// Addresses of instructions are compared with labels, since they depend on the program.
#include "faults.hpp"
#include "observed.hpp"

namespace kt::observed {

void faults();

namespace {

struct Expected {
    char const* what;
    Word label, length;
    Word words[7]; ///< from word 1 on; word 0 is the instruction
};

/// Registers of the next system call of the faulting thread.
struct Request {
    Word number, cap, info, reply;
};
Request request;

extern "C" void kt_recorded_syscall();
asm(R"(
    .pushsection .text.observed, "ax"
    .globl kt_recorded_syscall
kt_recorded_syscall:
    syscall
    ret
    .popsection
)");

void make_request(Word)
{
    register Word reply asm("r12") = request.reply;
    register Word dest asm("r13") = 0;
    asm volatile("call kt_recorded_syscall"
                 :
                 : "d"(request.number), "D"(request.cap), "S"(request.info), "r"(reply), "r"(dest)
                 : "rcx", "r11", "r8", "r9", "r10", "r15", "rbx", "memory");
}

void compare_words(Expected const& expected, Fault const& fault)
{
    bool good = fault.label == expected.label && fault.length == expected.length;
    for (Word i = 1; good && i < expected.length && i < 8; ++i)
        good = fault.words[i] == expected.words[i - 1];
    if (good) return;
    print("# ", expected.what, ": label ", fault.label, " length ", fault.length, " words");
    for (Word i = 0; i < fault.length && i < 8; ++i) print(" ", Hex{fault.words[i]});
    print("\n");
    CHECK(good);
}

void system_call_fault(Expected const& expected, Request const& what)
{
    request = what;
    Faulter faulter;
    Fault const fault = faulter.run(make_request);
    compare_words(expected, fault);
    CHECK_EQ(fault.words[0], reinterpret_cast<Word>(kt_recorded_syscall));
    faulter.thread->suspend();
}

Word syscall_number(seL4_Syscall_ID number)
{
    return static_cast<Word>(number);
}

void capability_faults()
{
    constexpr Word far = 0xf'ffff'ff00, missing = seL4_MissingCapability;
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Word const recv = syscall_number(seL4_SysRecv);
    system_call_fault({"Recv on slot 0", 1, 5, {0, 1, missing, 0}}, {recv, 0, 0, reply});
    system_call_fault({"NBRecv on slot 0", 1, 5, {0, 1, missing, 0}},
                      {syscall_number(seL4_SysNBRecv), 0, 0, reply});
    system_call_fault({"Wait on slot 0", 1, 5, {0, 1, missing, 0}},
                      {syscall_number(seL4_SysWait), 0, 0, 0});
    system_call_fault({"Recv beyond the guard", 1, 7, {far, 1, 4, 0x40, 0, 0x33}},
                      {recv, far, 0, reply});
    system_call_fault({"Call beyond the guard", 1, 7, {far, 0, 4, 0x40, 0, 0x33}},
                      {syscall_number(seL4_SysCall), far, 0, 0});
    system_call_fault({"Send beyond the guard", 1, 7, {far, 0, 4, 0x40, 0, 0x33}},
                      {syscall_number(seL4_SysSend), far, 0, 0});
    system_call_fault({"Recv on a TCB", 1, 5, {1, 1, missing, 0}}, {recv, 1, 0, reply});
    system_call_fault({"Recv with a TCB as reply object", 1, 5, {1, 1, missing, 0}},
                      {recv, ep, 0, 1});
}

void unknown_system_calls()
{
    request = {0xffff'ffff'ffff'cfc7, 1, 2, 0};
    Faulter faulter;
    Fault const fault = faulter.run(make_request);
    CHECK_EQ(fault.label, seL4_Fault_UnknownSyscall);
    CHECK_EQ(fault.length, 19);
    CHECK_EQ(fault.words[3], 0xffff'ffff'ffff'cfc7); // rdx
    CHECK_EQ(fault.words[4], 2);                     // rsi
    CHECK_EQ(fault.words[5], 1);                     // rdi
    CHECK_EQ(fault.words[15], reinterpret_cast<Word>(kt_recorded_syscall));
    CHECK(fault.words[16] > faulter.thread->stack_top() - 0x1000 &&
          fault.words[16] < faulter.thread->stack_top());
    CHECK_EQ(fault.words[17] & 0x202, 0x202);
    CHECK_EQ(fault.words[18], 0xffff'ffff'ffff'cfc7);
}

/// An exception: number and code.
void exception(char const* what, Entry entry, Word number, Word code)
{
    Faulter faulter;
    Fault const fault = faulter.run(entry);
    if (fault.label != 3 || fault.length != 5 || fault.words[3] != number ||
        fault.words[4] != code) {
        print("# ", what, ": label ", fault.label, " number ", fault.words[3], " code ",
              Hex{fault.words[4]}, "\n");
        CHECK(false);
    }
    faulter.thread->suspend();
}

void exceptions()
{
    exception(
        "ud2", [](Word) { asm volatile("ud2"); }, 6, 0);
    exception(
        "int3", [](Word) { asm volatile("int3"); }, 3, 0);
    // Recorded as 0x302 in QEMU, which counts a gate as 16 bytes here; by the SDM's "Error Code" it
    // would be 0x30 * 8 + 2.
    exception(
        "int 0x30", [](Word) { asm volatile("int $0x30"); }, 13, 0x302);
    exception(
        "hlt", [](Word) { asm volatile("hlt"); }, 13, 0);
    exception(
        "in",
        [](Word) {
            asm volatile("in $0x80, %%al" ::: "rax");
        },
        13, 0);
}

void page_fault(char const* what, Entry entry, Word address, Word fetch, Word code, Word mask)
{
    Faulter faulter;
    Fault const fault = faulter.run(entry, address);
    bool const good = fault.label == 6 && fault.length == 4 && fault.words[1] == address &&
                      fault.words[2] == fetch && (fault.words[3] & mask) == code;
    if (!good) {
        print("# ", what, ": label ", fault.label);
        for (int i = 0; i < 4; ++i) print(" ", Hex{fault.words[i]});
        print("\n");
        CHECK(good);
    }
    if (fetch) CHECK_EQ(fault.words[0], address);
    faulter.thread->suspend();
}

void page_faults()
{
    auto const store = [](Word address) { *reinterpret_cast<Word volatile*>(address) = 1; };
    auto const jump = [](Word address) { reinterpret_cast<void (*)()>(address)(); };
    page_fault("store", store, 0x1234'5678'9000, 0, 6, ~Word{0});
    page_fault("jump", jump, 0x1234'5678'9000, 1, 0x14, ~Word{0});
    // Whether the kernel's memory is present is the kernel's business: bit 0 is left out.
    page_fault("store to the kernel", store, 0xffff'ffff'8000'0000, 0, 6, ~Word{1});
}

void no_faults()
{
    // A Send to an empty slot does nothing, a Call comes back with an error.
    static Operation operations[2];
    operations[0] = send(0, message(1, 0));
    operations[1] = call(0, message(1, 0));
    run_operations(operations);
    CHECK(operations[0].done && operations[1].done);
    CHECK_EQ(operations[1].label(), seL4_InvalidCapability);
}

} // namespace

void faults()
{
    capability_faults();
    forget_threads();
    unknown_system_calls();
    exceptions();
    page_faults();
    no_faults();
}

} // namespace kt::observed

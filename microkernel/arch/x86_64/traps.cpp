// Dispatch of kernel entries, and the last checks before user mode. The assembly is in entry.S.
#include "traps.hpp"

#include "api/syscall.hpp"
#include "arch/arch.hpp"
#include "check/check.hpp"
#include "clock.hpp"
#include "debug/log.hpp"
#include "debug/panic.hpp"
#include "instructions.hpp"
#include "live_state.hpp"
#include "local_apic.hpp"
#include "object/irq_handler.hpp"
#include "sched/cpu.hpp"
#include "stacks.hpp"
#include <iterator>

namespace mk {

// What entry.S knows by heart.
static_assert(offsetof(Cpu, current) == 0);
static_assert(offsetof(Context, r15) == 0 && offsetof(Context, rbp) == 8 * 8);
static_assert(offsetof(Context, r11) == 4 * 8 && offsetof(Context, rcx) == 12 * 8);
static_assert(offsetof(Context, rax) == 14 * 8 && offsetof(Context, fault_ip) == 15 * 8);
static_assert(offsetof(Context, vector) == 19 * 8 && offsetof(Context, error_code) == 20 * 8);
static_assert(offsetof(Context, rip) == 21 * 8 && offsetof(Context, cs) == 22 * 8);
static_assert(offsetof(Context, rflags) == 23 * 8 && offsetof(Context, rsp) == 24 * 8);
static_assert(offsetof(Context, ss) == 25 * 8 && user_ds == 0x1b && user_cs == 0x23);
static_assert(sizeof(Context) == 26 * 8 && vector_syscall == 0x100);

extern "C" void idle_loop();

namespace {

enum Exception : u64 {
    debug = 1,
    device_not_available = 7,
    general_protection = 13,
    page_fault = 14,
    exception_count = 32,
};

char const* exception_name(u64 vector)
{
    static constexpr char const* names[] = {
        "divide error",        "debug exception",    "NMI",
        "breakpoint",          "overflow",           "bound exceeded",
        "invalid opcode",      "FPU not available",  "double fault (kernel stack overflow?)",
        "coprocessor overrun", "invalid TSS",        "segment not present",
        "stack fault",         "general protection", "page fault",
        "reserved exception",  "FPU error",          "alignment check",
        "machine check"};
    return vector < std::size(names) ? names[vector] : "exception";
}

void interrupt(Cpu& cpu, unsigned vector)
{
    if (vector == timer_vector) {
        local_apic::end_of_interrupt();
        // A one-shot timer cannot count to the end of a long wait: then it is only a stop on the
        // way.
        if (clock::deadline_reached()) handle_timer(cpu);
    } else if (vector >= irq_vector_base && vector < irq_vector_base + irq_count) {
        unsigned const irq = vector - irq_vector_base;
        arch::set_irq_masked(
            irq, true); // before the EOI, or a level-triggered line would come again at once
        local_apic::end_of_interrupt();
        handle_interrupt(cpu, irq);
    } else {
        // A real spurious interrupt is not in service; a stray MSI to a vector we do not use is.
        if (local_apic::in_service(vector)) local_apic::end_of_interrupt();
        handle_spurious(cpu);
    }
}

void exception(Cpu& cpu, Context const& context, u64 fault_address)
{
    if (context.vector == page_fault)
        return handle_page_fault(cpu, fault_address, context.error_code);
    if (context.vector == debug)
        x86::write_dr<6>(0xffff'0ff0); // the CPU sets bits and never clears them
    // CR0.TS is set only for those that may not.
    KASSERT(context.vector != device_not_available || !live_state::may_use_fpu(*cpu.current));
    handle_user_exception(cpu, context.vector, context.error_code);
}

} // namespace

void init_idle_context(Tcb& idle)
{
    idle.context = {};
    idle.context.rip = reinterpret_cast<u64>(&idle_loop);
    idle.context.cs = kernel_cs;
    idle.context.rflags = initial_rflags;
    idle.context.rsp = kernel_stacks.idle.top();
    idle.context.ss = kernel_ds;
}

extern "C" void syscall_entry(u64 rdi, u64 rsi, i64 rdx)
{
    KernelLock const lock{boot_cpu};
    handle_syscall(lock.cpu(), rdi, rsi, rdx);
    check::after_entry(lock.cpu());
}

/// A trap from user mode; everything is in the current thread's Context.
extern "C" void user_trap()
{
    u64 const fault_address = x86::read_cr<2>(); // before anything else can fault
    KernelLock const lock{boot_cpu};
    Context const& context = lock.cpu().current->context;
    if (context.vector < exception_count)
        exception(lock.cpu(), context, fault_address);
    else
        interrupt(lock.cpu(), unsigned(context.vector));
    check::after_entry(lock.cpu());
}

/// An interrupt that ended the idle thread's wait.
extern "C" void idle_trap(u64 vector)
{
    KernelLock const lock{boot_cpu};
    KASSERT(lock.cpu().current == &lock.cpu().idle);
    interrupt(lock.cpu(), unsigned(vector));
    check::after_entry(lock.cpu());
}

extern "C" [[noreturn]] void kernel_fault(Context const& context)
{
    u64 const address = x86::read_cr<2>();
    char const* const where = (context.cs & 3) != 0 ? " in user mode" : " in the kernel";
    if (context.vector == page_fault)
        panic(context, exception_name(context.vector), where, ", address ", Hex{address}, ", code ",
              Hex{context.error_code});
    panic(context, exception_name(context.vector), where, ", vector ", context.vector, ", code ",
          Hex{context.error_code});
}

/// Hardware reports trouble, or somebody pressed a button. It may have interrupted anything, so it
/// says so on the serial line only and touches no state.
extern "C" void nmi(u64 rip)
{
    serial_line("NMI at ", Hex{rip});
}

/// The way out by iret, of every entry but plain system calls: the current thread's frame is proven
/// harmless. Answers its Context.
extern "C" Context* prepare_exit()
{
    KernelLock const lock{boot_cpu};
    Cpu& cpu = lock.cpu();
    // iretq to a non-canonical address would fault in the kernel. The thread gets the fault that it
    // would have had; each turn stops one thread, so this ends.
    while (!arch::is_canonical(cpu.current->context.rip))
        handle_user_exception(cpu, general_protection, 0);
    Context& context = cpu.current->context;
    context.settle();
    return &context;
}

} // namespace mk

// See fault_text.hpp. What each word of a fault message means: libs/abi/faults.hpp.
#include "fault_text.hpp"

#include "abi/faults.hpp"
#include "runtime/runtime.hpp"
#include "sys/ipc_buffer.hpp"
#include <iterator>

namespace root {

namespace {

/// The words of the message, copied before any further system call can overwrite them.
struct Fault {
    u64 words[abi::unknown_syscall::length];

    explicit Fault(sys::Received const& received)
    {
        for (usize i = 0; i < std::size(words); ++i)
            words[i] = i < abi::msg_registers ? received.mr[i] : sys::ipc_buffer().msg[i];
    }
};

bool is_guard_page(Program const& program, u64 address)
{
    for (usize i = 0; i < program.guard_count; ++i)
        if (address - program.guard_pages[i] < 4096) return true;
    return false;
}

/// [Intel SDM vol. 3A, "Page-Fault Exception (#PF)"]
void print_vm_fault(Console& console, Program const& program, Fault const& fault)
{
    constexpr u64 page_was_present = 1, was_write = 2;
    u64 const address = fault.words[abi::vm_fault::address];
    u64 const code = fault.words[abi::vm_fault::fsr];
    bool const fetch = fault.words[abi::vm_fault::prefetch_fault] != 0;
    console.print(fetch                ? " jumped to address "
                  : (code & was_write) ? " wrote to address "
                                       : " read address ",
                  Hex{address});
    if (code & page_was_present)
        console.print(fetch ? ", which is not executable" : ", which it may only read");
    else if (is_guard_page(program, address))
        console.print(", the guard page below its stack: the stack overflowed");
    else
        console.print(", which is not mapped");
    console.print(" (instruction at ", Hex{fault.words[abi::vm_fault::ip]}, ")");
}

/// [Intel SDM vol. 3A, "Exceptions and Interrupts"]
char const* exception_name(u64 vector)
{
    switch (vector) {
    case 0:
        return "divided by zero";
    case 3:
        return "hit a breakpoint";
    case 6:
        return "executed an instruction that the CPU does not have";
    case 7:
        return "used the FPU, which it may not";
    case 13:
        return "tried a privileged instruction or an impossible access";
    case 17:
        return "made a misaligned access";
    case 19:
        return "made a floating-point error";
    default:
        return "raised a CPU exception";
    }
}

void print_exception(Console& console, Fault const& fault)
{
    u64 const vector = fault.words[abi::user_exception::number];
    console.print(" ", exception_name(vector), " (exception ", vector, ", instruction at ",
                  Hex{fault.words[abi::user_exception::fault_ip]}, ")");
}

void print_unknown_syscall(Console& console, Fault const& fault)
{
    u64 const number = fault.words[abi::unknown_syscall::syscall];
    if (number == runtime::exit_call)
        console.print(" ended by itself with status ", fault.words[abi::unknown_syscall::rdi]);
    else
        console.print(" made a system call that does not exist (number ", Hex{number}, ")");
}

void print_cap_fault(Console& console, Fault const& fault)
{
    console.print(" used capability ", fault.words[abi::cap_fault::address],
                  ", which it does not have");
}

} // namespace

void print_fault(Console& console, Program const& program, sys::Received const& received)
{
    Fault const fault{received};
    auto const label = static_cast<abi::FaultLabel>(received.info.label());
    console.print("program '", program.definition->name, "'");
    switch (label) {
    case abi::FaultLabel::vm_fault:
        return print_vm_fault(console, program, fault);
    case abi::FaultLabel::user_exception:
        return print_exception(console, fault);
    case abi::FaultLabel::unknown_syscall:
        return print_unknown_syscall(console, fault);
    case abi::FaultLabel::cap_fault:
        return print_cap_fault(console, fault);
    default:
        return console.print(" faulted (label ", received.info.label(), ")");
    }
}

} // namespace root

// See fault_text.hpp. What each word of a fault message means: libs/abi/faults.hpp.
#include "fault/fault_text.hpp"

#include "protocol/memory.hpp"
#include "runtime/runtime.hpp"
#include "sys/ipc_buffer.hpp"
#include <iterator>

namespace fault {

namespace {

bool is_among(std::span<u64 const> pages, u64 address)
{
    for (u64 const page : pages)
        if (address - page < 4096) return true;
    return false;
}

/// Why the memory-manager did not serve it; null when it was not asked, or there is nothing there.
char const* pager_reason(Message const& fault)
{
    switch (fault.word[abi::vm_fault::length]) {
    case memory::fault_quota:
        return ", for which its memory quota has no room";
    case memory::fault_memory:
        return ", for which the machine has no memory left";
    case memory::fault_disk:
        return ", which the swap disk does not give back";
    default:
        return nullptr;
    }
}

/// [Intel SDM vol. 3A, "Page-Fault Exception (#PF)"]
void vm_fault(Text& text, Message const& fault, std::span<u64 const> guard_pages)
{
    constexpr u64 page_was_present = 1, was_write = 2;
    u64 const address = fault.word[abi::vm_fault::address];
    u64 const code = fault.word[abi::vm_fault::fsr];
    bool const fetch = fault.word[abi::vm_fault::prefetch_fault] != 0;
    text.add(fetch                ? "jumped to address "
             : (code & was_write) ? "wrote to address "
                                  : "read address ",
             kit::Hex{address});
    if (char const* const reason = pager_reason(fault))
        text.add(reason);
    else if (code & page_was_present)
        text.add(fetch ? ", which is not executable" : ", which it may only read");
    else if (is_among(guard_pages, address))
        text.add(", the guard page below its stack: the stack overflowed");
    else
        text.add(", which is not mapped");
    text.add(" (instruction at ", kit::Hex{fault.word[abi::vm_fault::ip]}, ")");
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

void exception(Text& text, Message const& fault)
{
    u64 const vector = fault.word[abi::user_exception::number];
    text.add(exception_name(vector), " (exception ", vector, ", instruction at ",
             kit::Hex{fault.word[abi::user_exception::fault_ip]}, ")");
}

void unknown_syscall(Text& text, Message const& fault)
{
    u64 const number = fault.word[abi::unknown_syscall::syscall];
    if (number == runtime::exit_call)
        text.add("ended by itself with status ", fault.word[abi::unknown_syscall::rdi]);
    else
        text.add("made a system call that does not exist (number ", kit::Hex{number}, ")");
}

void cap_fault(Text& text, Message const& fault)
{
    text.add("used capability ", fault.word[abi::cap_fault::address], ", which it does not have");
}

} // namespace

Message Message::of(sys::Received const& received)
{
    Message fault;
    fault.label = static_cast<abi::FaultLabel>(received.info.label());
    for (usize i = 0; i < std::size(fault.word) && i < received.info.length(); ++i)
        fault.word[i] = i < abi::msg_registers ? received.mr[i] : sys::ipc_buffer().msg[i];
    return fault;
}

Text in_words(Message const& fault, std::span<u64 const> guard_pages)
{
    Text text;
    switch (fault.label) {
    case abi::FaultLabel::vm_fault:
        vm_fault(text, fault, guard_pages);
        break;
    case abi::FaultLabel::user_exception:
        exception(text, fault);
        break;
    case abi::FaultLabel::unknown_syscall:
        unknown_syscall(text, fault);
        break;
    case abi::FaultLabel::cap_fault:
        cap_fault(text, fault);
        break;
    default:
        text.add("faulted (label ", static_cast<u64>(fault.label), ")");
    }
    return text;
}

} // namespace fault

// Panic report. Backtraces follow frame pointers (the kernel is built with them). Debug builds name
// the functions (debug/symbols); for the others and for lines there is `addr2line -e
// hypercore.elf`. The last events come from debug/event_ring.
#include "debug/panic.hpp"

#include "arch/arch.hpp"
#include "debug/event_ring.hpp"
#include "debug/symbols.hpp"

// kernel.ld
extern "C" u8 const kernel_text_start[], kernel_text_end[], kernel_rodata_end[], kernel_image_end[];

namespace mk::panic_detail {
namespace {

constinit bool panicking = false;

struct Frame {
    Frame const* caller;
    u64 return_address;
};

bool in_text(u64 address)
{
    return address >= reinterpret_cast<u64>(kernel_text_start) &&
           address < reinterpret_cast<u64>(kernel_text_end);
}

/// Frames lie on a kernel stack, that is, in the image's data. A guard page there would fault:
/// frames grow upwards from a live one and stop at the 0 that entry.S puts into rbp.
bool is_frame(Frame const* frame)
{
    u64 const address = reinterpret_cast<u64>(frame);
    return address % 8 == 0 && address >= reinterpret_cast<u64>(kernel_rodata_end) &&
           address + sizeof(Frame) <= reinterpret_cast<u64>(kernel_image_end);
}

/// `inside`: an address in the instruction meant. A return address may be the start of the next
/// function, when the call does not return.
void print_place(u64 address, u64 inside)
{
    Symbol const symbol = symbol_at(inside);
    if (symbol.name == nullptr)
        serial_line("  ", Hex{address});
    else
        serial_line("  ", Hex{address}, " ", symbol.name, "+",
                    Hex{symbol.offset + address - inside});
}

void backtrace(u64 ip, Frame const* frame)
{
    constexpr unsigned deepest = 32;
    serial_line("backtrace:");
    if (ip != 0) print_place(ip, ip);
    for (unsigned i = 0; i < deepest && is_frame(frame); ++i) {
        if (!in_text(frame->return_address)) break;
        print_place(frame->return_address, frame->return_address - 1);
        if (frame->caller <= frame) break;
        frame = frame->caller;
    }
}

void print_registers(Context const& c)
{
    serial_line("rip ", Hex{c.rip}, " rsp ", Hex{c.rsp}, " rflags ", Hex{c.rflags}, " cs ",
                Hex{c.cs});
    serial_line("rax ", Hex{c.rax}, " rbx ", Hex{c.rbx}, " rcx ", Hex{c.rcx}, " rdx ", Hex{c.rdx});
    serial_line("rsi ", Hex{c.rsi}, " rdi ", Hex{c.rdi}, " rbp ", Hex{c.rbp}, " r8 ", Hex{c.r8});
    serial_line("r9 ", Hex{c.r9}, " r10 ", Hex{c.r10}, " r11 ", Hex{c.r11}, " r12 ", Hex{c.r12});
    serial_line("r13 ", Hex{c.r13}, " r14 ", Hex{c.r14}, " r15 ", Hex{c.r15});
}

} // namespace

void begin()
{
    if (panicking) { // the report itself failed: say so without any more machinery
        for (char const* t = "\nhypercore: panic: again, while reporting\n"; *t != '\0'; ++t)
            arch::put_char(*t);
        arch::halt(false);
    }
    panicking = true;
    log_detail::begin_line();
    log_detail::put("panic: ");
}

void finish(Context const* context)
{
    if (context != nullptr) {
        print_registers(*context);
        backtrace(context->rip, reinterpret_cast<Frame const*>(context->rbp));
    } else {
        backtrace(0, static_cast<Frame const*>(__builtin_frame_address(0)));
    }
    if (EventRing const* const events = panic_events()) events->print_last();
    arch::halt(false);
}

void assertion_failed(char const* condition, char const* file, unsigned line)
{
    panic("assertion failed: ", condition, " (", file, ":", line, ")");
}

} // namespace mk::panic_detail

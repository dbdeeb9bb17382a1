// crasher misbehaves in the way its argument says. Nothing here asks for permission or is stopped
// by politeness: what keeps the rest of the system alive is the kernel and the few capabilities
// that this program was given (servers/lesson/root/programs.cpp). Its end is told by
// libs/fault/fault_text.cpp.
#include "protocol/lesson.hpp"
#include "runtime/arguments.hpp"
#include "runtime/runtime.hpp"
#include "sys/endpoint.hpp"

namespace {

using lesson::Misdeed;

/// Reads where nothing is mapped: a page fault, which the kernel turns into a message to the root.
void read_wild_address()
{
    *reinterpret_cast<u64 volatile*>(0xdead'0000);
}

/// Switches interrupts off, or would: the CPU refuses that outside the kernel.
void switch_interrupts_off()
{
    asm volatile("cli");
}

/// Never gives the CPU back. The scheduling context ends: so many microseconds in each period.
[[noreturn]] void loop_for_ever()
{
    for (;;) asm volatile("pause");
}

/// Calls itself until the stack is used up: below it lies a page that is never mapped.
u64 fill_stack(u64 depth);
/// The call goes through a variable, so that the compiler cannot see (and forbid) what we do.
u64 (*volatile deeper)(u64) = fill_stack;

u64 fill_stack(u64 depth)
{
    u8 volatile some_room[512];
    some_room[0] = static_cast<u8>(depth);
    return deeper(depth + 1) + some_room[0]; // not a tail call: the room is needed afterwards
}

/// Sends without end to an endpoint that somebody must serve.
[[noreturn]] void flood(sys::Endpoint endpoint)
{
    for (;;) endpoint.send({0xbad, 1, 0, {0}});
}

} // namespace

int main(void* argument)
{
    auto const& arguments = *static_cast<runtime::Arguments const*>(argument);
    switch (static_cast<Misdeed>(arguments.value("misdeed"))) {
    case Misdeed::wild:
        read_wild_address();
        break;
    case Misdeed::privileged:
        switch_interrupts_off();
        break;
    case Misdeed::loop:
        loop_for_ever();
    case Misdeed::stack:
        return static_cast<int>(fill_stack(0));
    case Misdeed::flood:
        flood(sys::Endpoint{arguments.value("root")});
    }
    return 0; // not reached by a misdeed that works
}

// The command trace: takes events out of the kernel's ring first, and speaks only then, because
// speaking makes events.
#include "servers/shell/base64.hpp"
#include "servers/shell/fxt.hpp"
#include "servers/shell/shell.hpp"
#include "sys/event_ring.hpp"

namespace shell {

namespace {

constexpr u64 max_events = 4096;
abi::EventRecord events[max_events];

constexpr std::string_view names[abi::event_count] = {
    "?",       "dispatch", "wake",      "block",    "call",       "send",       "reply",
    "signal",  "fault",    "interrupt", "syscall",  "invocation", "budget end", "demote",
    "promote", "yield",    "donate",    "postpone", "suspend",
};

/// The threads seen, and whose they are.
struct Threads {
    static constexpr u16 most = 128;
    u32 number[most];
    u32 program[most];
    u16 count = 0;

    u16 index(u32 thread)
    {
        u16 i = 0;
        while (i < count && number[i] != thread) ++i;
        if (i == count && count < most) number[count++] = thread;
        return i;
    }
    u32 program_of(u32 thread)
    {
        u16 const i = index(thread);
        return i < most ? program[i] : composition::max_programs;
    }
};

/// Waits until there are `wanted` events, and takes them. How many it took. It sleeps meanwhile:
/// others are to be seen, not us.
u64 collect(Shell& shell, sys::EventReader& reader, u64 wanted)
{
    constexpr u64 milliseconds = 5;
    bool const can_sleep = shell.out.clock().is_set();
    u64 count = 0;
    while (count < wanted) {
        if (can_sleep && !shell.out.sleep(milliseconds)) break;
        if (!can_sleep && shell.out.interrupted()) break;
        while (count < wanted && reader.next(events[count])) ++count;
        if (!can_sleep) sys::yield();
    }
    return count;
}

void print(Shell& shell, u64 count, u64 ticks_per_us)
{
    static Threads threads;
    threads.count = 0;
    for (u64 i = 0; i < count; ++i) {
        threads.index(events[i].thread);
        if (events[i].kind == abi::Event::dispatch) threads.index(events[i].other);
    }
    shell.out.print("fxt-begin {} events\r\n", count);
    Base64Lines lines{shell.out};
    FxtWriter<Base64Lines> fxt{lines};
    fxt.begin(ticks_per_us * 1'000'000, names);
    for (u16 i = 0; i < threads.count; ++i) {
        u32 const number = threads.number[i];
        auto const owner = shell.monitor<monitor::ThreadName>({number});
        threads.program[i] = owner ? static_cast<u32>((*owner).program) : composition::max_programs;
        text::Line<24> unknown;
        text::format(unknown, "thread {}", text::hex(number));
        fxt.describe(i, number, threads.program[i],
                     number == 0 ? "idle"
                     : owner     ? shell.name(threads.program[i])
                                 : unknown.view());
    }
    for (u64 i = 0; i < count; ++i) fxt.put(events[i], 0, threads.program_of(events[i].thread));
    lines.end();
    shell.out.write("fxt-end\r\n");
}

} // namespace

int trace(Shell& shell, Words& words)
{
    u64 wanted = 0;
    if (!text::parse(words[1], wanted) || wanted == 0 || wanted > max_events) {
        shell.out.print("trace: a number of events from 1 to {}\r\n", max_events);
        return wrong_use;
    }
    auto const attached = shell.monitor<monitor::Events>({1});
    if (!attached) return shell.fail("trace", attached.error());
    u64 count = 0, ticks_per_us = 0;
    if (sys::EventReader reader{shell.events()}; shell.events() != nullptr && reader.is_ring()) {
        ticks_per_us = reader.ticks_per_us();
        count = collect(shell, reader, wanted);
    }
    auto const detached = shell.monitor<monitor::Events>({0});
    if (!detached) return shell.fail("trace", detached.error());
    if (count == 0) return shell.fail("trace: no events", Error::absent);
    print(shell, count, ticks_per_us);
    return 0;
}

} // namespace shell

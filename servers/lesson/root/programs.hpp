// The programs of the lesson and everything each of them may do: the data is in programs.cpp, in
// one table. A program gets a capability for each of its grants and nothing else; what is not
// written there it cannot reach.
#pragma once

#include "kit/types.hpp"
#include <span>

namespace root {

/// A program's number: index into definitions(), and the badge of its capability to the root.
enum class Id : u8 { uart16550, echo, pit8254, pong, ping, crasher };
inline constexpr usize program_count = 6;

/// Objects that outlive the programs that use them: made once, by the root, from its own memory.
enum class Shared : u8 {
    none,
    uart_wake, ///< notifications, each waited on by one program
    echo_wake,
    clock_wake,
    ping_wake,
    pong_endpoint,
    uart_ports,
    uart_irq,
    clock_ports,
    clock_irq,
    receive_ring, ///< memory for a queue::ByteRing
    transmit_ring,
    root_text_ring,
};
inline constexpr usize shared_count = 13;

/// What a program may do with a shared object.
enum class Power : u8 {
    wait,      ///< receive signals of a notification, or calls at an endpoint
    signal,    ///< signal a notification; `value` is the badge: the bits that arrive
    call,      ///< call an endpoint; `value` is the badge
    use,       ///< read and write ports, acknowledge an interrupt
    map,       ///< read and write memory; the argument is its address
    call_root, ///< call the root server; the badge is the program's number
    reply,     ///< a reply object of its own
    number,    ///< no capability: the argument is `value`
};

struct Grant {
    char const* name; ///< under which the program finds it in its arguments
    Power power;
    Shared object = Shared::none;
    u64 value = 0;
};

/// Programs that restart together. ping waits for pong's answer: if pong ends, ping would wait for
/// ever. Partners that share rings need no such thing: each goes on where its predecessor was.
enum class Group : u8 { uart16550, echo, pit8254, ping_pong, crasher };

struct Definition {
    Id id;
    char const* name; ///< also of its file in the boot archive
    Group group;
    bool runs_always; ///< started at boot and after every end; else only when asked for
    u8 priority;
    u64 budget_us, period_us; ///< CPU time; equal: no limit but its turn among equals
    std::span<Grant const> grants;
};

std::span<Definition const> definitions();

} // namespace root

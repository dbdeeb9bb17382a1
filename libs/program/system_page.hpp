// The page in which the supervisor says which programs run: written by it alone, mapped read-only
// into every program (argument "system"). A client looks here before it Calls a server, and learns
// here, after a signal with its "system.bit", that a server was replaced.
#pragma once

#include "composition/description.hpp"
#include <atomic>

namespace program {

enum class State : u32 {
    absent = 0, ///< no device, or not started yet, or stopped for good
    starting = 1,
    running = 2,
    restarting = 3, ///< it died; a successor is being made
};

struct SystemPage {
    struct Entry {
        std::atomic<u32> state; ///< a State
        std::atomic<u32> epoch; ///< how many instances there were; 1 for the first
    };
    Entry program[composition::max_programs];
};
static_assert(sizeof(SystemPage) <= 4096);

inline constexpr usize max_interrupts = 8; ///< of one program

/// The page a program shares with the supervisor alone (argument "status", object "NAME.status").
/// It outlives the instance.
struct StatusPage {
    std::atomic<u32> heartbeat; ///< the program adds 1 when it sees its heartbeat bit signalled
    std::atomic<u32> ready;     ///< 1: it serves (set once, after its start-up)
    std::atomic<u32> failed;    ///< not 0: why it gave up its device or itself (program's own code)
    /// By the number of its bit: how often the program has served the interrupt, over all
    /// instances.
    std::atomic<u64> served[max_interrupts];
};
static_assert(sizeof(StatusPage) <= 4096);

} // namespace program

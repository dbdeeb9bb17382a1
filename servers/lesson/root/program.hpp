// A program as the root server keeps it: what it is made of now, and its history.
#pragma once

#include "programs.hpp"
#include "root/objects.hpp"
#include "sys/sched_context.hpp"
#include "sys/tcb.hpp"

namespace root {

/// Memory one program may consist of, log2 of bytes: its own untyped.
inline constexpr u8 program_memory_bits = 18;
/// Slots of our CNode for the capabilities to its objects.
inline constexpr u64 program_slots = 128;

struct Program {
    Definition const* definition = nullptr;
    Objects objects; ///< everything it consists of; destroy() ends it
    sys::Tcb tcb{};  ///< null while it does not run
    sys::SchedContext context{};
    u64 cpu_us = 0; ///< used so far, all its lives together
    u64 starts = 0;
    u64 timeouts = 0; ///< budgets used up in this life
    u64 strays = 0;   ///< messages in this life that nobody asked for
    /// Pages right below a writable segment, where a stack that overflows runs into.
    u64 guard_pages[4] = {};
    usize guard_count = 0;

    u64 restarts() const { return starts > 0 ? starts - 1 : 0; }
    bool runs() const { return static_cast<bool>(tcb); }

    /// Adds what its scheduling context has used since the last look.
    void count_cpu_time()
    {
        if (!context) return;
        if (auto const used = context.consumed()) cpu_us += *used;
    }
};

} // namespace root

// The kernel's stacks, each above a guard page that is never mapped: running over the end is a
// double fault with a report, not silent corruption. One CPU for now. The CPU itself pushes only to
// the idle thread's; the stacks of the interrupt stack table are in trampoline.hpp.
#pragma once

#include "kit/types.hpp"
#include <cstddef>

namespace mk {

template <usize Size> struct alignas(4096) GuardedStack {
    u8 guard[4096];
    u8 memory[Size];
    u64 top() const { return reinterpret_cast<u64>(memory + Size); }
};

struct Stacks {
    GuardedStack<16384> kernel; ///< every entry from user mode starts at its top
    GuardedStack<4096> idle;    ///< interrupts of the idle thread push here, nothing else
    // Traps that may come at any instruction, also when the kernel's stack is in use.
    GuardedStack<8192> nmi;
    GuardedStack<8192> report; ///< double faults and machine checks
};
extern "C" Stacks kernel_stacks;

// What entry.S knows by heart.
static_assert(offsetof(Stacks, idle) == 4096 + 16384);
static_assert(offsetof(Stacks, report) - offsetof(Stacks, idle) == 4096 + 4096 + 4096 + 8192);
static_assert(sizeof(Stacks) - offsetof(Stacks, report) == 4096 + 8192);

/// Calls visit(address) for every guard page.
template <class Visit> void for_each_guard_page(Visit visit)
{
    visit(reinterpret_cast<u64>(kernel_stacks.kernel.guard));
    visit(reinterpret_cast<u64>(kernel_stacks.idle.guard));
    visit(reinterpret_cast<u64>(kernel_stacks.nmi.guard));
    visit(reinterpret_cast<u64>(kernel_stacks.report.guard));
}

} // namespace mk

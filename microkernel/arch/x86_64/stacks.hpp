// The kernel's stacks, each above a guard page that is never mapped: running over the end is a
// double fault with a report, not silent corruption. One CPU for now.
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
    // Interrupt stack table: traps that may come at any instruction, also between `syscall` and
    // the load of the kernel's stack pointer.
    GuardedStack<8192> double_fault, nmi, machine_check, debug;
};
extern "C" Stacks kernel_stacks;

/// entry.S: top of the kernel stack, from the start of kernel_stacks.
inline constexpr u64 kernel_stack_top_offset = 4096 + 16384;
static_assert(offsetof(Stacks, kernel) == 0);

/// Calls visit(address) for every guard page.
template <class Visit> void for_each_guard_page(Visit visit)
{
    visit(reinterpret_cast<u64>(kernel_stacks.kernel.guard));
    visit(reinterpret_cast<u64>(kernel_stacks.idle.guard));
    visit(reinterpret_cast<u64>(kernel_stacks.double_fault.guard));
    visit(reinterpret_cast<u64>(kernel_stacks.nmi.guard));
    visit(reinterpret_cast<u64>(kernel_stacks.machine_check.guard));
    visit(reinterpret_cast<u64>(kernel_stacks.debug.guard));
}

} // namespace mk

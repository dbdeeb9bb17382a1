// Looks at all of the kernel's state after a kernel entry and stops at the first thing that the
// kernel relies on and that does not hold. Debug kernels only, when asked by `check=every` on the
// kernel's command line. The checks know nothing of how state came about: each compares what two
// places say. Cost: linear in capabilities and threads; the kernel's clock stands still meanwhile.
// Next: registry.hpp (which objects have capabilities), tree.cpp, threads.cpp (with
// their queues), space.cpp (one area each).
#pragma once

#include "kit/types.hpp"
#include "sched/cpu_fwd.hpp"
#include <string_view>

namespace mk::check {

/// How much of the state a look covers.
enum class Depth : unsigned char {
    quick, ///< derivation tree, untypeds, threads, contexts, queues, replies, interrupts
    full,  ///< also every slot of every CNode, page tables, ASIDs, memory that is said to be zero
};
/// Of so many looks after kernel entries one is full.
inline constexpr unsigned full_every = 16;

/// With up to so many capabilities every kernel entry is followed by a look; with n times as many
/// every n-th: else the time to make them all would grow with their square.
inline constexpr u64 slots_at_once = 4096;

/// Checks everything; violated() is called at the first fault found. Answers how many capabilities
/// there are.
u64 look(Cpu const& cpu, Depth depth);

/// What a violation leads to: a panic in the kernel, an exception in host tests. `object`: what it
/// is, `address`: which one (its kernel address), `rule`: what does not hold.
[[noreturn]] void violated(char const* object, void const* address, char const* rule);

/// Takes the value of the option `check`: "every" (kernel entry), or nothing. Another one is said
/// in the log.
void ask(std::string_view when);

/// After every kernel entry, when the next thread is chosen. Nothing in release builds.
void after_entry_checked(Cpu const& cpu);
inline void after_entry([[maybe_unused]] Cpu const& cpu)
{
#if !HYPERCORE_RELEASE
    after_entry_checked(cpu);
#endif
}

} // namespace mk::check

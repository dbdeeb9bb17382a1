// Threads that are runnable but out of budget, ordered by the time of their next refill.
// Invariant: a thread is in here exactly when tcb.in_release_queue, and then in no ready queue.
#pragma once

#include "sched/refill.hpp"

namespace mk::release_queue {

/// Inserts by the head refill's time, behind equal ones. Cost: linear in the queue.
void insert(Cpu& cpu, Tcb& tcb);
/// Takes the thread out; no-op when it is not in.
void remove(Cpu& cpu, Tcb& tcb);
/// Whether the soonest refill has come.
inline bool due(Cpu const& cpu)
{
    return cpu.release_head != nullptr && refill::ready(cpu, *cpu.release_head->sc);
}
/// Makes every thread ready whose refill has come.
[[gnu::noinline]] void wake_ready(Cpu& cpu);

} // namespace mk::release_queue

// Arithmetic of budgets: the ring of refills in a scheduling context. Sporadic servers: what is
// used at time T comes back at T + period. Round robin: two refills that are always ready, the
// used part waits in the second. Invariants: amounts of all refills add up to the budget; times
// ascend and refills do not overlap; the head of a context that can run is at least min_budget.
// Source: seL4 manual, "Scheduling Contexts"; Stanovich et al., "Defects of the POSIX Sporadic
// Server and How to Correct Them" (RTAS 2010).
#pragma once

#include "sched/cpu.hpp"

namespace mk::refill {

/// Worst time that one kernel entry is assumed to take; a refill this near counts as ready.
inline constexpr u64 kernel_wcet_us = 10;
/// A refill smaller than entry plus exit is not worth a switch. The interface's least budget.
inline constexpr u64 min_budget_us = 2 * kernel_wcet_us;
/// Round robin needs two refills, sporadic servers at least as many.
inline constexpr u16 min_refills = 2;

inline Ticks min_budget(Cpu const& cpu)
{
    return min_budget_us * cpu.ticks_per_us;
}
/// Longest budget or period: eight of them fit in 64 bits of ticks, so that sums do not wrap.
u64 max_period_us(Cpu const& cpu);

/// Whether the head may be used at time `clock`; at the time of this kernel entry; whether it still
/// has min_budget after `usage`; both. All in ticks.
inline bool ready_at(Cpu const& cpu, SchedContext const& sc, Ticks clock)
{
    return sc.head().time <= clock + kernel_wcet_us * cpu.ticks_per_us;
}
inline bool ready(Cpu const& cpu, SchedContext const& sc)
{
    return ready_at(cpu, sc, cpu.now);
}
inline bool sufficient(Cpu const& cpu, SchedContext const& sc, Ticks usage)
{
    return sc.head().amount >= usage && sc.head().amount - usage >= min_budget(cpu);
}
inline bool has_budget(Cpu const& cpu, SchedContext const& sc)
{
    return ready(cpu, sc) && sufficient(cpu, sc, 0);
}

/// Sets a context up with its whole budget at hand. period == budget: round robin.
void configure(Cpu& cpu, SchedContext& sc, u16 max, Ticks budget, Ticks period);
/// Changes parameters of a context in use so that old and new bandwidth are both respected.
void reconfigure(Cpu& cpu, SchedContext& sc, u16 max, Ticks budget, Ticks period);

/// Sporadic: takes `usage` off the ready refills and schedules its return.
void charge(Cpu& cpu, SchedContext& sc, Ticks usage);
/// Round robin: the slice is over, the whole budget is at hand again / part of it is used.
inline void renew_round_robin(SchedContext& sc)
{
    sc.head().amount += sc.tail().amount;
    sc.tail().amount = 0;
}
inline void use_round_robin(SchedContext& sc, Ticks usage)
{
    Ticks const part = usage < sc.head().amount ? usage : sc.head().amount;
    sc.head().amount -= part;
    sc.tail().amount += part;
}
/// Joins the refills that are ready into one that begins now.
void merge_ready(Cpu& cpu, SchedContext& sc);
/// The context's thread wakes or begins to run: not for round robin, whose refills are one slice.
inline void unblock(Cpu& cpu, SchedContext& sc)
{
    if (!sc.is_round_robin()) merge_ready(cpu, sc);
}

} // namespace mk::refill

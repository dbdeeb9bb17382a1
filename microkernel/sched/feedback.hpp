// The feedback class: contexts that are time-shared inside their priority. Levels 0 to 3 are
// first come first served, the last one takes the highest response ratio next; a context that uses
// up its allotment at a level sinks, one that mostly waits rises. The state is the scheduling
// context's, so a server works at the level of the client that lends it the context.
// Invariants: every queue but level 0's is ordered by `since`; a service estimate, and with it the
// queue a context belongs to, changes only while the context is in no queue.
// Rules, bounds and a worked example: docs/architecture/scheduler.md.
#pragma once

#include "sched/cpu.hpp"

namespace mk::feedback {

inline constexpr u8 last_level = PriorityQueues::fifo_levels;
/// Response ratios are of services from 16 us to 2^20 us, two buckets for each power of two.
inline constexpr u32 least_service_us = 16, most_service_us = (1u << 20) - 1;
/// A context has starved when it waited this many times its service, and at least this long.
inline constexpr u32 starved_ratio = 16, starved_us = 100'000;
/// How often starved contexts are looked for, at most, at each priority.
inline constexpr u32 ageing_interval_us = 10'000;

/// Puts the context at level 0 of the class, or makes it a plain one. Its thread is in no queue.
void configure(SchedContext& sc, bool enabled);

/// The context was charged `used` of CPU time.
void charge(Cpu const& cpu, SchedContext& sc, Ticks used);
/// The CPU turns to another context: if no runnable thread holds this one, its burst is over.
void leave(Cpu const& cpu, SchedContext& sc);
/// The context's thread can run, and is not the one that runs: its wait begins.
void make_ready(Cpu const& cpu, SchedContext& sc);
/// Queues a thread: the running context keeps its turn, another one waits for its own.
void enqueue(Cpu& cpu, Tcb& tcb);
/// Queues a thread before all others of its priority, for one slice.
void enqueue_first(Cpu& cpu, Tcb& tcb);
/// The current thread's slice is over: queues it, a level down if the allotment is used up. Who
/// yields goes to the end but keeps its level.
void end_slice(Cpu& cpu, Tcb& tcb, bool yields);

/// Whose turn it is at a priority that has threads; at times it lifts a starved one first.
/// Cost: at most 35 queue heads looked at for starvation, 32 for their response ratio.
Tcb& choose(Cpu const& cpu, ReadyQueues& ready, unsigned priority);

} // namespace mk::feedback

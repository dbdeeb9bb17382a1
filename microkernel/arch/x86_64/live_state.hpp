// Thread state that stays in CPU registers while the kernel runs, and often longer: FS and GS base,
// and the FPU's registers. For each there is an owner, the thread whose values the CPU holds; the
// copy in that thread's TCB is stale. Everybody else's copy is good.
// Invariant: an owner is a live TCB; drop_live_state() before a TCB goes away keeps it true.
#pragma once

#include "sched/cpu_fwd.hpp"

namespace mk::live_state {

/// Makes the CPU hold the state of `thread`, a user thread that is about to run. Cheap when it
/// does.
[[gnu::noinline]] void load(Tcb& thread);
/// load() for `to` after `from` has run: quicker when both use the FPU.
void exchange(Tcb& from, Tcb& to);
/// False when the thread was barred from the FPU (TCB flag).
bool may_use_fpu(Tcb const& thread);
/// FPU state of a thread that never used it.
void init_fpu_area(Tcb& thread);

} // namespace mk::live_state

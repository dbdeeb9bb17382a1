// The usual switch between two threads on plain contexts of their own, without detours: what the
// fast paths share. A caller first asks everything here that can say no, then acts.
#pragma once

#include "arch/arch.hpp"
#include "sched/scheduler.hpp"

namespace mk {

/// Whether `next`, which wakes, runs before `current` at once: it is better than the best, both
/// have plain contexts, and domains do not matter.
inline bool takes_over(Cpu const& cpu, Tcb const& current, Tcb const& next)
{
    return domain_count == 1 && next.priority > current.priority && next.sc != nullptr &&
           next.sc->is_plain() && !next.in_release_queue && cpu.current_sc->is_plain();
}

/// update_time, unless a budget or a refill then wants the scheduler's attention: false, and
/// nothing has changed.
inline bool take_time(Cpu& cpu)
{
    Ticks const clock = arch::read_clock();
    if (clock < cpu.now) return false;
    Ticks const consumed = cpu.consumed + (clock - cpu.now);
    if (!refill::sufficient(cpu, *cpu.current_sc, consumed)) return false;
    Tcb const* const soonest = cpu.release_head;
    if (soonest != nullptr && refill::ready_at(cpu, *soonest->sc, clock)) return false;
    cpu.now = clock;
    cpu.consumed = consumed;
    return true;
}

/// `to` runs from now on, on its own context, in `space`. It waits for nothing, and what `from` is
/// about to do has been seen to.
inline void take_over(Cpu& cpu, Tcb& from, Tcb& to, PageTable& space)
{
    charge_plain(cpu, *cpu.current_sc);
    cpu.current_sc = to.sc;
    to.state = ThreadState::running;
    cpu.current = &to;
    set_timer(cpu);
    arch::switch_between(from, to, space);
}

} // namespace mk

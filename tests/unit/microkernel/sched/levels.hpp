// A world for tests of the feedback class: threads on contexts of it, and a clock of one tick per
// microsecond.
#pragma once

#include "../ipc/world.hpp"
#include "sched/feedback.hpp"

namespace mk {

inline constexpr Ticks slice = 1000;

/// Time here is in microseconds: one tick each.
struct Levels : World {
    /// A stopped thread on a context of the class, or a plain one.
    Tcb& sharer(u8 priority, bool in_class = true, Ticks budget = slice)
    {
        SchedContext& sc = context(budget, budget);
        feedback::configure(sc, in_class);
        return thread(priority, &sc);
    }
    Tcb& started(u8 priority, bool in_class = true, Ticks budget = slice)
    {
        Tcb& t = sharer(priority, in_class, budget);
        restart(cpu, t);
        go();
        return t;
    }
    /// Stands at the level from now on, in the right queue.
    void put(Tcb& t, u8 level, u32 service = 0)
    {
        bool const queued = t.in_ready_queue;
        dequeue(cpu, t);
        t.sc->feedback.level = level;
        t.sc->feedback.service = service;
        feedback::make_ready(cpu, *t.sc);
        if (queued) enqueue_back(cpu, t);
    }
    /// The current thread blocks until `wake`.
    void block()
    {
        cpu.current->state = ThreadState::blocked_on_notification;
        go_without_check();
    }
    void wake(Tcb& t)
    {
        t.state = ThreadState::running;
        possible_switch_to(cpu, t);
        go_without_check();
    }
    void go_without_check(Ticks passed = 0)
    {
        fake::machine.clock += passed;
        update_time(cpu);
        check_budget(cpu);
        schedule(cpu);
    }
    unsigned level(Tcb const& t) const { return t.sc->feedback.level; }
};

} // namespace mk

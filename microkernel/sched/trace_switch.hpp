// The trace point of a switch between threads: two events, one branch while nobody listens.
#pragma once

#include "sched/cpu.hpp"

namespace mk {

/// Records that `previous` cannot go on, if that is so, and that cpu.current runs from now on.
[[gnu::cold]] void record_switch(Cpu& cpu, Tcb const& previous);

/// Called wherever cpu.current has been changed, with the thread that ran before.
[[gnu::always_inline]] inline void trace_switch(Cpu& cpu, Tcb const& previous)
{
    if (cpu.events.on()) [[unlikely]]
        record_switch(cpu, previous);
}

} // namespace mk

// Stopping and starting a thread from outside. Called from api/decode_tcb*.cpp and finalise.
// Source: seL4 manual, "Thread Creation", "Thread Deactivation".
#pragma once

#include "sched/cpu.hpp"

namespace mk {

/// Takes the thread off whatever it does; it stays inactive until restarted.
void suspend(Cpu& cpu, Tcb& tcb);
/// Makes a stopped thread runnable; a blocked one repeats its system call. No-op when runnable.
void restart(Cpu& cpu, Tcb& tcb);

} // namespace mk

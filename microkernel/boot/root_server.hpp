// The first user thread and everything it is given. Called from kernel_main once the kernel runs
// on its own page tables and the loader's memory is free; afterwards boot_memory is spent.
// Source: seL4 manual, "System Bootstrapping".
#pragma once

#include "boot/handoff.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

/// Loads module 0, makes its thread ready, and puts a capability to all that exists into its
/// CNode. Panics with one line when the handoff has no usable root server or memory is short.
void start_root_server(Cpu& cpu, boot::Handoff const& handoff);

} // namespace mk

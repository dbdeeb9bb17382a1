// What a program was doing when it ended: registers, backtrace and last log lines, into a crash
// record. The thread is stopped by it; its address space must still be there.
#pragma once

#include "crash_store.hpp"
#include "managed.hpp"

namespace supervisor {

/// @param memory  the memory-manager's endpoint with badge memory::manager
void examine(Managed const& program, sys::Endpoint memory, Crash& record);

} // namespace supervisor

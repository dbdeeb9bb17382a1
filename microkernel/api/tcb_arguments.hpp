// Checks that several TCB and scheduling methods share.
#pragma once

#include "api/invocation.hpp"
#include "object/tcb.hpp"

namespace mk {

/// A priority that `authority` (capability argument 1) may give.
/// Errors: invalid_capability 1 (no TCB), range (0, authority's MCP).
Checked<u8> checked_priority(Slot const& authority, u64 priority);
/// A fault or timeout handler: null, or an endpoint with write and grant or grant-reply.
/// Error: invalid_capability `argument`.
Checked<Cap> checked_handler(Slot const& slot, u64 argument);
/// Whether the context could let a blocked thread run at once.
bool is_released(Cpu const& cpu, SchedContext const& sc);
bool is_blocked(Tcb const& tcb);

/// Replaces the capability in one of a TCB's slots by `cap`, derived from `source` (null: none).
void install(Cpu& cpu, Slot& slot, Slot* source, Cap const& cap);

inline Tcb& target_tcb(Invocation const& in)
{
    return *in.cap.object<Tcb>();
}

} // namespace mk

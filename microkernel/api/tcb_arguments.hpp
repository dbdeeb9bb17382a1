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
/// Whether the two can be bound: neither has a partner, and a blocked thread could run at once.
bool may_bind(Cpu const& cpu, Tcb const& tcb, SchedContext const& sc);

/// Replaces the capability in one of a TCB's slots by `cap`, derived from `source` (null: none).
void install(Cpu& cpu, Slot& slot, Slot* source, Cap const& cap);

inline Tcb& target_tcb(Invocation const& in)
{
    return *in.cap.object<Tcb>();
}

} // namespace mk

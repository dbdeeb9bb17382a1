// Deleting and revoking. Deleting the last capability to an object finalises the object; a CNode
// or TCB then becomes a zombie whose slots are emptied one by one. Long work stops at preemption
// points (arch::interrupt_pending) with everything consistent, and starts again when the caller's
// system call is restarted. No recursion: nested dead CNodes are handled in place.
// Called from api/decode_cnode.cpp (perform), object/untyped.cpp, ipc/interrupt.cpp.
#pragma once

#include "cap/slot.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

/// `preempted`: stopped at a preemption point; call again to go on.
enum class [[nodiscard]] Progress : u8{done, preempted};

/// Empties `slot` (no-op when empty).
Progress delete_cap(Cpu& cpu, Slot& slot);
/// Deletes every capability derived from slot's. CNodes and TCBs are taken apart in `workplace`, a
/// slot of the revoking thread: where a preempted revoke finds its work again. What it holds still
/// from a revoke that was not repeated is deleted first. Ends early when it destroys that thread.
Progress revoke(Cpu& cpu, Slot& slot, Slot& workplace);
/// Empties a slot whose capability is known to need no long work (anything but the last
/// capability to a CNode or TCB). Asserts that.
void delete_simple(Cpu& cpu, Slot& slot);

/// What remains of a capability after its object was finalised.
/// In api/finalise.cpp: stops whatever used the object behind `slot`'s capability;
/// `last` says whether this was the last capability to it. Returns a zombie when slots have to be
/// emptied still, else the null capability.
Cap finalise(Cpu& cpu, Slot& slot, bool last);

} // namespace mk

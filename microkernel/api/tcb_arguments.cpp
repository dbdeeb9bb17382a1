#include "api/tcb_arguments.hpp"
#include "api/decode.hpp"
#include "cap/derivation_tree.hpp"
#include "cap/destroy.hpp"
#include "sched/refill.hpp"

namespace mk {

Checked<u8> checked_priority(Slot const& authority, u64 priority)
{
    if (!authority.cap().is(CapType::tcb)) return SyscallError::invalid_capability(1);
    u8 const limit = authority.cap().object<Tcb>()->mcp;
    if (priority > limit) return SyscallError::range(0, limit);
    return u8(priority);
}

Checked<Cap> checked_handler(Slot const& slot, u64 argument)
{
    Cap const& cap = slot.cap();
    if (cap.is_null()) return cap;
    bool const usable = cap.is(CapType::endpoint) && contains(cap.rights(), Rights::write) &&
                        any(cap.rights() & (Rights::grant | Rights::grant_reply));
    if (!usable) return SyscallError::invalid_capability(argument);
    return TRY(derive_cap(slot));
}

bool may_bind(Cpu const& cpu, Tcb const& tcb, SchedContext const& sc)
{
    if (tcb.sc != nullptr || sc.tcb != nullptr) return false;
    return !tcb.is_blocked() || (sc.is_active() && refill::has_budget(cpu, sc));
}

void install(Cpu& cpu, Slot& slot, Slot* source, Cap const& cap)
{
    delete_simple(cpu, slot);
    if (source != nullptr && !cap.is_null() && same_object(source->cap(), cap))
        DerivationTree::insert_derived(*source, slot, cap);
}

} // namespace mk

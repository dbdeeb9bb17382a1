// CPU time: scheduling contexts, the right to set them, and domains. Times are microseconds.
#pragma once

#include "abi/extensions.hpp"
#include "sys/cap.hpp"

namespace sys {

/// An amount of CPU time that a thread needs in order to run.
class SchedContext : public Cap {
public:
    using Cap::Cap;
    /// Binds to a thread or a notification.
    /// @error invalid_capability  word 0 = 1: neither; illegal_operation: either is bound already
    Result<void> bind(Cap object) const
    {
        return command(*this, abi::Label::sched_context_bind, {}, {object});
    }
    /// Unbinds from everything. @error illegal_operation  it is the caller's own
    Result<void> unbind() const { return command(*this, abi::Label::sched_context_unbind); }
    Result<void> unbind_object(Cap object) const
    {
        return command(*this, abi::Label::sched_context_unbind_object, {}, {object});
    }
    struct Usage {
        u64 microseconds; ///< since this was last asked
        u64 level;        ///< in the feedback class, now; 0 outside it
    };
    /// Time used since this was last asked, and the level.
    Result<Usage> usage() const
    {
        auto const answer = TRY(invoke(*this, abi::Label::sched_context_consumed));
        return Usage{answer.word[0], answer.word[1]};
    }
    /// Time used since this was last asked.
    Result<u64> consumed() const { return TRY(usage()).microseconds; }
    /// Lets the bound thread run next if it may; returns as consumed().
    Result<u64> yield_to() const
    {
        return TRY(invoke(*this, abi::Label::sched_context_yield_to)).word[0];
    }
};

/// The right to say how much time scheduling contexts have on one CPU.
class SchedControl : public Cap {
public:
    using Cap::Cap;
    /// @param budget, period  at least 20; equal means round-robin with that slice
    /// @param badge           data word of the context's timeout faults
    /// @param flags           abi::sched_context_sporadic or 0
    /// @error range_error  words 0 and 1: the legal range
    Result<void> configure(SchedContext context, u64 budget, u64 period, u64 extra_refills = 0,
                           u64 badge = 0, u64 flags = 0) const
    {
        return command(*this, abi::Label::sched_control_configure_flags,
                       {budget, period, extra_refills, badge, flags}, {context});
    }
    /// Time-shares the context with its equals by feedback, beginning at level 0, or no longer.
    /// @error invalid_argument  word 0 = 1: no budget, or one that is not its period
    Result<void> configure_feedback(SchedContext context, bool enabled) const
    {
        return command(*this, abi::sched_control_configure_feedback, {enabled}, {context});
    }
    /// Extension: the kernel writes the events of this CPU into `frame` (RAM, read and write);
    /// null: no longer. Read them with sys::EventReader.
    /// @error invalid_capability  word 0 = 1: no such frame; delete_first: a ring is attached
    Result<void> set_event_ring(Cap frame) const
    {
        return command(*this, abi::sched_control_set_event_ring, {}, {frame});
    }
};

/// The right to move threads between scheduling domains.
class DomainSet : public Cap {
public:
    using Cap::Cap;
    Result<void> set(u8 domain, Cap tcb) const
    {
        return command(*this, abi::Label::domain_set_set, {domain}, {tcb});
    }
    Result<void> configure_schedule(u64 index, u8 domain, u64 duration) const
    {
        return command(*this, abi::Label::domain_schedule_configure, {index, domain, duration});
    }
    Result<void> set_schedule_start(u64 index) const
    {
        return command(*this, abi::Label::domain_schedule_set_start, {index});
    }
};

} // namespace sys

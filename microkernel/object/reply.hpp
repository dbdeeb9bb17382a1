// Reply object: tracks one caller that waits for an answer, and its place in the call stack of a
// donated scheduling context. 32 bytes (seL4_ReplyBits). Logic: ipc/reply_stack.cpp.
//   call stack: sched_context.reply -> newest Reply -> prev -> ... -> oldest; each answer pops one
//   and returns the scheduling context to that caller.
// Source: seL4 manual, "Scheduling Context Donation", "Reply Objects".
#pragma once

#include "kit/types.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

class Reply {
public:
    /// The thread blocked on this object: the caller awaiting an answer (blocked_on_reply), or a
    /// receiver that offered the object (blocked_on_receive).
    Tcb* tcb = nullptr;
    Reply* prev = nullptr; ///< the older call below in the stack

    /// Exactly one of: newer call above; the scheduling context when this is the top; none.
    Reply* next() const { return is_top() ? nullptr : reinterpret_cast<Reply*>(next_); }
    SchedContext* sched_context() const
    {
        return is_top() ? reinterpret_cast<SchedContext*>(next_ & ~u64{1}) : nullptr;
    }
    bool is_top() const { return (next_ & 1) != 0; }
    bool is_top_of(SchedContext const& sc) const
    {
        return next_ == (reinterpret_cast<u64>(&sc) | 1);
    }
    void set_next(Reply* r) { next_ = reinterpret_cast<u64>(r); }
    void set_top_of(SchedContext& sc) { next_ = reinterpret_cast<u64>(&sc) | 1; }

private:
    u64 next_ = 0; // Reply*, or SchedContext* with bit 0 set
    [[maybe_unused]] u64 reserved_ = 0;
};
static_assert(sizeof(Reply) == 32);

} // namespace mk

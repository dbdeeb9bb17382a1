// Faults that wait: each in a reply object of its own, so that nobody else waits for them. The
// object of the record at hand() takes the next message; keep() leaves it with the thread and goes
// on with another.
#pragma once

#include "units.hpp"

namespace memory_manager {

enum class FaultState : u8 {
    free = 0,
    waiting,  ///< for memory or for its page from the disk
    told_not, ///< for NextFault, which has not heard of it yet
    told,     ///< NextFault has told of it: it waits for ResumeFault or the end of its space
};

struct FaultRecord {
    FaultState state = FaultState::free;
    u32 space = 0;
    u64 order = 0; ///< the oldest has the least
    u64 label = 0, words = 0;
    u64 word[20] = {};
};

class Faults {
public:
    /// @param first_reply  address of the first of `max` reply objects
    void begin(u64 first_reply) { first_reply_ = first_reply; }
    static constexpr u32 max = 256;

    /// The reply object that the next message is received into.
    u64 reply() const { return first_reply_ + hand_; }
    u64 reply_of(FaultRecord const& it) const
    {
        return first_reply_ + static_cast<u64>(&it - record_);
    }
    /// Leaves the fault that was received last with its thread. False: there is no record left, and
    /// the thread will stay stopped without one.
    bool keep(FaultRecord const& fault)
    {
        u32 free = 0;
        while (free < max && (record_[free].state != FaultState::free || free == hand_)) ++free;
        if (free == max) return false;
        record_[hand_] = fault;
        if (fault.state == FaultState::waiting) ++waiting_;
        record_[hand_].order = ++next_order_;
        hand_ = free;
        return true;
    }
    /// The oldest in this state, of this space (0: of any), that came after number `after`. Null:
    /// none.
    FaultRecord* oldest(FaultState state, u32 space = 0, u64 after = 0)
    {
        FaultRecord* found = nullptr;
        for (FaultRecord& it : record_)
            if (it.state == state && (space == 0 || it.space == space) && it.order > after &&
                (found == nullptr || it.order < found->order))
                found = &it;
        return found;
    }
    /// Answered, or its space ended and its thread is gone.
    void forget(FaultRecord& it)
    {
        if (it.state == FaultState::waiting) --waiting_;
        it = {};
    }
    void forget(u32 space)
    {
        for (FaultRecord& it : record_)
            if (it.space == space) forget(it);
    }
    /// No longer for memory: for NextFault.
    void give_up(FaultRecord& it)
    {
        --waiting_;
        it.state = FaultState::told_not;
    }
    bool any_waiting() const { return waiting_ != 0; }

private:
    u64 first_reply_ = 0, next_order_ = 0;
    u32 waiting_ = 0;
    u32 hand_ = 0;
    FaultRecord record_[max] = {};
};

} // namespace memory_manager

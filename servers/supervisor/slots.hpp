// Empty slots of the supervisor's CNode, handed out from the first to the last. None is taken back:
// what comes and goes (processes) keeps its slots.
#pragma once

#include "protocol/handover.hpp"
#include "sys/cnode.hpp"

namespace supervisor {

class Slots {
    sys::CNode cnode_;
    u64 next_, end_;

public:
    explicit Slots(handover::Supervision const& given)
        : cnode_{given.own_cnode}, next_{given.empty.first}, end_{given.empty.end}
    {
    }

    sys::CNode cnode() const { return cnode_; }
    sys::Slot slot(sys::Cap cap) const { return cnode_.slot(cap.address()); }

    /// `count` consecutive empty slots. @error no_memory
    Result<u64> take(u64 count = 1)
    {
        if (count > end_ - next_) return Error::no_memory;
        next_ += count;
        return next_ - count;
    }
};

} // namespace supervisor

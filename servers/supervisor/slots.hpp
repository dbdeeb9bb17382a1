// Empty slots of the supervisor's CNode, handed out from the first to the last; two have a fixed
// use. None is taken back: what comes and goes (processes) keeps its slots.
#pragma once

#include "protocol/handover.hpp"
#include "sys/cnode.hpp"
#include "sys/endpoint.hpp"

namespace supervisor {

class Slots {
    sys::CNode cnode_;
    u64 first_, next_, end_;

public:
    explicit Slots(handover::Supervision const& given)
        : cnode_{given.own_cnode}, first_{given.empty.first}, next_{first_ + 2},
          end_{given.empty.end}
    {
    }

    u64 scratch() const { return first_; } ///< empty between uses: spawn::Authority's
    sys::Endpoint device_manager() const { return sys::Endpoint{first_ + 1}; }

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

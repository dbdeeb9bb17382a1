// Ready threads of one domain: a queue per priority and a two-level bitmap, so that finding the
// highest costs two bit scans. Invariant: a thread is in here exactly when tcb.in_ready_queue.
#pragma once

#include "object/tcb.hpp"

namespace mk {

class ReadyQueues {
public:
    static constexpr unsigned priorities = 256;

    void push_front(Tcb& t) { insert(t, true); }
    void push_back(Tcb& t) { insert(t, false); }
    void remove(Tcb& t);
    bool empty() const { return words_ == 0; }
    /// Highest priority with a ready thread; only when not empty.
    unsigned highest() const
    {
        unsigned const word = 63 ^ unsigned(__builtin_clzll(words_));
        return word * 64 + (63 ^ unsigned(__builtin_clzll(map_[word])));
    }
    Tcb* first(unsigned priority) const { return head_[priority]; }
    Tcb* last(unsigned priority) const { return tail_[priority]; }
    /// Whether the bitmap says what the queues say (for microkernel/check/).
    bool bitmap_fits() const
    {
        bool fits = true;
        for (unsigned p = 0; p < priorities; ++p)
            fits &= (map_[p / 64] >> p % 64 & 1) == u64{head_[p] != nullptr};
        for (unsigned w = 0; w < priorities / 64; ++w)
            fits &= (words_ >> w & 1) == u64{map_[w] != 0};
        return fits;
    }

private:
    void insert(Tcb& t, bool front);
    Tcb* head_[priorities] = {};
    Tcb* tail_[priorities] = {};
    u64 map_[priorities / 64] = {}; // priorities with threads
    u64 words_ = 0;                 // words of map_ that are not zero
};

} // namespace mk

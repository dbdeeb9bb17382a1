// Ready threads of one domain: for each priority a few queues (the first is the only one that plain
// contexts use; the rest are sched/feedback.cpp's levels), and two-level bitmaps, so that finding
// the highest costs two bit scans.
// Invariants: a thread is in here exactly when tcb.in_ready_queue, and then in queue
// tcb.ready_queue of tcb.priority; a bit is set exactly when what it stands for has threads.
#pragma once

#include "object/sched_context.hpp"
#include "object/tcb.hpp"

namespace mk {

/// The queues of one priority, in order of preference up to the buckets, which are one level
/// together. Lists are circular: the head's `prev` is the tail.
struct alignas(64) PriorityQueues {
    static constexpr unsigned fifo_levels = 4, buckets = 32, count = fifo_levels + buckets;
    u64 filled = 0; ///< bit q: head[q] is there
    Tcb* head[count] = {};
    Ticks next_ageing = 0; ///< earliest time of the next look for starved threads
};

class ReadyQueues {
public:
    static constexpr unsigned priorities = 256;

    /// `table`: one for each priority, empty. Not part of this object so that it need not be in the
    /// kernel's image: 80 KiB.
    void use(PriorityQueues* table) { table_ = table; }
    void push_front(Tcb& t) { insert(t, true); }
    void push_back(Tcb& t) { insert(t, false); }
    void remove(Tcb& t);
    /// Takes out `first`, the head of a level 0, and puts `last` at the end of that queue.
    void replace_first(Tcb& first, Tcb& last);
    bool empty() const { return words_ == 0; }
    /// Highest priority with a ready thread; only when not empty.
    unsigned highest() const;
    PriorityQueues& of(unsigned priority) const { return table_[priority]; }
    /// Calls `f` with each thread, highest priority first.
    template <class F> void for_each(F&& f) const;
    /// Whether the bitmaps of priorities say what the queues say (for microkernel/check/).
    bool maps_fit() const;

private:
    void insert(Tcb& t, bool front);
    PriorityQueues* table_ = nullptr;
    u64 map_[priorities / 64] = {}; // priorities with threads
    u64 words_ = 0;                 // words of map_ that are not zero
};

inline bool ReadyQueues::maps_fit() const
{
    bool fit = true;
    for (unsigned p = 0; p < priorities; ++p)
        fit &= (map_[p / 64] >> p % 64 & 1) == u64{table_[p].filled != 0};
    for (unsigned w = 0; w < priorities / 64; ++w) fit &= (words_ >> w & 1) == u64{map_[w] != 0};
    return fit;
}

inline unsigned ReadyQueues::highest() const
{
    unsigned const word = 63 - unsigned(__builtin_clzll(words_));
    return word * 64 + 63 - unsigned(__builtin_clzll(map_[word]));
}

inline void ReadyQueues::insert(Tcb& t, bool front)
{
    unsigned const p = t.priority, q = t.sc->feedback.queue;
    PriorityQueues& queues = table_[p];
    Tcb* const head = queues.head[q];
    t.ready_queue = u8(q);
    t.in_ready_queue = true;
    if (head != nullptr) {
        Tcb* const tail = head->sched_link.prev;
        t.sched_link = {head, tail};
        tail->sched_link.next = head->sched_link.prev = &t;
        if (front) queues.head[q] = &t;
        return;
    }
    t.sched_link = {&t, &t};
    queues.head[q] = &t;
    queues.filled |= u64{1} << q;
    map_[p / 64] |= u64{1} << (p % 64);
    words_ |= u64{1} << (p / 64);
}

inline void ReadyQueues::remove(Tcb& t)
{
    unsigned const p = t.priority, q = t.ready_queue;
    PriorityQueues& queues = table_[p];
    auto const [next, prev] = t.sched_link;
    t.in_ready_queue = false;
    if (next != &t) {
        prev->sched_link.next = next;
        next->sched_link.prev = prev;
        if (queues.head[q] == &t) queues.head[q] = next;
        return;
    }
    queues.head[q] = nullptr;
    queues.filled &= ~(u64{1} << q);
    if (queues.filled != 0) return;
    map_[p / 64] &= ~(u64{1} << (p % 64));
    if (map_[p / 64] == 0) words_ &= ~(u64{1} << (p / 64));
}

inline void ReadyQueues::replace_first(Tcb& first, Tcb& last)
{
    Tcb*& head = table_[first.priority].head[0];
    auto const [next, tail] = first.sched_link;
    first.in_ready_queue = false;
    last.in_ready_queue = true;
    last.ready_queue = 0;
    if (next == &first) {
        last.sched_link = {&last, &last};
        head = &last;
        return;
    }
    last.sched_link = {next, tail};
    tail->sched_link.next = next->sched_link.prev = &last;
    head = next;
}

template <class F> void ReadyQueues::for_each(F&& f) const
{
    for (unsigned p = priorities; p-- > 0;) {
        for (Tcb const* head : table_[p].head) {
            Tcb const* t = head;
            if (t == nullptr) continue;
            do {
                f(*t);
                t = t->sched_link.next;
            } while (t != head);
        }
    }
}

} // namespace mk

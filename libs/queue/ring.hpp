// A single-producer single-consumer ring of records in memory that two programs share, with "signal
// wanted" flags: who finds nothing to do says so, looks once more, and sleeps; the other end
// signals only then. No stand-alone fences: the orderings are on the accesses (tests/model/ring.pml
// shows that each is needed). Neither end trusts the other: each keeps its own position privately
// and takes an impossible position of the peer for an empty or a full ring; a record is copied
// once, then checked by its user.
#pragma once

#include "kit/types.hpp"
#include <atomic>
#include <type_traits>

namespace queue {

/// All zero is an empty ring whose ends both sleep.
template <class T, u32 Entries> struct Ring {
    static_assert((Entries & (Entries - 1)) == 0 && std::is_trivially_copyable_v<T>);
    static constexpr u32 entries = Entries;
    using Record = T;

    alignas(64) std::atomic<u32> pushed; ///< written by the producer only; positions wrap at 2^32
    std::atomic<u32> producer_awake;     ///< 0: the producer waits for room, signal it after a pop
    alignas(64) std::atomic<u32> popped; ///< written by the consumer only
    std::atomic<u32> consumer_awake;     ///< 0: the consumer waits, signal it after a push
    alignas(64) T record[Entries];
};

template <class R> class Sender {
    R* ring_ = nullptr;
    u32 at_ = 0;

public:
    Sender() = default;
    /// Goes on where the last producer of this ring stopped.
    explicit Sender(R* ring) : ring_{ring}, at_{ring->pushed.load(std::memory_order_relaxed)} {}

    u32 space() const
    {
        u32 const used = at_ - ring_->popped.load(std::memory_order_acquire);
        return used <= R::entries ? R::entries - used : 0;
    }
    /// False when the ring is full.
    bool push(typename R::Record const& record)
    {
        if (space() == 0) return false;
        ring_->record[at_ % R::entries] = record;
        ring_->pushed.store(++at_, std::memory_order_seq_cst); // before the look at consumer_awake
        return true;
    }
    /// After pushing: whether the consumer sleeps and is to be signalled. True once per sleep.
    bool must_signal()
    {
        if (ring_->consumer_awake.load(std::memory_order_seq_cst)) return false;
        return ring_->consumer_awake.exchange(1, std::memory_order_seq_cst) == 0;
    }
    /// Before waiting for room: true when there is none and the consumer will signal.
    bool sleep_if_full()
    {
        ring_->producer_awake.store(0, std::memory_order_seq_cst);
        if (space() == 0) return true;
        ring_->producer_awake.store(1, std::memory_order_relaxed);
        return false;
    }
};

template <class R> class Receiver {
    R* ring_ = nullptr;
    u32 at_ = 0;

public:
    Receiver() = default;
    explicit Receiver(R* ring) : ring_{ring}, at_{ring->popped.load(std::memory_order_relaxed)} {}

    u32 size() const
    {
        u32 const used = ring_->pushed.load(std::memory_order_acquire) - at_;
        return used <= R::entries ? used : 0;
    }
    /// Takes the oldest record; false when there is none.
    bool pop(typename R::Record& record)
    {
        if (size() == 0) return false;
        record = ring_->record[at_ % R::entries];
        ring_->popped.store(++at_, std::memory_order_seq_cst); // before the look at producer_awake
        return true;
    }
    /// After popping: whether the producer waits for room and is to be signalled.
    bool must_signal()
    {
        if (ring_->producer_awake.load(std::memory_order_seq_cst)) return false;
        return ring_->producer_awake.exchange(1, std::memory_order_seq_cst) == 0;
    }
    /// Before waiting: true when there is nothing and the producer will signal.
    bool sleep_if_empty()
    {
        ring_->consumer_awake.store(0, std::memory_order_seq_cst);
        if (size() == 0) return true;
        ring_->consumer_awake.store(1, std::memory_order_relaxed);
        return false;
    }
    /// Forgets everything that was pushed (a successor with a new epoch).
    void drop_all()
    {
        at_ = ring_->pushed.load(std::memory_order_acquire);
        ring_->popped.store(at_, std::memory_order_seq_cst);
    }
};

} // namespace queue

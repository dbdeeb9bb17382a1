// A single-producer single-consumer ring of records in memory that two programs share, with "signal
// wanted" flags: who finds nothing to do says so, looks once more, and sleeps; the other end
// signals only then. No stand-alone fences: the orderings are on the accesses. tests/model/ring.pml
// is this file over explicit store buffers and shows what goes wrong without each of them.
// Neither end trusts the other: each keeps its own position privately and takes an impossible
// position of the peer for an empty or a full ring; a record is copied once, then checked by its
// user.
#pragma once

#include "kit/types.hpp"
#include <atomic>
#include <type_traits>
#include <utility>

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

namespace detail {

/// Whether the owner of `awake` sleeps; true once per sleep, for who is to signal it. Sequentially
/// consistent with the peer's store of 0 and its look at the position that we stored before:
/// either we see that it sleeps, or it sees what we did.
inline bool wants_signal(std::atomic<u32>& awake)
{
    return awake.load(std::memory_order_seq_cst) == 0 &&
           awake.exchange(1, std::memory_order_relaxed) == 0;
}

} // namespace detail

/// The end that pushes. Before it waits or turns to other things it asks must_signal(), after
/// show().
template <class R> class Sender {
    R* ring_ = nullptr;
    u32 at_ = 0;
    u32 told_ = 0; // position of the last must_signal()

public:
    Sender() = default;
    /// Goes on where the last producer of this ring stopped; if that left an impossible position,
    /// with an empty ring.
    explicit Sender(R* ring) : ring_{ring}, at_{ring->pushed.load(std::memory_order_relaxed)}
    {
        u32 const popped = ring->popped.load(std::memory_order_acquire);
        if (at_ - popped > R::entries) {
            at_ = popped;
            ring->pushed.store(at_, std::memory_order_seq_cst);
        }
        told_ = at_ - 1;
    }

    /// Records that can be pushed now.
    u32 space() const { return room(ring_->popped.load(std::memory_order_acquire)); }
    /// False when the ring is full.
    bool push(typename R::Record const& record)
    {
        if (space() == 0) return false;
        put(record);
        show();
        return true;
    }
    /// Several pushes that the consumer sees together, at show(): put() only where there is
    /// space().
    void put(typename R::Record const& record) { ring_->record[at_++ % R::entries] = record; }
    void show() { ring_->pushed.store(at_, std::memory_order_seq_cst); }
    /// After pushing: whether the consumer sleeps and is to be signalled. Only for something new
    /// (or a predecessor's): two ends that wait for a third would keep each other awake.
    bool must_signal()
    {
        return std::exchange(told_, at_) != at_ && detail::wants_signal(ring_->consumer_awake);
    }
    /// Before waiting for room: true when there is none and the consumer will signal.
    bool sleep_if_full() { return sleep_below(1); }
    /// The same for room of `needed` records: true when there is less. The signal comes after the
    /// next pop, which may not be enough.
    bool sleep_below(u32 needed)
    {
        ring_->producer_awake.store(0, std::memory_order_seq_cst);
        if (room(ring_->popped.load(std::memory_order_seq_cst)) < needed) return true;
        ring_->producer_awake.store(1, std::memory_order_relaxed);
        return false;
    }

private:
    u32 room(u32 popped) const
    {
        u32 const used = at_ - popped;
        return used <= R::entries ? R::entries - used : 0;
    }
};

/// The end that pops. Before it waits or turns to other things it asks must_signal(), after
/// release().
template <class R> class Receiver {
    R* ring_ = nullptr;
    u32 at_ = 0;
    u32 told_ = 0; // position of the last must_signal()

public:
    Receiver() = default;
    /// Goes on where the last consumer of this ring stopped; if that left an impossible position,
    /// with an empty ring.
    explicit Receiver(R* ring) : ring_{ring}, at_{ring->popped.load(std::memory_order_relaxed)}
    {
        if (ring->pushed.load(std::memory_order_acquire) - at_ > R::entries) drop_all();
        told_ = at_ - 1;
    }

    /// Records that can be popped now.
    u32 size() const { return waiting(ring_->pushed.load(std::memory_order_acquire)); }
    /// Takes the oldest record; false when there is none.
    bool pop(typename R::Record& record)
    {
        if (!take(record)) return false;
        release();
        return true;
    }
    /// Several pops whose places the producer gets back together, at release().
    bool take(typename R::Record& record)
    {
        if (size() == 0) return false;
        record = ring_->record[at_++ % R::entries];
        return true;
    }
    void release() { ring_->popped.store(at_, std::memory_order_seq_cst); }
    /// After popping: whether the producer waits for room and is to be signalled. Only when there
    /// is new room, as above.
    bool must_signal()
    {
        return std::exchange(told_, at_) != at_ && detail::wants_signal(ring_->producer_awake);
    }
    /// Before waiting: true when there is nothing and the producer will signal.
    bool sleep_if_empty()
    {
        ring_->consumer_awake.store(0, std::memory_order_seq_cst);
        if (waiting(ring_->pushed.load(std::memory_order_seq_cst)) == 0) return true;
        ring_->consumer_awake.store(1, std::memory_order_relaxed);
        return false;
    }
    /// Forgets everything that was pushed (a successor with a new epoch).
    void drop_all()
    {
        at_ = ring_->pushed.load(std::memory_order_acquire);
        ring_->popped.store(at_, std::memory_order_seq_cst);
    }

private:
    u32 waiting(u32 pushed) const
    {
        u32 const used = pushed - at_;
        return used <= R::entries ? used : 0;
    }
};

} // namespace queue

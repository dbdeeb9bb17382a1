// A ring of bytes in memory that exactly two programs share: one only pushes, the other only pops.
// Neither trusts the other: each keeps its own position privately, reads the other's from the
// shared memory, and takes a position that cannot be for an empty or a full ring. A hostile peer
// can send garbage, but it cannot make us read or write outside the buffer. Waking the peer is not
// done here: signal its notification after a push, or after a pop that made room.
#pragma once

#include "kit/types.hpp"
#include <atomic>

namespace queue {

/// The shared memory itself. All zero is an empty ring. Positions only grow (and wrap at 2^32);
/// the byte at position p lies at p % capacity.
struct ByteRing {
    static constexpr u32 capacity = 8192;

    alignas(64) std::atomic<u32> pushed; ///< written by the producer only
    alignas(64) std::atomic<u32> popped; ///< written by the consumer only
    alignas(64) u8 data[capacity];
};
static_assert((ByteRing::capacity & (ByteRing::capacity - 1)) == 0, "positions wrap at 2^32");
static_assert(std::atomic<u32>::is_always_lock_free);

/// Whether the positions are possible. For whoever restarts one of the two ends.
inline bool is_sound(ByteRing const& ring)
{
    return ring.pushed.load(std::memory_order_acquire) -
               ring.popped.load(std::memory_order_acquire) <=
           ByteRing::capacity;
}

/// Pages that a ring takes.
inline constexpr usize ring_pages = (sizeof(ByteRing) + 4095) / 4096;

/// The end that pushes. Goes on where the last producer of this ring stopped; if that left an
/// impossible position, with an empty ring.
class Producer {
    ByteRing* ring_ = nullptr;
    u32 at_ = 0;

public:
    Producer() = default;
    explicit Producer(ByteRing* ring)
        : ring_{ring}, at_{ring->pushed.load(std::memory_order_relaxed)}
    {
        if (is_sound(*ring)) return;
        at_ = ring->popped.load(std::memory_order_acquire);
        ring->pushed.store(at_, std::memory_order_release);
    }

    /// Bytes that can be pushed now.
    u32 space() const
    {
        u32 const used = at_ - ring_->popped.load(std::memory_order_acquire);
        return used <= ByteRing::capacity ? ByteRing::capacity - used : 0;
    }
    bool empty() const { return ring_->popped.load(std::memory_order_acquire) == at_; }
    /// Appends a byte; false when the ring is full.
    bool push(u8 byte)
    {
        if (space() == 0) return false;
        ring_->data[at_ % ByteRing::capacity] = byte;
        ring_->pushed.store(++at_, std::memory_order_release); // publishes the byte above
        return true;
    }
};

/// The end that pops. Goes on where the last consumer of this ring stopped; if that left an
/// impossible position, with an empty ring.
class Consumer {
    ByteRing* ring_ = nullptr;
    u32 at_ = 0;

public:
    Consumer() = default;
    explicit Consumer(ByteRing* ring)
        : ring_{ring}, at_{ring->popped.load(std::memory_order_relaxed)}
    {
        if (is_sound(*ring)) return;
        at_ = ring->pushed.load(std::memory_order_acquire);
        ring->popped.store(at_, std::memory_order_release);
    }

    /// Bytes that can be popped now.
    u32 size() const
    {
        u32 const used = ring_->pushed.load(std::memory_order_acquire) - at_;
        return used <= ByteRing::capacity ? used : 0;
    }
    /// Takes the oldest byte; false when the ring is empty.
    bool pop(u8& byte)
    {
        if (size() == 0) return false;
        byte = ring_->data[at_ % ByteRing::capacity];
        ring_->popped.store(++at_, std::memory_order_release); // the place may be used again
        return true;
    }
};

} // namespace queue

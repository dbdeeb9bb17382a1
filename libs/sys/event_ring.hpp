// Reading the kernel event ring (abi/event_ring.hpp) from a read-only mapping while the kernel
// writes on. A record is handed out only when it was whole; what the kernel overwrote before it was
// read is counted as lost.
#pragma once

#include "abi/event_ring.hpp"
#include <atomic>

namespace sys {

class EventReader {
    abi::EventRingHeader const volatile* header_;
    u64 next_ = 0, lost_ = 0;

    /// Record number n, if it is (still) there in one piece.
    bool copy(u64 n, abi::EventRecord& out) const
    {
        auto const* const records = reinterpret_cast<abi::EventRecord const volatile*>(header_ + 1);
        auto const& from = records[n % header_->capacity];
        u32 const sequence = from.sequence;
        std::atomic_thread_fence(std::memory_order_acquire);
        out = {from.time,   from.sequence, from.kind,   from.level, from.detail,
               from.thread, from.other,    from.object, from.value};
        std::atomic_thread_fence(std::memory_order_acquire);
        return sequence == static_cast<u32>(n + 1) && from.sequence == sequence;
    }

public:
    /// @param ring  where the ring's frame is mapped; begins with the oldest record
    explicit EventReader(void const* ring)
        : header_{static_cast<abi::EventRingHeader const volatile*>(ring)}
    {
    }
    /// Whether a ring of a kind known here is or was attached. Look before next().
    bool is_ring() const
    {
        return header_->magic == abi::event_ring_magic && header_->version == 1 &&
               header_->record_bytes == sizeof(abi::EventRecord) && header_->capacity > 0;
    }
    u64 written() const { return header_->written; }
    u64 capacity() const { return header_->capacity; }
    u64 ticks_per_us() const { return header_->ticks_per_us; }
    /// Records that were overwritten before next() came to them.
    u64 lost() const { return lost_; }

    /// The next record in the order they were written; false when there is none yet.
    bool next(abi::EventRecord& out)
    {
        for (u64 const end = written(); next_ < end; ++next_, ++lost_) {
            if (end - next_ > capacity()) {
                lost_ += end - capacity() - next_;
                next_ = end - capacity();
            }
            if (!copy(next_, out)) continue; // overwritten meanwhile
            ++next_;
            return true;
        }
        return false;
    }
};

} // namespace sys

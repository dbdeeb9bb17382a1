// A split virtqueue in memory that driver and device share. The device is not trusted: positions,
// what is in flight and how much of it the device may write are kept privately, nothing that the
// driver wrote is read back, and a used entry is copied once, then checked. The orderings are on
// the accesses: a store that must be seen before a later load is sequentially consistent.
// [VIRTIO 1.2, "Split Virtqueues"]
#pragma once

#include "kit/result.hpp"
#include <atomic>
#include <cstddef>

namespace virtio {

struct Descriptor {
    u64 address; ///< DMA
    u32 bytes;
    u16 flags;
    u16 next;
};
namespace descriptor {
inline constexpr u16 next = 1;     ///< `next` goes on
inline constexpr u16 write = 2;    ///< the device writes it
inline constexpr u16 indirect = 4; ///< it is a table of descriptors
} // namespace descriptor

template <u16 Size> struct QueueMemory {
    static_assert((Size & (Size - 1)) == 0 && Size > 0 && Size <= 32768);
    struct Available {
        std::atomic<u16> flags, index;
        std::atomic<u16> head[Size];
        std::atomic<u16> used_event; ///< interrupt when the used index passes this
    };
    struct UsedEntry {
        std::atomic<u32> head, bytes;
    };
    struct Used {
        std::atomic<u16> flags, index;
        UsedEntry entry[Size];
        std::atomic<u16> available_event; ///< notify when the available index passes this
    };
    alignas(16) Descriptor descriptor[Size];
    Available available;
    alignas(4) Used used;
};
inline constexpr u16 used_no_notify = 1;         ///< Used::flags: the device looks by itself
inline constexpr u16 available_no_interrupt = 1; ///< Available::flags

/// What the device is done with.
struct Completed {
    u16 head;
    u32 bytes; ///< that it says it has written, at most what it might
};

template <u16 Size> class Queue {
    QueueMemory<Size>* memory_ = nullptr;
    bool event_index_ = false;
    u16 available_ = 0;       // heads put in all; positions wrap at 2^16
    u16 published_ = 0;       // of them, shown to the device
    u16 used_ = 0;            // heads taken back in all
    u32 writable_[Size] = {}; // by head: bytes the device may write, plus 1; 0: not in flight

public:
    Queue() = default;
    /// @param memory       zeroed
    /// @param event_index  whether that feature was negotiated
    Queue(QueueMemory<Size>* memory, bool event_index) : memory_{memory}, event_index_{event_index}
    {
    }

    Descriptor& descriptor(u16 index) { return memory_->descriptor[index]; }

    /// Queues the chain that begins with descriptor `head`, which must not be in flight. The device
    /// sees it after publish().
    void put(u16 head, u32 writable)
    {
        writable_[head] = writable + 1;
        memory_->available.head[available_++ % Size].store(head, std::memory_order_relaxed);
    }
    /// Shows the device what was put. True when it wants to be notified.
    bool publish()
    {
        if (available_ == published_) return false;
        // Seen before the look at what the device wants.
        memory_->available.index.store(available_, std::memory_order_seq_cst);
        auto const added = static_cast<u16>(available_ - published_);
        published_ = available_;
        if (!event_index_)
            return !(memory_->used.flags.load(std::memory_order_seq_cst) & used_no_notify);
        u16 const event = memory_->used.available_event.load(std::memory_order_seq_cst);
        return static_cast<u16>(available_ - event - 1) < added;
    }

    u16 in_flight() const { return static_cast<u16>(available_ - used_); }

    /// Takes what the device has finished; false when there is nothing.
    /// @error corrupt  the device says what cannot be: reset it
    Result<bool> take(Completed& done)
    {
        u16 const index = memory_->used.index.load(std::memory_order_acquire);
        if (index == used_) return false;
        if (static_cast<u16>(index - used_) > static_cast<u16>(published_ - used_))
            return Error::corrupt;
        auto const& entry = memory_->used.entry[used_ % Size];
        u32 const head = entry.head.load(std::memory_order_relaxed);
        u32 const bytes = entry.bytes.load(std::memory_order_relaxed);
        if (head >= Size || bytes >= writable_[head]) return Error::corrupt;
        writable_[head] = 0;
        ++used_;
        done = {static_cast<u16>(head), bytes};
        return true;
    }
    /// Before waiting for the interrupt: true when there is nothing to take and the device will
    /// interrupt. Until then, with event_index, it does not. With `after` it does when more than
    /// that many can be taken, as soon as there is one without event_index; at most so many are
    /// left, then.
    bool sleep(u16 after = 0)
    {
        if (event_index_)
            memory_->available.used_event.store(static_cast<u16>(used_ + after),
                                                std::memory_order_seq_cst);
        else
            memory_->available.flags.store(0, std::memory_order_seq_cst);
        u16 const index = memory_->used.index.load(std::memory_order_seq_cst);
        return static_cast<u16>(index - used_) <= after;
    }
    /// Wants no interrupts until the next sleep(). (With event_index the last one that came was the
    /// last; one that was asked for and has not come may come yet.)
    void quiet()
    {
        if (!event_index_)
            memory_->available.flags.store(available_no_interrupt, std::memory_order_relaxed);
    }
};

} // namespace virtio

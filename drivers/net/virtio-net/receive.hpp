// Buffers on their way to the device and back. They are net's; a frame takes one or, with merged
// buffers, several in a row. How many is said in the header before the frame, which is net's to
// read: here a buffer is an offset, and the number of bytes that the device says it has written.
#pragma once

#include "protocol/nic.hpp"
#include "regs.hpp"
#include "virtio/device.hpp"

namespace virtio_net {

inline constexpr u16 receive_slots = 256;

class Receiver {
    virtio::Queue<receive_slots> queue_;
    u32 buffer_bytes_ = 0;
    u16 free_count_ = 0;
    u16 free_[receive_slots] = {};
    u32 offset_[receive_slots] = {};
    u64 frames_ = 0, bytes_ = 0;

public:
    Receiver() = default;
    /// @param memory  zeroed
    Receiver(virtio::QueueMemory<receive_slots>* memory, u32 buffer_bytes, bool event_index)
        : queue_{memory, event_index}, buffer_bytes_{buffer_bytes}
    {
        for (u16 slot = receive_slots; slot-- > 0;) free_[free_count_++] = slot;
    }

    bool can_post() const { return free_count_ > 0; }
    /// Not without can_post().
    void post(u64 dma, u32 offset)
    {
        u16 const slot = free_[--free_count_];
        offset_[slot] = offset;
        queue_.descriptor(slot) = {dma, buffer_bytes_, virtio::descriptor::write, 0};
        queue_.put(slot, buffer_bytes_);
    }
    /// A filled buffer; false: none. @error corrupt  the device lies
    Result<bool> take(nic::Received& received)
    {
        virtio::Completed done{};
        if (!TRY(queue_.take(done))) return false;
        free_[free_count_++] = done.head;
        received.offset = offset_[done.head];
        received.bytes = done.bytes;
        received.flags = 0;
        bytes_ += done.bytes;
        frames_ += done.bytes < buffer_bytes_;
        return true;
    }
    bool publish() { return queue_.publish(); }
    /// Before waiting: true when there is nothing to take, or nobody to take it, and the device
    /// will interrupt, or not.
    bool sleep(bool receiving)
    {
        if (receiving) return queue_.sleep();
        queue_.quiet();
        return true;
    }

    /// Buffers that were not filled to the end: each is a frame's last.
    u64 frames() const { return frames_; }
    /// With headers.
    u64 bytes() const { return bytes_; }
};

} // namespace virtio_net

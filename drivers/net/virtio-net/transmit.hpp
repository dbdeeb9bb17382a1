// Frames on their way to the device. A frame is a slot: its header and its table of descriptors lie
// at the slot's place, prepared once, so that a frame costs one descriptor for each piece and a
// header. Of the device nothing is believed but that it is done with a slot which the queue's
// ledger knows to be in flight.
#pragma once

#include "nic/driver_end.hpp"
#include "regs.hpp"
#include "virtio/device.hpp"

namespace virtio_net {

inline constexpr u16 transmit_slots = 128;
/// Frames that may be sent and not reported before the device interrupts for them.
inline constexpr u16 unreported = 3 * transmit_slots / 4;

/// What driver and device share.
struct TransmitMemory {
    virtio::QueueMemory<transmit_slots> queue;
    alignas(16) virtio::Descriptor table[transmit_slots][1 + nic::max_segments];
    Header header[transmit_slots];
};

class Transmitter {
    // Some hosts say that they wrote something into a frame that was sent. It means nothing.
    static constexpr u32 any_length = 0xffff'fffe;

    virtio::Queue<transmit_slots> queue_;
    TransmitMemory* memory_ = nullptr;
    bool event_index_ = false;
    u16 free_count_ = 0;
    u16 free_[transmit_slots] = {};
    u32 id_[transmit_slots] = {};
    u64 frames_ = 0, bytes_ = 0, done_ = 0;

public:
    Transmitter() = default;
    /// @param memory    zeroed
    /// @param physical  its DMA address
    Transmitter(TransmitMemory* memory, u64 physical, bool event_index)
        : queue_{&memory->queue, event_index}, memory_{memory}, event_index_{event_index}
    {
        for (u16 slot = 0; slot < transmit_slots; ++slot) {
            u64 const table =
                physical + offsetof(TransmitMemory, table) + slot * sizeof memory->table[0];
            u64 const header = physical + offsetof(TransmitMemory, header) + slot * sizeof(Header);
            queue_.descriptor(slot) = {table, 0, virtio::descriptor::indirect, 0};
            memory->table[slot][0] = {header, sizeof(Header), virtio::descriptor::next, 1};
            free_[free_count_++] = slot;
        }
    }

    bool can_send() const { return free_count_ > 0; }
    /// @param frame  checked; not without can_send()
    void send(nic::Frame const& frame)
    {
        u16 const slot = free_[--free_count_];
        id_[slot] = frame.id;
        memory_->header[slot] = header_of(frame.head);
        virtio::Descriptor* const table = memory_->table[slot];
        u32 const last = frame.count;
        for (u32 i = 1; i < last; ++i)
            table[i] = {frame.piece[i - 1].dma, frame.piece[i - 1].bytes, virtio::descriptor::next,
                        static_cast<u16>(i + 1)};
        table[last] = {frame.piece[last - 1].dma, frame.piece[last - 1].bytes, 0, 0};
        queue_.descriptor(slot).bytes = static_cast<u32>((1 + last) * sizeof table[0]);
        queue_.put(slot, any_length);
        ++frames_;
        bytes_ += frame.bytes;
    }
    /// The id of a frame that has been sent; false: none. @error corrupt  the device lies
    Result<bool> take(u32& id)
    {
        virtio::Completed done{};
        if (!TRY(queue_.take(done))) return false;
        id = id_[done.head];
        free_[free_count_++] = done.head;
        ++done_;
        return true;
    }
    bool publish() { return queue_.publish(); }

    /// Before waiting: true when nothing has ended that is asked for and the device will interrupt
    /// for it. `sending`: frames wait for room, which is worth an interrupt when half is free.
    bool sleep(bool sending)
    {
        if (event_index_)
            return queue_.sleep(sending ? static_cast<u16>(queue_.in_flight() / 2) : unreported);
        if (sending) return queue_.sleep();
        queue_.quiet();
        return true;
    }

    /// Handed to the device, and of them taken back.
    u64 frames() const { return frames_; }
    u64 bytes() const { return bytes_; }
    u64 done() const { return done_; }

private:
    static Header header_of(nic::Segment const& head)
    {
        if (!(head.flags & nic::segment::checksum)) return {};
        bool const cut = head.flags & (nic::segment::segment4 | nic::segment::segment6);
        u8 const kind = !cut                                  ? segmentation::none
                        : head.flags & nic::segment::segment4 ? segmentation::tcp4
                                                              : segmentation::tcp6;
        return {.flags = needs_checksum,
                .segmentation = kind,
                .header_bytes = cut ? head.header_bytes : u16{0},
                .segment_bytes = cut ? head.segment_bytes : u16{0},
                .checksum_start = head.checksum_start,
                .checksum_offset = head.checksum_offset,
                .buffers = 0};
    }
};

} // namespace virtio_net

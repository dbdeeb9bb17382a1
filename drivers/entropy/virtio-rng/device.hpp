// A virtio entropy device: one buffer at a time, cut into records for the ring of the one client.
// [VIRTIO 1.2, "Entropy Device"]
#pragma once

#include "driver/memory.hpp"
#include "protocol/entropy.hpp"
#include "virtio/device.hpp"

#include <cstring>

namespace virtio_rng {

inline constexpr u16 queue_size = 8;

/// What driver and device share.
struct Memory {
    virtio::QueueMemory<queue_size> queue;
    u8 bytes[512];
};

template <class Registers> class Device {
    virtio::Device<Registers> device_;
    virtio::Queue<queue_size> queue_;
    Registers doorbell_{};
    Memory* memory_ = nullptr;
    u64 bytes_at_ = 0;          // DMA address of Memory::bytes
    u32 taken_ = 0, there_ = 0; // of memory_->bytes: passed on, written by the device
    entropy::RawBytes record_{};
    u32 filled_ = 0; // of record_

public:
    using Ring = decltype(entropy::RandomShared::bytes);

    /// @param buffer  zeroed; at least a Memory
    /// @error no_memory  the buffer is too small; else as virtio::Device
    Result<void> start(virtio::Places const& places, driver::DmaBuffer buffer)
    {
        auto const piece = TRY(buffer.take(sizeof(Memory), 64));
        memory_ = piece.template array<Memory>().data();
        bytes_at_ = piece.physical() + offsetof(Memory, bytes);
        device_ = virtio::Device<Registers>{places};
        TRY(device_.negotiate(0, 0));
        doorbell_ = TRY(device_.template attach_queue<queue_size>(0, piece.physical()));
        queue_ = {&memory_->queue, false};
        device_.start();
        return {};
    }
    void clear_interrupt() const { device_.clear_interrupt(); }

    /// Passes on what there is and asks the device for more, until the ring is full or the device
    /// has to be waited for. @error corrupt  the device lies
    Result<void> run(queue::Sender<Ring>& ring)
    {
        for (;;) {
            if (!pass_on(ring)) {
                if (ring.sleep_if_full()) return {};
                continue;
            }
            if (queue_.in_flight() == 0) ask();
            virtio::Completed done{};
            if (!TRY(queue_.take(done))) return {};
            taken_ = 0, there_ = done.bytes;
        }
    }

private:
    /// False when the ring is full before everything is passed on.
    bool pass_on(queue::Sender<Ring>& ring)
    {
        while (taken_ < there_) {
            if (filled_ == 0 && ring.space() == 0) return false;
            record_.data[filled_++] = memory_->bytes[taken_++];
            if (filled_ == sizeof record_.data) filled_ = 0, ring.push(record_);
        }
        return ring.space() > 0;
    }
    void ask()
    {
        std::memset(memory_->bytes, 0, sizeof memory_->bytes); // nobody else is to know them
        there_ = taken_ = 0;
        queue_.descriptor(0) = {bytes_at_, sizeof memory_->bytes, virtio::descriptor::write, 0};
        queue_.put(0, sizeof memory_->bytes);
        if (queue_.publish()) device_.ring(doorbell_, 0);
    }
};

} // namespace virtio_rng

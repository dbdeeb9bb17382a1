// A virtio block device: requests into its queue and back. A request is a slot: its header, status
// and table of three descriptors lie at the slot's place, prepared once, so that a request costs a
// few stores. What was asked is kept privately; of the device nothing is believed but the status
// byte of a slot that the queue's ledger knows to be in flight.
#pragma once

#include "driver/memory.hpp"
#include "protocol/block.hpp"
#include "regs.hpp"
#include "virtio/device.hpp"

namespace virtio_blk {

inline constexpr u16 slots = 64;

/// What driver and device share.
struct Memory {
    virtio::QueueMemory<slots> queue;
    virtio::Descriptor table[slots][3]; ///< header, data, status
    Header header[slots];
    u8 status[slots];
    char serial[serial_bytes];
};

struct Geometry {
    u64 sectors;
    u32 block_bytes;
    bool read_only, has_flush;
};

/// Whose a request is.
struct Owner {
    u32 client; ///< `identity`: our own
    u64 id;
};
inline constexpr u32 identity = ~u32{0};

struct Finished {
    Owner owner;
    block::Status status;
};

template <class Registers> class Disk {
    virtio::Device<Registers> device_;
    virtio::Queue<slots> queue_;
    Registers doorbell_{};
    Memory* memory_ = nullptr;
    u64 physical_ = 0, features_ = 0;
    u8 generation_ = 0;
    u16 free_count_ = 0;
    u16 free_[slots] = {};
    struct Asked {
        Owner owner;
        u32 device_writes; ///< bytes; the status byte is one of them
    } asked_[slots] = {};

public:
    /// Resets and starts the device. @param buffer  zeroed; at least a Memory
    /// @error no_memory  the buffer is too small; else as virtio::Device
    Result<void> start(virtio::Places const& places, driver::DmaBuffer buffer)
    {
        auto const piece = TRY(buffer.take(sizeof(Memory), 64));
        memory_ = piece.template array<Memory>().data();
        physical_ = piece.physical();
        device_ = virtio::Device<Registers>{places};
        features_ = TRY(device_.negotiate(virtio::feature::indirect_descriptors,
                                          virtio::feature::event_index | feature::read_only |
                                              feature::block_size | feature::flush));
        doorbell_ =
            TRY(device_.template attach_queue<slots>(0, physical_ + offsetof(Memory, queue)));
        queue_ = {&memory_->queue, (features_ & virtio::feature::event_index) != 0};
        for (u16 slot = 0; slot < slots; ++slot) prepare(slot);
        device_.start();
        return {};
    }

    /// @error busy  its configuration never stands still
    Result<Geometry> geometry()
    {
        generation_ = device_.config_generation();
        auto const read = [this](Registers const& config) {
            u32 const low = config.template read<config::CapacityLow>().raw;
            u32 const high = config.template read<config::CapacityHigh>().raw;
            u32 const size =
                has(feature::block_size) ? config.template read<config::BlockSize>().raw : 512;
            return Geometry{low | u64{high} << 32, size, has(feature::read_only),
                            has(feature::flush)};
        };
        return device_.config(read);
    }
    /// Whether geometry() may say something else than the last time.
    bool changed() const { return device_.config_generation() != generation_; }
    bool broken() const { return device_.broken(); }
    void clear_interrupt() const { device_.clear_interrupt(); }

    bool full() const { return free_count_ == 0; }

    /// Reads into or writes from DMA memory at `address`. Not when full(). The device begins after
    /// show().
    void transfer(Owner owner, bool write, u64 sector, u64 address, u32 bytes)
    {
        u16 const slot = free_[free_count_ - 1];
        u16 const direction = write ? 0 : virtio::descriptor::write;
        auto* const table = memory_->table[slot];
        table[0].next = 1;
        table[1] = {address, bytes, static_cast<u16>(virtio::descriptor::next | direction), 2};
        put(owner, write ? Type::out : Type::in, sector, write ? 1 : bytes + 1);
    }
    void flush(Owner owner)
    {
        memory_->table[free_[free_count_ - 1]][0].next = 2;
        put(owner, Type::flush, 0, 1);
    }
    /// Asks for the serial number; serial() has it when the request of owner `identity` is
    /// finished.
    void identify()
    {
        u16 const slot = free_[free_count_ - 1];
        memory_->table[slot][0].next = 1;
        memory_->table[slot][1] = {physical_ + offsetof(Memory, serial), serial_bytes,
                                   virtio::descriptor::next | virtio::descriptor::write, 2};
        put({identity, 0}, Type::get_id, 0, serial_bytes + 1);
    }
    std::span<char const, serial_bytes> serial() const { return memory_->serial; }

    /// Tells the device of everything new, once.
    void show()
    {
        if (queue_.publish()) device_.ring(doorbell_, 0);
    }

    /// Takes a finished request; false when there is none. @error corrupt  the device lies
    Result<bool> take(Finished& finished)
    {
        virtio::Completed done{};
        if (!TRY(queue_.take(done))) return false;
        auto const& asked = asked_[done.head];
        u8 const status = memory_->status[done.head]; // written before the used index
        bool const ok = status == status_ok && done.bytes == asked.device_writes;
        finished = {asked.owner, ok ? block::Status::ok : block::Status::io_error};
        free_[free_count_++] = done.head;
        return true;
    }
    /// Before waiting for the interrupt: true when there is nothing to take.
    bool sleep() { return queue_.sleep(); }

private:
    bool has(u64 feature) const { return features_ & feature; }

    void prepare(u16 slot)
    {
        u64 const table = physical_ + offsetof(Memory, table) + slot * sizeof memory_->table[0];
        u64 const header = physical_ + offsetof(Memory, header) + slot * sizeof(Header);
        u64 const status = physical_ + offsetof(Memory, status) + slot;
        queue_.descriptor(slot) = {table, sizeof memory_->table[0], virtio::descriptor::indirect,
                                   0};
        memory_->table[slot][0] = {header, sizeof(Header), virtio::descriptor::next, 1};
        memory_->table[slot][2] = {status, 1, virtio::descriptor::write, 0};
        free_[free_count_++] = slot;
    }
    void put(Owner owner, Type type, u64 sector, u32 device_writes)
    {
        u16 const slot = free_[--free_count_];
        memory_->header[slot] = {static_cast<u32>(type), 0, sector};
        memory_->status[slot] = status_pending;
        asked_[slot] = {owner, device_writes};
        queue_.put(slot, device_writes);
    }
};

} // namespace virtio_blk

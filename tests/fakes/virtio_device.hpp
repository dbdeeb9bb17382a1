// A virtio device in software: registers as a driver sees them, queues processed as a device does,
// DMA only to memory that the test lends. It can also misbehave: the used ring is open to the test.
// It reads the rings by the layout of the specification, not through the driver's structs.
#pragma once

#include "kit/types.hpp"
#include "virtio/device.hpp"
#include <functional>
#include <vector>

namespace fake {

/// A piece of a request as the device sees it.
struct Segment {
    u8* data;
    u32 bytes;
    bool writable;
};

class VirtioDevice {
public:
    static constexpr u64 base = 0x1'0000'0000, config_at = base + 0x2000, notify_at = base + 0x3000;
    static constexpr u16 queues = 3;

    /// One at a time: FakeRegisters find it by themselves.
    VirtioDevice();
    ~VirtioDevice();
    VirtioDevice(VirtioDevice const&) = delete;

    u64 features = virtio::feature::version_1 | virtio::feature::indirect_descriptors |
                   virtio::feature::event_index;
    u16 max_queue_size = 256;
    bool refuses_features = false, stays_in_reset = false, has_messages = true;
    std::vector<u8> config = std::vector<u8>(64);
    u8 status = 0, generation = 0;
    u64 accepted = 0;
    u32 resets = 0, doorbells = 0, interrupts = 0, interrupts_cleared = 0;
    /// What the device does with a request: returns the bytes it wrote.
    std::function<u32(u16 queue, std::vector<Segment>&)> handle;

    virtio::Places places() const;
    /// Lends memory for DMA.
    void lend(void* memory, u64 physical, u64 bytes);
    /// The memory behind a DMA address; fails the test when it was not lent.
    u8* reach(u64 physical, u64 bytes);

    /// Does up to `limit` requests of a queue; returns how many there were.
    u32 process(u16 queue, u32 limit = ~0u);
    /// The heads of requests the driver has shown and the device has not looked at.
    u16 waiting(u16 queue);
    /// Puts an entry into the used ring, true or not, and interrupts if the driver wants it.
    void complete(u16 queue, u32 head, u32 bytes);
    /// Moves the used index without an entry.
    void claim(u16 queue, u16 entries);
    /// The next request's head, taken but not done, and its segments.
    u16 fetch(u16 queue, std::vector<Segment>& segments);

    u64 read(u64 address, u32 width);
    void write(u64 address, u64 value, u32 width);

private:
    struct Queue {
        u16 size = 0, vector = 0xffff, enabled = 0, seen = 0, used = 0;
        u64 descriptors = 0, available = 0, used_ring = 0;
    };
    struct Lent {
        u8* memory;
        u64 physical, bytes;
    };
    u64 register_at(u64 offset);
    void set_register(u64 offset, u64 value);
    void reset();
    template <class T> T& word(u64 physical);
    void walk(u64 table, u32 entries, u16 first, std::vector<Segment>& segments);

    Queue queue_[queues];
    std::vector<Lent> lent_;
    u32 device_select_ = 0, driver_select_ = 0;
    u16 selected_ = 0, config_vector_ = 0xffff;
};

/// Takes the place of hw::Mmio.
class FakeRegisters {
    u64 base_ = 0;

public:
    FakeRegisters() = default;
    explicit FakeRegisters(void volatile* base) : base_{reinterpret_cast<u64>(base)} {}
    template <class R> hw::Value<R> read() const
    {
        return {static_cast<typename R::Word>(access(R::offset, sizeof(typename R::Word)))};
    }
    template <class R> void write(hw::Value<R> value) const
    {
        store(R::offset, value.raw, sizeof(typename R::Word));
    }

private:
    u64 access(u64 offset, u32 width) const;
    void store(u64 offset, u64 value, u32 width) const;
};

} // namespace fake

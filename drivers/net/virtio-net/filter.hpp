// Which frames the device lets through: nic::Wanted, told over the control queue in three commands
// at a time, without waiting for their answers. Until all three are answered a change waits. What
// net wrote is copied once.
#pragma once

#include "protocol/nic.hpp"
#include "regs.hpp"
#include "virtio/device.hpp"

namespace virtio_net {

inline constexpr u16 commands = 3;

/// What driver and device share.
struct FilterMemory {
    virtio::QueueMemory<4> queue;
    alignas(16) virtio::Descriptor table[commands][3]; ///< command, data, answer
    Command command[commands];
    u8 promiscuous, all_multicast;
    u8 answer[commands];
    struct Addresses {
        u32 unicast_count, multicast_count; ///< no list of unicast addresses lies between them
        u8 multicast[nic::max_multicast][6];
    } addresses;
};

class Filter {
    virtio::Queue<4> queue_;
    FilterMemory* memory_ = nullptr;
    u32 shown_ = 0;
    bool has_shown_ = false;
    u32 refused_ = 0;

public:
    Filter() = default;
    /// @param memory    zeroed
    /// @param physical  its DMA address
    Filter(FilterMemory* memory, u64 physical, bool event_index)
        : queue_{&memory->queue, event_index}, memory_{memory}
    {
        auto const at = [&](void const* part) {
            return physical + static_cast<u64>(static_cast<u8 const*>(part) -
                                               reinterpret_cast<u8 const*>(memory));
        };
        constexpr Command kinds[commands] = {set_promiscuous, set_all_multicast, set_addresses};
        void const* const data[commands] = {&memory->promiscuous, &memory->all_multicast,
                                            &memory->addresses};
        for (u16 i = 0; i < commands; ++i) {
            auto* const table = memory->table[i];
            memory->command[i] = kinds[i];
            table[0] = {at(&memory->command[i]), sizeof(Command), virtio::descriptor::next, 1};
            table[1] = {at(data[i]), 1, virtio::descriptor::next, 2};
            table[2] = {at(&memory->answer[i]), 1, virtio::descriptor::write, 0};
            queue_.descriptor(i) = {at(table), sizeof memory->table[0],
                                    virtio::descriptor::indirect, 0};
        }
    }
    /// Whether there is a control queue that takes these commands.
    explicit operator bool() const { return memory_ != nullptr; }

    /// Takes note of answers, then tells the device of what is new. True: ring its doorbell.
    /// @error corrupt  the device lies
    Result<bool> update(nic::Wanted const& wanted)
    {
        virtio::Completed done{};
        while (TRY(queue_.take(done))) refused_ += memory_->answer[done.head] != answer_ok;
        if (queue_.in_flight() > 0) return false;
        u32 const sequence = wanted.sequence.load(std::memory_order_acquire);
        if (has_shown_ && sequence == shown_) return false;
        shown_ = sequence;
        has_shown_ = true;
        copy(wanted);
        for (u16 i = 0; i < commands; ++i) {
            memory_->answer[i] = answer_pending;
            queue_.put(i, 1);
        }
        return queue_.publish();
    }
    bool sleep() { return queue_.in_flight() == 0 || queue_.sleep(); }
    /// Commands that the device did not carry out.
    u32 refused() const { return refused_; }

private:
    /// More addresses than there is room for are all addresses.
    void copy(nic::Wanted const& wanted)
    {
        u32 const count = wanted.multicast_count.load(std::memory_order_relaxed);
        bool const many = count > nic::max_multicast;
        bool const all = many || wanted.all_multicast.load(std::memory_order_relaxed);
        memory_->promiscuous = wanted.promiscuous.load(std::memory_order_relaxed) != 0;
        memory_->all_multicast = all;
        auto& list = memory_->addresses;
        list.unicast_count = 0;
        list.multicast_count = many ? 0 : count;
        for (u32 i = 0; i < list.multicast_count; ++i)
            for (u32 byte = 0; byte < 6; ++byte)
                list.multicast[i][byte] = wanted.multicast[i][byte];
        memory_->table[2][1].bytes = 8 + 6 * (many ? 0 : count);
    }
};

} // namespace virtio_net

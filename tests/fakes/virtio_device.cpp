// See virtio_device.hpp. [VIRTIO 1.2, "Split Virtqueues", "Common configuration structure layout"]
#include "virtio_device.hpp"

#include <cstring>
#include <stdexcept>

namespace fake {

namespace {

VirtioDevice* current = nullptr;

constexpr u16 flag_next = 1, flag_write = 2, flag_indirect = 4;

/// Whether a ring that went from `old` to `now` has passed `event`.
bool passed(u16 event, u16 now, u16 old)
{
    return static_cast<u16>(now - event - 1) < static_cast<u16>(now - old);
}

u64 with_half(u64 old, u64 value, bool high)
{
    return high ? (old & 0xffff'ffff) | value << 32 : (old & ~u64{0xffff'ffff}) | value;
}

} // namespace

VirtioDevice::VirtioDevice()
{
    current = this;
    reset();
}

VirtioDevice::~VirtioDevice()
{
    current = nullptr;
}

virtio::Places VirtioDevice::places() const
{
    return {base, notify_at, 4, notify_at + 0x1000, base + 0x1000, config_at, has_messages};
}

void VirtioDevice::lend(void* memory, u64 physical, u64 bytes)
{
    lent_.push_back({static_cast<u8*>(memory), physical, bytes});
}

u8* VirtioDevice::reach(u64 physical, u64 bytes)
{
    for (auto const& it : lent_)
        if (physical >= it.physical && physical - it.physical <= it.bytes &&
            bytes <= it.bytes - (physical - it.physical))
            return it.memory + (physical - it.physical);
    throw std::runtime_error("DMA to memory that was not lent");
}

template <class T> T& VirtioDevice::word(u64 physical)
{
    return *reinterpret_cast<T*>(reach(physical, sizeof(T)));
}

void VirtioDevice::reset()
{
    for (auto& queue : queue_) queue = {};
    for (auto& queue : queue_) queue.size = max_queue_size;
    status = 0;
    accepted = 0;
    config_vector_ = 0xffff;
    ++resets;
}

u64 VirtioDevice::register_at(u64 offset)
{
    Queue const& queue = queue_[selected_ % queues];
    switch (offset) {
    case 0x04:
        return device_select_ < 2 ? features >> 32 * device_select_ & 0xffff'ffff : 0;
    case 0x10:
        return config_vector_;
    case 0x12:
        return queues;
    case 0x14:
        return stays_in_reset ? 0x80 : status;
    case 0x15:
        return generation;
    case 0x18:
        return selected_ < queues ? queue.size : 0;
    case 0x1a:
        return queue.vector;
    case 0x1c:
        return queue.enabled;
    case 0x1e:
        return selected_;
    default:
        throw std::runtime_error("a driver has no business reading this register");
    }
}

void VirtioDevice::set_register(u64 offset, u64 value)
{
    Queue& queue = queue_[selected_ % queues];
    auto const small = static_cast<u16>(value);
    switch (offset) {
    case 0x00:
        device_select_ = static_cast<u32>(value);
        break;
    case 0x08:
        driver_select_ = static_cast<u32>(value);
        break;
    case 0x0c:
        accepted = with_half(accepted, value, driver_select_ == 1);
        break;
    case 0x10:
        config_vector_ = small;
        break;
    case 0x14:
        if (value == 0) reset();
        status = static_cast<u8>(refuses_features ? value & ~u64{8} : value);
        break;
    case 0x16:
        selected_ = small;
        break;
    case 0x18:
        queue.size = small;
        break;
    case 0x1a:
        queue.vector = has_messages ? small : u16{0xffff};
        break;
    case 0x1c:
        queue.enabled = small;
        break;
    case 0x20:
    case 0x24:
        queue.descriptors = with_half(queue.descriptors, value, offset == 0x24);
        break;
    case 0x28:
    case 0x2c:
        queue.available = with_half(queue.available, value, offset == 0x2c);
        break;
    case 0x30:
    case 0x34:
        queue.used_ring = with_half(queue.used_ring, value, offset == 0x34);
        break;
    default:
        throw std::runtime_error("a driver has no business writing this register");
    }
}

u64 VirtioDevice::read(u64 address, u32 width)
{
    if (address == base + 0x1000) return ++interrupts_cleared; // interrupt status
    if (address >= config_at && address + width <= config_at + config.size()) {
        u64 value = 0;
        std::memcpy(&value, &config[address - config_at], width);
        return value;
    }
    return register_at(address - base);
}

void VirtioDevice::write(u64 address, u64 value, u32)
{
    if (address >= notify_at && address < notify_at + 4 * queues) {
        if (value != (address - notify_at) / 4) throw std::runtime_error("another queue's bell");
        ++doorbells;
        return;
    }
    set_register(address - base, value);
}

void VirtioDevice::walk(u64 table, u32 entries, u16 first, std::vector<Segment>& segments)
{
    for (u32 steps = 0, index = first;; ++steps) {
        if (index >= entries || steps >= entries) throw std::runtime_error("a chain without end");
        u64 const at = table + 16 * index;
        u64 const address = word<u64>(at);
        u32 const bytes = word<u32>(at + 8);
        u16 const flags = word<u16>(at + 12);
        if (flags & flag_indirect) {
            if (!(accepted & virtio::feature::indirect_descriptors) || bytes % 16 != 0)
                throw std::runtime_error("an indirect table that may not be");
            walk(address, bytes / 16, 0, segments);
        } else {
            segments.push_back({reach(address, bytes), bytes, (flags & flag_write) != 0});
        }
        if (!(flags & flag_next)) return;
        index = word<u16>(at + 14);
    }
}

u16 VirtioDevice::waiting(u16 number)
{
    Queue const& queue = queue_[number];
    if (!(status & virtio::status::driver_ok) || !queue.enabled) return 0;
    auto const shown = word<u16>(queue.available + 2);
    auto const count = static_cast<u16>(shown - queue.seen);
    if (count > queue.size) throw std::runtime_error("more requests than the queue is long");
    return count;
}

u16 VirtioDevice::fetch(u16 number, std::vector<Segment>& segments)
{
    Queue& queue = queue_[number];
    if (waiting(number) == 0) throw std::runtime_error("there is no request");
    u16 const head = word<u16>(queue.available + 4 + 2 * (queue.seen++ % queue.size));
    walk(queue.descriptors, queue.size, head, segments);
    if (accepted & virtio::feature::event_index)
        word<u16>(queue.used_ring + 4 + 8 * queue.size) = queue.seen;
    return head;
}

void VirtioDevice::complete(u16 number, u32 head, u32 bytes)
{
    Queue const& queue = queue_[number];
    u64 const entry = queue.used_ring + 4 + 8 * (queue.used % queue.size);
    word<u32>(entry) = head;
    word<u32>(entry + 4) = bytes;
    claim(number, 1);
}

void VirtioDevice::claim(u16 number, u16 entries)
{
    Queue& queue = queue_[number];
    u16 const before = queue.used;
    queue.used = static_cast<u16>(queue.used + entries);
    word<u16>(queue.used_ring + 2) = queue.used;
    if (has_messages && queue.vector == 0xffff) return;
    if (accepted & virtio::feature::event_index)
        interrupts += passed(word<u16>(queue.available + 4 + 2 * queue.size), queue.used, before);
    else
        interrupts += !(word<u16>(queue.available) & 1);
}

u32 VirtioDevice::process(u16 number, u32 limit)
{
    u32 done = 0;
    for (; done < limit && waiting(number) > 0; ++done) {
        std::vector<Segment> segments;
        u16 const head = fetch(number, segments);
        complete(number, head, handle(number, segments));
    }
    return done;
}

u64 FakeRegisters::access(u64 offset, u32 width) const
{
    return current->read(base_ + offset, width);
}

void FakeRegisters::store(u64 offset, u64 value, u32 width) const
{
    current->write(base_ + offset, value, width);
}

} // namespace fake

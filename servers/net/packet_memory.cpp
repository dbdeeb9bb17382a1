#include "servers/net/packet_memory.hpp"

namespace net_server {

constinit PacketMemory packet_memory;

void PacketMemory::begin(u8* pool, u64 bytes)
{
    heap_.begin(pool, bytes);
    for (Spares& each : spares_) each.count = 0;
    spare_bytes_ = 0;
    for (Place& each : place_) {
        each.pbuf.custom_free_function = on_free;
        each.owner = nobody;
    }
}

void* PacketMemory::allocate(usize bytes)
{
    void* const memory = heap_.allocate(bytes);
    if (memory != nullptr || spare_bytes_ == 0) return memory;
    free_spares();
    return heap_.allocate(bytes);
}

u8* PacketMemory::take_buffer(u32 bytes, u8 owner)
{
    if (bytes_free() < reserve) return nullptr;
    u8* const memory = take_memory(bytes);
    if (memory == nullptr) return nullptr;
    Place& place = place_of(heap_.offset_of(memory));
    place.owner = owner;
    place.large = bytes > place_bytes;
    return memory;
}

u8* PacketMemory::take_memory(u32 bytes)
{
    Spares& spares = spares_[bytes > place_bytes];
    if (spares.count == 0) return static_cast<u8*>(allocate(bytes));
    spare_bytes_ -= bytes;
    return heap_.at(u64{spares.place[--spares.count]} * place_bytes);
}

void PacketMemory::free_buffer(u64 offset)
{
    Place const& place = place_of(offset);
    Spares& spares = spares_[place.large];
    if (spares.count == Spares::most) return heap_.free(heap_.at(offset));
    spares.place[spares.count++] = static_cast<u16>(offset / place_bytes);
    spare_bytes_ += size_of(place);
}

void PacketMemory::free_spares()
{
    for (Spares& each : spares_)
        while (each.count > 0) heap_.free(heap_.at(u64{each.place[--each.count]} * place_bytes));
    spare_bytes_ = 0;
}

bool PacketMemory::give_back(u64 offset, u32 bytes, u8 owner)
{
    if (offset >= heap_.bytes() || offset % bytes != 0 || place_of(offset).owner != owner)
        return false;
    place_of(offset).owner = nobody;
    return true;
}

void PacketMemory::free_all(u8 owner)
{
    for (u32 i = 0; i < max_places; ++i) {
        if (place_[i].owner != owner) continue;
        place_[i].owner = nobody;
        free_buffer(u64{i} * place_bytes);
    }
}

pbuf* PacketMemory::wrap(u64 offset, u16 skip, u16 bytes)
{
    return pbuf_alloced_custom(PBUF_RAW, bytes, PBUF_REF, &place_of(offset).pbuf,
                               heap_.at(offset) + skip, bytes);
}

void PacketMemory::on_free(pbuf* packet)
{
    auto const* const place = reinterpret_cast<Place const*>(packet);
    auto const index = static_cast<u64>(place - packet_memory.place_);
    packet_memory.free_buffer(index * place_bytes);
}

} // namespace net_server

extern "C" {

void* lwip_port_allocate(size_t bytes)
{
    return net_server::packet_memory.allocate(bytes);
}
void* lwip_port_allocate_cleared(size_t count, size_t bytes)
{
    // lwIP clears DHCP's state and the like with it: some hundred bytes.
    void* const memory = lwip_port_allocate(count * bytes);
    if (memory != nullptr) __builtin_memset(memory, 0, count * bytes);
    return memory;
}
void lwip_port_free(void* memory)
{
    net_server::packet_memory.heap().free(memory);
}

} // extern "C"

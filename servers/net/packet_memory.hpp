// The pool, as lwIP and the interfaces see it: one heap for packets that are built here and for
// buffers to receive into, and for each place that can be such a buffer, who has it and the pbuf it
// becomes. All of that is net's own memory: what a driver or a device says is compared with it.
#pragma once

#include "lwip/pbuf.h"
#include "servers/net/heap.hpp"

namespace net_server {

class PacketMemory {
public:
    static constexpr u32 place_bytes = 2048, max_places = Heap::max_pages * 2;
    /// Receive buffers leave at least this much of the pool to what is sent.
    static constexpr u64 reserve = 1 << 20;
    static constexpr u8 nobody = 0; ///< owners are numbers of interfaces + 1

    void begin(u8* pool, u64 bytes);
    Heap& heap() { return heap_; }

    /// Memory for a packet that is built here; null: there is none. Given back to heap().
    void* allocate(usize bytes);

    /// A buffer of 2,048 or 4,096 bytes for the driver of `owner`; null: memory is short. Mostly
    /// the one that became free last.
    u8* take_buffer(u32 bytes, u8 owner);
    /// Whether a driver was given this place and has it still; if so it is net's again.
    bool give_back(u64 offset, u32 bytes, u8 owner);
    /// Everything that the driver of `owner` had is free: it is gone, and its device quiet.
    void free_all(u8 owner);
    void free_buffer(u64 offset);
    /// Free buffers that are kept for the next count as free.
    u64 bytes_free() const { return heap_.bytes_free() + spare_bytes_; }
    u64 bytes_used() const { return heap_.bytes_used() - spare_bytes_; }

    /// The pbuf of a buffer that has come back; its memory is freed with it.
    pbuf* wrap(u64 offset, u16 skip, u16 bytes);

private:
    struct Place {
        pbuf_custom pbuf;
        u8 owner;
        bool large; ///< 4,096 bytes
    };
    /// Free buffers of one size: taking them from the heap and giving them back costs hundreds of
    /// instructions, this a few.
    struct Spares {
        static constexpr u32 most = 256;
        u32 count;
        u16 place[most];
    };
    static u32 size_of(Place const& place) { return place.large ? 2 * place_bytes : place_bytes; }
    u8* take_memory(u32 bytes);
    void free_spares();
    static void on_free(pbuf* packet);
    Place& place_of(u64 offset) { return place_[offset / place_bytes]; }

    Heap heap_;
    Spares spares_[2] = {}; ///< of small ones, of large ones
    u64 spare_bytes_ = 0;
    Place place_[max_places] = {};
};

/// The server's one pool: lwIP's allocations have no argument that could name it.
extern PacketMemory packet_memory;

} // namespace net_server

// See large_segments.hpp.
#include "servers/net/large_segments.hpp"

#include "lwip/priv/tcp_priv.h"
#include "port.h"

namespace net_server {

namespace {

/// TCP payload of a segment at most: with headers it stays below 64 KiB.
constexpr u32 most = 60 << 10;

/// Of lwIP's segments, which all connections share, those that what is queued leaves: for SYN and
/// FIN of each connection, and for what is out of order.
constexpr u32 spared = 2048;
constexpr u32 least_queue = 2; ///< segments that a connection may queue in any case
static_assert(spared + MEMP_NUM_TCP_PCB * least_queue < MEMP_NUM_TCP_SEG);

/// What the last segment of the queue has, or has memory for: lwIP adds to it.
u32 of_last(tcp_pcb const& pcb)
{
    tcp_seg const* last = pcb.unsent;
    if (last == nullptr) return 0;
    while (last->next != nullptr) last = last->next;
    return u32{last->len} + pcb.unsent_oversize;
}

/// While it exists, lwIP takes another MSS for the connection's.
class OtherMss {
    tcp_pcb& pcb_;
    u16 mss_;

public:
    OtherMss(tcp_pcb& pcb, u32 mss) : pcb_{pcb}, mss_{pcb.mss} { pcb.mss = static_cast<u16>(mss); }
    ~OtherMss() { pcb_.mss = mss_; }
    OtherMss(OtherMss const&) = delete;
    OtherMss& operator=(OtherMss const&) = delete;
};

} // namespace

u32 segment_bytes(tcp_pcb const& pcb)
{
    if (lwip_port_wire_mss(&pcb) == 0) return most / pcb.mss * pcb.mss; // lwIP cuts it itself
    u32 limit = pcb.cwnd / 2;
    if (pcb.snd_wnd_max / 2 < limit) limit = pcb.snd_wnd_max / 2;
    if (most < limit) limit = most;
    return limit < pcb.mss ? pcb.mss : limit / pcb.mss * pcb.mss;
}

u32 queue_room(tcp_pcb const& pcb)
{
    memp_desc const& pool = *memp_pools[MEMP_TCP_SEG];
    u32 const taken = static_cast<u32>(pool.stats->used) + spared;
    u32 limit = taken < pool.num ? (pool.num - taken) / 8 : 0;
    if (limit < least_queue) limit = least_queue;
    if (pcb.snd_queuelen >= limit) return 0;
    // As tcp_write() cuts: at half the largest window.
    u32 const half = pcb.snd_wnd_max / 2;
    u32 const size = lwip_port_wire_mss(&pcb) == 0 ? pcb.mss : segment_bytes(pcb);
    return (limit - pcb.snd_queuelen) * (half == 0 || size < half ? size : half);
}

void begin_large_segments(tcp_pcb& pcb)
{
    lwip_port_set_wire_mss(&pcb, pcb.mss);
}

err_t write_segments(tcp_pcb& pcb, void const* data, u16 bytes, u8 flags)
{
    u8 const all = flags | TCP_WRITE_FLAG_COPY;
    if (lwip_port_wire_mss(&pcb) == 0) return tcp_write(&pcb, data, bytes, all);
    u32 const size = segment_bytes(pcb), last = of_last(pcb);
    OtherMss const other{pcb, size < last ? last : size};
    return tcp_write(&pcb, data, bytes, all);
}

} // namespace net_server

/// Called by tcp_output before it looks whether the first unsent segment fits into the window. When
/// no acknowledgment is to come that would make it fit - nothing is under way, or it is the first
/// that the peer misses - it is split at the last MSS that the window admits.
extern "C" void lwip_port_fit_segment(tcp_pcb* pcb, u32_t window)
{
    tcp_seg const* const segment = pcb->unsent;
    if (segment == nullptr || lwip_port_wire_mss(pcb) == 0 || segment->len <= pcb->mss) return;
    // Negative where the peer has the segment's beginning already.
    auto const offset = static_cast<i32>(lwip_ntohl(segment->tcphdr->seqno) - pcb->lastack);
    i64 const room = i64{window} - offset;
    if (room >= segment->len || room < pcb->mss) return;
    if (pcb->unacked != nullptr && offset > 0) return;
    // Its memory may be under way to the device: then its end comes first.
    if (segment->p->ref != 1) return;
    auto const split = static_cast<u32>(room) / pcb->mss * pcb->mss;
    net_server::OtherMss const other{*pcb, segment->len};
    static_cast<void>(tcp_split_unsent_seg(pcb, static_cast<u16_t>(split)));
}

// TCP segments larger than a frame, for interfaces that cut them (sysroot/ports/lwip/port.h). lwIP
// counts everything in the peer's MSS, congestion control too; only while data is queued does it
// see a larger one, a multiple of that and never more than half the congestion window. A segment
// that the window does not admit any more, after a loss, is split where the window ends
// (lwip_port_fit_segment, called by tcp_output before each segment).
#pragma once

#include "kit/types.hpp"
#include "lwip/tcp.h"

namespace net_server {

/// For a connection that has just been established: the interface cuts segments.
void begin_large_segments(tcp_pcb& pcb);

/// Payload of the segments that are made now, a multiple of the peer's MSS; what is queued at a
/// time should be that much, or all there is.
u32 segment_bytes(tcp_pcb const& pcb);

/// Bytes that may be queued now so that the connection holds no more than its share of lwIP's
/// segments: an eighth of those that are free beyond a reserve, so that however many connections
/// hold theirs, there are some for the next one; two in any case. 0: when the peer has taken some.
u32 queue_room(tcp_pcb const& pcb);

/// As tcp_write with TCP_WRITE_FLAG_COPY: the one copy of data that is sent.
/// @param bytes  at most 65,535
err_t write_segments(tcp_pcb& pcb, void const* data, u16 bytes, u8 flags);

} // namespace net_server

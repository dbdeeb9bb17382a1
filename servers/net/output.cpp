// Frames of lwIP to the driver: what the device can do is left to it.
#include "kit/copy.hpp"
#include "port.h"
#include "servers/net/frame_header.hpp"
#include "servers/net/interface.hpp"
#include "servers/net/packet_memory.hpp"

namespace net_server {

namespace {

constexpr u16 checksum_offset = 16; ///< of TCP, in its header

/// Whether a device can read the frame where it lies.
bool is_in_pool(pbuf const* frame)
{
    u32 pieces = 0;
    for (; frame != nullptr; frame = frame->next) {
        if (frame->len == 0) continue;
        if (++pieces > nic::max_segments) return false;
        if (!packet_memory.heap().holds(frame->payload, frame->len)) return false;
    }
    return true;
}

/// Makes a frame of its own from a part of a large segment: its headers, with what differs in it.
void write_headers(u8* to, u8 const* from, TcpFrame const& at, u32 number, u32 bytes, u32 done,
                   bool last)
{
    constexpr u8 fin_and_push = 0x09;
    kit::copy(to, from, at.header);
    u8* const ip = to + TcpFrame::ethernet_bytes;
    u32 const ip_bytes = at.header - TcpFrame::ethernet_bytes + bytes;
    if (at.six) {
        write_word(ip + 4, ip_bytes - 40);
    } else {
        write_word(ip + 2, ip_bytes);
        write_word(ip + 4, u32{read_word(ip + 4)} + number);
        write_word(ip + 10, 0);
        u16 const sum = static_cast<u16>(
            ~kit::internet_sum(ip, static_cast<usize>(at.tcp - TcpFrame::ethernet_bytes)));
        __builtin_memcpy(ip + 10, &sum, sizeof sum);
    }
    u8* const tcp = to + at.tcp;
    u32 sequence;
    __builtin_memcpy(&sequence, tcp + 4, sizeof sequence);
    sequence = __builtin_bswap32(__builtin_bswap32(sequence) + done);
    __builtin_memcpy(tcp + 4, &sequence, sizeof sequence);
    if (!last) tcp[13] = static_cast<u8>(tcp[13] & ~fin_and_push);
    tcp[checksum_offset] = tcp[checksum_offset + 1] = 0;
}

/// TCP's sum by software, of a frame in one piece.
void sum_tcp(u8* frame, TcpFrame const& at, u32 bytes)
{
    u32 const length = bytes - at.tcp;
    u16 const sum = static_cast<u16>(~kit::fold_sum(u64{at.pseudo_sum(frame, length)} +
                                                    kit::internet_sum(frame + at.tcp, length)));
    __builtin_memcpy(frame + at.tcp + checksum_offset, &sum, sizeof sum);
}

} // namespace

/// lwIP's linkoutput: the frame is the caller's again when this returns, but for the reference.
err_t Interface::output(pbuf* frame)
{
    u16 const segment = lwip_port_segment(frame);
    bool const large = frame->tot_len > mtu_ + TcpFrame::ethernet_bytes;
    if (large && segment == 0) return ERR_BUF; // IP cuts what is larger: never
    if (large) {
        auto const at = TcpFrame::of(static_cast<u8 const*>(frame->payload), frame->len);
        if (!at.found) return ERR_BUF;
        if (!cuts(at.six)) return cut(frame, segment);
    }
    if (is_in_pool(frame)) return send(frame, nullptr);
    pbuf* const copy = pbuf_clone(PBUF_RAW, PBUF_RAM, frame);
    if (copy == nullptr) return ERR_MEM;
    if (segment > 0) {
        copy->segment_bytes = segment;
        copy->flags |= LWIP_PORT_PBUF_SEGMENT;
    }
    return send(copy, copy);
}

/// @param owned  freed here
err_t Interface::send(pbuf* frame, pbuf* owned)
{
    Offload how;
    offload(frame, how);
    bool const taken = transmit_.send(frame, how);
    if (owned != nullptr) pbuf_free(owned);
    return taken ? ERR_OK : ERR_MEM;
}

void Interface::offload(pbuf* frame, Offload& out) const
{
    if (!(features_ & nic::feature::checksum)) return; // lwIP has summed
    auto* const data = static_cast<u8*>(frame->payload);
    auto const at = TcpFrame::of(data, frame->len);
    if (!at.found) return;
    bool const large = frame->tot_len > mtu_ + TcpFrame::ethernet_bytes;
    out.flags = nic::segment::checksum;
    out.checksum_start = at.tcp;
    out.checksum_offset = checksum_offset;
    u32 length = frame->tot_len - u32{at.tcp};
    if (large) {
        out.flags |= at.six ? nic::segment::segment6 : nic::segment::segment4;
        out.header_bytes = at.header;
        // The MSS is without options, and what is cut has them in every piece. [RFC 6691]
        out.segment_bytes = static_cast<u16>(lwip_port_segment(frame) - (at.header - at.tcp - 20));
        if (features_ & nic::feature::completes_sums) {
            length = 0;
            if (!at.six) write_word(data + TcpFrame::ethernet_bytes + 10, 0);
        }
    }
    u16 const sum = at.pseudo_sum(data, length);
    __builtin_memcpy(data + at.tcp + checksum_offset, &sum, sizeof sum);
}

/// A device that does not cut: the pieces are copied here.
err_t Interface::cut(pbuf* frame, u16 segment)
{
    auto const* const header = static_cast<u8 const*>(frame->payload);
    auto const at = TcpFrame::of(header, frame->len);
    u32 const options = u32{at.header} - at.tcp - 20;
    if (segment <= options) return ERR_BUF;
    u32 const most = segment - options, all = frame->tot_len - u32{at.header};
    for (u32 done = 0, number = 0; done < all; ++number) {
        u32 const bytes = all - done < most ? all - done : most;
        pbuf* const piece = pbuf_alloc(PBUF_RAW, static_cast<u16>(at.header + bytes), PBUF_RAM);
        if (piece == nullptr) return ERR_MEM;
        auto* const data = static_cast<u8*>(piece->payload);
        write_headers(data, header, at, number, bytes, done, done + bytes == all);
        pbuf_copy_partial(frame, data + at.header, static_cast<u16>(bytes),
                          static_cast<u16>(at.header + done));
        if (!(features_ & nic::feature::checksum)) sum_tcp(data, at, at.header + bytes);
        if (err_t const error = send(piece, piece); error != ERR_OK) return error;
        done += bytes;
    }
    return ERR_OK;
}

} // namespace net_server

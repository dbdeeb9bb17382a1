// See merge.hpp.
#include "servers/net/merge.hpp"

#include "servers/net/frame_header.hpp"

namespace net_server {

namespace {

constexpr u16 type_ip4 = 0x0800, type_ip6 = 0x86dd;
constexpr u8 protocol_tcp = 6, ack = 0x10, push = 0x08;
constexpr u32 header4 = 20, header6 = 40, tcp_header = 20;

template <class T> T raw(u8 const* at)
{
    T value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
}

/// Bytes of the IP header when it is a plain one of TCP's, and in `all` those of the packet; 0:
/// not. [RFC 791, "3.1. Internet Header Format"; RFC 8200, "3. IPv6 Header Format"]
u32 plain_header(u8 const* ip, u32& all)
{
    u16 const type = read_word(ip - 2);
    if (type == type_ip4) {
        all = read_word(ip + 2);
        bool const fragment = (read_word(ip + 6) & 0x3fff) != 0;
        return ip[0] == 0x45 && ip[9] == protocol_tcp && !fragment ? header4 : 0;
    }
    all = header6 + read_word(ip + 4);
    return type == type_ip6 && ip[0] >> 4 == 6 && ip[6] == protocol_tcp ? header6 : 0;
}

/// Whether traffic class and addresses are the same.
bool same_path(u8 const* a, u8 const* b, bool six)
{
    if (!six) return a[1] == b[1] && raw<u64>(a + 12) == raw<u64>(b + 12);
    return raw<u32>(a) == raw<u32>(b) && __builtin_memcmp(a + 8, b + 8, 32) == 0;
}

u32 sequence_of(u8 const* tcp)
{
    return __builtin_bswap32(raw<u32>(tcp + 4));
}

} // namespace

Merger::Segment Merger::of(ReceivedFrame const& frame)
{
    pbuf const& packet = *frame.packet;
    auto* const ip = static_cast<u8*>(packet.payload);
    if (packet.next != nullptr || packet.len < header6 + tcp_header) return {};
    u32 all = 0;
    u32 const header = plain_header(ip, all);
    u8* const tcp = ip + header;
    bool const plain = header != 0 && tcp[12] == 0x50 && (tcp[13] & ~push) == ack;
    if (!plain || all > packet.len || all <= header + tcp_header) return {};
    Segment const it{ip, tcp, header + tcp_header, all - header - tcp_header};
    return has_good_sums(frame, it) ? it : Segment{};
}

bool Merger::has_good_sums(ReceivedFrame const& frame, Segment const& it)
{
    bool const six = it.headers == header6 + tcp_header;
    constexpr u16 good = 0xffff;
    if (!six && !frame.ip_sum_good && kit::internet_sum(it.ip, header4) != good) return false;
    if (frame.sums_good) return true;
    u32 const bytes = tcp_header + it.bytes; // less than 64 KiB
    u64 const addresses = six ? kit::internet_sum(it.ip + 8, 32) : kit::internet_sum(it.ip + 12, 8);
    return kit::fold_sum(addresses + __builtin_bswap16(protocol_tcp) +
                         __builtin_bswap16(static_cast<u16>(bytes)) +
                         kit::internet_sum(it.tcp, bytes)) == good;
}

bool Merger::goes_on(Segment const& next) const
{
    bool const six = head_.headers == header6 + tcp_header;
    return next.headers == head_.headers && head_.headers + head_.bytes + next.bytes <= 0xffff &&
           sequence_of(next.tcp) == next_sequence_ &&
           raw<u32>(next.tcp) == raw<u32>(head_.tcp) &&           // ports
           raw<u32>(next.tcp + 8) == raw<u32>(head_.tcp + 8) &&   // acknowledgment
           raw<u16>(next.tcp + 14) == raw<u16>(head_.tcp + 14) && // window
           same_path(next.ip, head_.ip, six);
}

bool Merger::take(ReceivedFrame const& frame, ReceivedFrame& done)
{
    Segment const segment = of(frame);
    bool const plain = segment.tcp != nullptr;
    if (plain && first_.packet != nullptr && goes_on(segment)) {
        append(frame.packet, segment);
        done = {};
        return true;
    }
    done = give();
    if (plain) begin(frame, segment);
    return plain;
}

void Merger::begin(ReceivedFrame const& frame, Segment const& segment)
{
    first_ = {frame.packet, true, true};
    last_ = frame.packet;
    head_ = segment;
    next_sequence_ = sequence_of(segment.tcp) + segment.bytes;
    last_->len = last_->tot_len = static_cast<u16>(segment.headers + segment.bytes); // no padding
}

void Merger::append(pbuf* packet, Segment const& segment)
{
    head_.tcp[13] = static_cast<u8>(head_.tcp[13] | segment.tcp[13]);
    head_.bytes += segment.bytes;
    next_sequence_ += segment.bytes;
    packet->payload = segment.ip + segment.headers;
    packet->len = packet->tot_len = static_cast<u16>(segment.bytes);
    last_->next = packet;
    last_ = packet;
}

/// The IPv4 header's sum is not made anew: it has been checked of each.
void Merger::write_lengths()
{
    u32 left = head_.headers + head_.bytes;
    if (head_.headers == header4 + tcp_header)
        write_word(head_.ip + 2, left);
    else
        write_word(head_.ip + 4, left - header6);
    for (pbuf* each = first_.packet; each != nullptr; left -= each->len, each = each->next)
        each->tot_len = static_cast<u16>(left);
}

ReceivedFrame Merger::give()
{
    if (first_.packet != last_) write_lengths();
    last_ = nullptr;
    return std::exchange(first_, {});
}

} // namespace net_server

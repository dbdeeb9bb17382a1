// Frames by hand: ARP, DHCP discover, ICMP echo, one large TCP segment. Addresses are those of
// QEMU's user networking: we are 10.0.2.15, it is 10.0.2.2.
// [RFC 826, RFC 2131 "2. Protocol Summary", RFC 792 "Echo or Echo Reply Message", RFC 1071]
#pragma once

#include "kit/types.hpp"
#include <cstring>

namespace nic_test {

inline constexpr u32 our_ip = 0x0a00020f, their_ip = 0x0a000202;

/// Writes a frame from its start.
class Frame {
    u8* start_;
    u32 length_ = 0;

public:
    explicit Frame(u8* start) : start_{start} {}
    u32 bytes() const { return length_; }
    void put8(u32 v) { start_[length_++] = static_cast<u8>(v); }
    void put16(u32 v) { put8(v >> 8), put8(v); }
    void put32(u32 v) { put16(v >> 16), put16(v); }
    void put(u8 const* from, u32 count)
    {
        while (count-- > 0) put8(*from++);
    }
    void fill(u32 value, u32 count)
    {
        while (count-- > 0) put8(value);
    }
    void set16(u32 at, u32 v)
    {
        start_[at] = static_cast<u8>(v >> 8);
        start_[at + 1] = static_cast<u8>(v);
    }
    /// Not inverted. @param start  the sum so far
    u32 sum(u32 from, u32 to, u32 start = 0) const
    {
        u32 total = start;
        for (u32 i = from; i < to; i += 2)
            total += u32{start_[i]} << 8 | (i + 1 < to ? start_[i + 1] : 0);
        while (total >> 16) total = (total & 0xffff) + (total >> 16);
        return total;
    }
    void ethernet(u8 const* to, u8 const* from, u32 type) { put(to, 6), put(from, 6), put16(type); }
    /// For `payload` bytes of `protocol`.
    void ip(u32 protocol, u32 from, u32 to, u32 payload)
    {
        put16(0x4500), put16(20 + payload), put32(0x4000), put16(64 << 8 | protocol), put16(0);
        put32(from), put32(to);
        set16(24, ~sum(14, 34) & 0xffff);
    }
};

inline constexpr u8 everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/// The gateway of QEMU's user networking, which alone is sure to answer DHCP.
inline constexpr u8 user_networking[6] = {0x52, 0x55, 0x0a, 0x00, 0x02, 0x02};

inline u32 arp_request(u8* at, u8 const* own)
{
    Frame frame{at};
    frame.ethernet(everybody, own, 0x0806);
    frame.put32(0x00010800), frame.put16(0x0604), frame.put16(1);
    frame.put(own, 6), frame.put32(our_ip), frame.fill(0, 6), frame.put32(their_ip);
    frame.fill(0, 18);
    return frame.bytes();
}

inline constexpr u32 dhcp_transaction = 0x68797065;

inline u32 dhcp_discover(u8* at, u8 const* own)
{
    Frame frame{at};
    frame.ethernet(everybody, own, 0x0800);
    frame.ip(17, 0, 0xffff'ffff, 8 + 300);
    frame.put16(68), frame.put16(67), frame.put16(308), frame.put16(0); // no checksum
    frame.put32(0x01010600), frame.put32(dhcp_transaction), frame.fill(0, 20);
    frame.put(own, 6), frame.fill(0, 10 + 64 + 128);
    frame.put32(0x63825363), frame.put8(53), frame.put8(1), frame.put8(1), frame.put8(255);
    frame.fill(0, 56);
    return frame.bytes();
}

/// A frame of `bytes` bytes.
inline u32 echo_request(u8* at, u8 const* own, u8 const* their, u32 bytes)
{
    Frame frame{at};
    frame.ethernet(their, own, 0x0800);
    frame.ip(1, our_ip, their_ip, bytes - 34);
    frame.put32(0x08000000), frame.put32(0x00010001), frame.fill(0x5a, bytes - 42);
    frame.set16(36, ~frame.sum(34, bytes) & 0xffff);
    return frame.bytes();
}

/// TCP data of nobody's connection, to be cut into segments of `mss`: 54 bytes of headers, the sum
/// of the pseudo header in place of the checksum. @param open  nic::feature::completes_sums
inline u32 large_segment(u8* at, u8 const* own, u8 const* their, u32 bytes, bool open)
{
    Frame frame{at};
    u32 const payload = bytes - 34;
    frame.ethernet(their, own, 0x0800);
    frame.ip(6, our_ip, their_ip, payload);
    if (open) frame.set16(24, 0);
    frame.put16(4000), frame.put16(9), frame.put32(1), frame.put32(1);
    frame.put16(0x5010), frame.put16(1000);
    frame.put16(frame.sum(26, 34, 6 + (open ? 0 : payload))), frame.put16(0);
    frame.fill(0x5a, bytes - 54);
    return frame.bytes();
}

} // namespace nic_test

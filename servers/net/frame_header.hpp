// The headers of a frame of ours, as far as a device is told of them. Only frames that lwIP has
// built are read here. [RFC 791, RFC 8200, RFC 9293]
#pragma once

#include "kit/checksum.hpp"
#include "kit/types.hpp"

namespace net_server {

inline u16 read_word(u8 const* at)
{
    return static_cast<u16>(at[0] << 8 | at[1]);
}
inline void write_word(u8* at, u32 value)
{
    at[0] = static_cast<u8>(value >> 8);
    at[1] = static_cast<u8>(value);
}

/// Where TCP is in a frame; none: it is no TCP, or a fragment.
struct TcpFrame {
    static constexpr u16 ethernet_bytes = 14;
    bool found = false, six = false;
    u16 tcp = 0;    ///< of the TCP header, from the frame's start
    u16 header = 0; ///< bytes of all headers

    /// @param bytes  that lie in a row at `frame`
    static TcpFrame of(u8 const* frame, usize bytes)
    {
        constexpr u8 protocol = 6;
        TcpFrame out;
        if (bytes < ethernet_bytes + 40) return out;
        u16 const type = read_word(frame + 12);
        u8 const* const ip = frame + ethernet_bytes;
        if (type == 0x0800 && ip[9] == protocol && (read_word(ip + 6) & 0x3fff) == 0) {
            out.tcp = static_cast<u16>(ethernet_bytes + (ip[0] & 15) * 4);
        } else if (type == 0x86dd && ip[6] == protocol) {
            out.six = true;
            out.tcp = ethernet_bytes + 40;
        } else {
            return out;
        }
        if (bytes < out.tcp + 20u) return out;
        out.header = static_cast<u16>(out.tcp + (frame[out.tcp + 12] >> 4) * 4);
        out.found = bytes >= out.header;
        return out;
    }

    /// The sum of the pseudo header; `length` of TCP header and payload, 0 leaves it out.
    u16 pseudo_sum(u8 const* frame, u32 length) const
    {
        u8 const* const ip = frame + ethernet_bytes;
        u64 const addresses = six ? kit::internet_sum(ip + 8, 32) : kit::internet_sum(ip + 12, 8);
        return kit::fold_sum(addresses + __builtin_bswap16(6) +
                             __builtin_bswap16(static_cast<u16>(length)) +
                             __builtin_bswap16(static_cast<u16>(length >> 16)));
    }
};

} // namespace net_server

// Configuration, features, headers and commands of a virtio network device.
// [VIRTIO 1.2, "Network Device": "Feature bits", "Device configuration layout", "Device Operation",
// "Control Virtqueue"]
#pragma once

#include "virtio/registers.hpp"

namespace virtio_net {

namespace config {
template <u32 Byte> using Address = virtio::common::Register<u8, Byte>; ///< MAC, byte 0 to 5
using Status = virtio::common::Register<u16, 0x06>;                     ///< with feature::status
using Mtu = virtio::common::Register<u16, 0x0a>;                        ///< with feature::mtu
using Speed = virtio::common::Register<u32, 0x0c>; ///< Mbit/s, with feature::speed_duplex
using Duplex = virtio::common::Register<u8, 0x10>; ///< 1: full
} // namespace config
inline constexpr u16 status_link_up = 1;
inline constexpr u32 max_speed = 0x7fff'ffff; ///< above: unknown

namespace feature {
inline constexpr u64 checksum = 1 << 0, guest_checksum = 1 << 1, mtu = 1 << 3, address = 1 << 5,
                     guest_segment4 = 1 << 7, guest_segment6 = 1 << 8, segment4 = 1 << 11,
                     segment6 = 1 << 12, merge_buffers = 1 << 15, status = 1 << 16,
                     control_queue = 1 << 17, control_receive = 1 << 18;
inline constexpr u64 speed_duplex = u64{1} << 63;
} // namespace feature

/// Queues, without multiple pairs of them.
inline constexpr u16 receive_queue = 0, transmit_queue = 1, control_queue = 2;

/// Before every frame, received or sent: virtio_net_hdr_v1.
struct Header {
    u8 flags;
    u8 segmentation;
    u16 header_bytes;
    u16 segment_bytes; ///< TCP payload of each frame to be cut
    u16 checksum_start, checksum_offset;
    u16 buffers; ///< of a received frame; 0 in one to send
};
static_assert(sizeof(Header) == 12);
inline constexpr u8 needs_checksum = 1; ///< Header::flags
namespace segmentation {
inline constexpr u8 none = 0, tcp4 = 1, tcp6 = 4;
}

/// What the control queue takes: this, its data, and a byte for the answer.
struct Command {
    u8 kind, command;
};
inline constexpr Command set_promiscuous{0, 0}, set_all_multicast{0, 1}, set_addresses{1, 0};
inline constexpr u8 answer_ok = 0;
inline constexpr u8 answer_pending = 0xff; ///< ours: nothing written yet

} // namespace virtio_net

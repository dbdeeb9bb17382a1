// Frames of a network interface: `net` is the client, the NIC's driver serves. Rings alone, no
// Call, as `block`: nobody waits for a driver. One Shared region for each NIC; the data lies in
// net's pool, which the driver cannot see: it knows the pool's DMA address and hands places in it
// to the device. All offsets are in bytes from the start of the pool.
//
//   net     pushes Buffers to fill and Segments to send, signals the driver when that asked for it
//   driver  pushes Received and Sent, signals net likewise
//
// After the driver died, its successor takes the rings as they are: it drops what was queued, gives
// no answer for it, and raises `epoch`. By then the device is quiet, so net owns every place again:
// it posts its buffers anew, and the frames that were not reported sent. Records say which epoch
// their writer knew; of another they are dropped, by both ends.
// After net died, its successor knows no place that the device still has. It raises
// `session`; the driver of an earlier one ends, and the epoch of its successor is the first that
// this net takes.
#pragma once

#include "queue/ring.hpp"

namespace nic {

inline constexpr u32 ring_entries = 1024;

/// A place for received bytes: Shared::buffer_bytes of them, aligned to that.
struct Buffer {
    u32 offset;
    u32 epoch;
};

/// A buffer that has been filled. A frame takes one, or several in a row.
struct Received {
    u32 offset; ///< as it was in the Buffer
    u32 bytes;  ///< written to it, at most Shared::buffer_bytes
    u32 flags;  ///< of the frame: the last of its records counts
    u32 epoch;
};
namespace received {
inline constexpr u32 more = 1;    ///< the frame goes on in the next record
inline constexpr u32 ip_good = 2; ///< the device has checked the IPv4 header's checksum
inline constexpr u32 l4_good = 4; ///< and that of TCP or UDP
inline constexpr u32 damaged = 8; ///< to be dropped: the device or the driver says so
} // namespace received

/// A piece of a frame to send. `first` carries what is said of the whole frame.
struct Segment {
    u32 offset;
    u32 bytes; ///< 1 to 65,536; may not cross the end of the pool
    u32 id;    ///< of the frame, net's own; comes back in Sent
    u32 epoch;
    u16 flags;
    u16 checksum_start;  ///< with `checksum`: where the sum begins, in bytes from the frame's start
    u16 checksum_offset; ///< from there: where it is stored; net has put the pseudo header's there
    u16 header_bytes;    ///< with `segment4` or `segment6`: Ethernet, IP and TCP headers together
    u16 segment_bytes;   ///< with them: TCP payload of each frame to be cut (the peer's MSS)
    u16 reserved[3];
};
namespace segment {
inline constexpr u16 first = 1, last = 2;
inline constexpr u16 checksum = 4;    ///< the device sums from checksum_start to the end
inline constexpr u16 ip_checksum = 8; ///< and the IPv4 header, which starts at byte 14
/// TCP over IPv4: the device cuts it (TSO); with `checksum`. The IPv4 header has the length and the
/// checksum of the whole, for which the device writes those of each frame.
inline constexpr u16 segment4 = 16;
inline constexpr u16 segment6 = 32; ///< TCP over IPv6
} // namespace segment
/// Pieces of a frame at most. A driver drops a longer one, and what breaks a rule above, and says
/// so in its Sent.
inline constexpr u32 max_segments = 24;

/// A frame whose places the device does not read any more. No interrupt tells the driver of each:
/// it reports them with what it does next. Signalled, it looks at once; net does so while it misses
/// one for some time, and by that the driver notices a device that hangs.
struct Sent {
    u32 id;
    u32 status; ///< 0; 1: dropped, because it broke a rule, or the link or `up` is down
    u32 epoch;
    u32 reserved;
};

/// What a device can do: Shared::features.
namespace feature {
inline constexpr u32 checksum = 1;    ///< segment::checksum
inline constexpr u32 ip_checksum = 2; ///< segment::ip_checksum
inline constexpr u32 segment4 = 4;
inline constexpr u32 segment6 = 8;
inline constexpr u32 check_received = 16; ///< sets received::ip_good and l4_good
/// The first buffer of a received frame begins with a virtio_net_hdr_v1 (12 bytes): flags, and how
/// many records the frame has, are in it and not in Received: the driver sees no payload.
inline constexpr u32 virtio_header = 32;
/// The device completes sums of what it cuts: with segment4 and segment6 the pseudo header's leaves
/// the length out, and the IPv4 header's is 0. [8254x SDM, "TCP Segmentation"]
inline constexpr u32 completes_sums = 64;
inline constexpr u32 merges = 128; ///< received frames may be of up to 65,535 bytes of IP
} // namespace feature

inline constexpr u32 max_multicast = 32;

/// Which frames net wants. It writes the rest, then raises `sequence`, then signals.
struct Wanted {
    std::atomic<u32> sequence;
    std::atomic<u32> session;     ///< which life of net this is, from 1 on
    std::atomic<u32> up;          ///< 0: neither receive nor send, but buffers are taken
    std::atomic<u32> promiscuous; ///< everything
    std::atomic<u32> all_multicast;
    /// 1: received frames come as they were on the wire, whole sums in them and never merged. A
    /// driver whose device cannot change that while it runs resets it, and raises `epoch`.
    std::atomic<u32> plain;
    std::atomic<u32> multicast_count;
    u8 multicast[max_multicast][6];
};

/// Counted since the driver started; the device's own where it counts.
struct Statistics {
    std::atomic<u64> received_frames, received_bytes, sent_frames, sent_bytes;
    std::atomic<u64> received_dropped; ///< for want of buffers
    std::atomic<u64> received_errors, sent_errors;
    std::atomic<u64> interrupts, device_resets;
};

/// All zero at first. The driver writes what describes the device before it sets epoch, and raises
/// `changes` and signals after each later change of the link.
struct Shared {
    queue::Ring<Buffer, ring_entries> buffers;    // net to driver
    queue::Ring<Received, ring_entries> received; // driver to net
    queue::Ring<Segment, ring_entries> segments;  // net to driver
    queue::Ring<Sent, ring_entries> sent;         // driver to net
    alignas(64) std::atomic<u32> epoch;           ///< 0: no driver yet
    std::atomic<u32> changes;
    std::atomic<u32> link_up;
    std::atomic<u32> speed_mbit; ///< 0: unknown
    std::atomic<u32> full_duplex;
    std::atomic<u32> features;
    std::atomic<u32> buffer_bytes; ///< 2,048 or 4,096
    std::atomic<u32> mtu;          ///< bytes of IP in a frame
    u8 address[8];                 ///< MAC, 6 bytes
    char model[24];                ///< "82574L", zero terminated
    alignas(64) Wanted wanted;
    alignas(64) Statistics statistics;
};
static_assert(sizeof(Shared) <= 80 << 10); // protocols.toml

} // namespace nic

// Configuration, features and requests of a virtio block device.
// [VIRTIO 1.2, "Block Device"]
#pragma once

#include "virtio/registers.hpp"

namespace virtio_blk {

namespace config {
using CapacityLow = virtio::common::Register<u32, 0x00>; ///< in sectors of 512 bytes
using CapacityHigh = virtio::common::Register<u32, 0x04>;
using BlockSize = virtio::common::Register<u32, 0x14>; ///< with feature::block_size
} // namespace config

namespace feature {
inline constexpr u64 read_only = 1 << 5, block_size = 1 << 6, flush = 1 << 9;
}

enum class Type : u32 { in = 0, out = 1, flush = 4, get_id = 8 };

struct Header {
    u32 type;
    u32 reserved;
    u64 sector;
};
inline constexpr u32 serial_bytes = 20; ///< what get_id reads; no zero at the end when it is full

/// What the device leaves in a request's last byte.
inline constexpr u8 status_ok = 0;
inline constexpr u8 status_pending = 0xff; ///< ours: nothing written yet

} // namespace virtio_blk

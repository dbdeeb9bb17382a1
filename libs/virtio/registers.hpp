// Registers, feature bits and status bits of a virtio device on PCI.
// [Virtual I/O Device (VIRTIO) 1.2, "Common configuration structure layout", "Device Status Field",
// "Reserved Feature Bits"]
#pragma once

#include "hw/reg.hpp"

namespace virtio {

/// The common configuration structure. Words of 64 bits are written as two of 32.
namespace common {

template <class T, u32 Offset> struct Register {
    using Word = T;
    static constexpr u32 offset = Offset;
};
using DeviceFeatureSelect = Register<u32, 0x00>; ///< which 32 of the features
using DeviceFeature = Register<u32, 0x04>;
using DriverFeatureSelect = Register<u32, 0x08>;
using DriverFeature = Register<u32, 0x0c>;
using ConfigVector = Register<u16, 0x10>; ///< MSI-X vector of configuration changes
using Status = Register<u8, 0x14>;        ///< writing 0 resets the device
using ConfigGeneration = Register<u8, 0x15>;
using QueueSelect = Register<u16, 0x16>; ///< which queue the registers below are of
using QueueSize = Register<u16, 0x18>;   ///< 0: there is no such queue
using QueueVector = Register<u16, 0x1a>;
using QueueEnable = Register<u16, 0x1c>;
using QueueNotifyOffset = Register<u16, 0x1e>; ///< in units of the notify multiplier
using QueueDescriptorsLow = Register<u32, 0x20>;
using QueueDescriptorsHigh = Register<u32, 0x24>;
using QueueAvailableLow = Register<u32, 0x28>;
using QueueAvailableHigh = Register<u32, 0x2c>;
using QueueUsedLow = Register<u32, 0x30>;
using QueueUsedHigh = Register<u32, 0x34>;

inline constexpr u64 bytes = 0x38;

} // namespace common

/// Where a queue's number is written when it has something new.
struct Doorbell {
    using Word = u16;
    static constexpr u32 offset = 0;
};
/// Reading it takes back an interrupt on a line; messages need none of it.
struct InterruptStatus {
    using Word = u8;
    static constexpr u32 offset = 0;
};

namespace status {
inline constexpr u8 acknowledge = 1, driver = 2, driver_ok = 4, features_ok = 8;
inline constexpr u8 needs_reset = 0x40; ///< the device has met an error it cannot get over
} // namespace status

namespace feature {
inline constexpr u64 indirect_descriptors = u64{1} << 28;
inline constexpr u64 event_index = u64{1} << 29;
inline constexpr u64 version_1 = u64{1} << 32;
inline constexpr u64 access_platform = u64{1} << 33; ///< its DMA goes through an IOMMU
} // namespace feature

} // namespace virtio

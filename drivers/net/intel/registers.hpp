// Registers of Intel's gigabit Ethernet controllers, as far as these drivers use them: the same
// offsets from the 82540EM of 2002 to the I219 in chipsets of today.
// [8254x SDM: PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual,
// "Register Descriptions"; 82574 Gigabit Ethernet Controller Datasheet, "Driver Programming
// Interface"; Intel Ethernet Connection I219 Datasheet, "Programmer's Visible State"]
#pragma once

#include "hw/reg.hpp"

namespace intel {

template <u32 Offset> struct Register {
    using Word = u32;
    static constexpr u32 offset = Offset;
};

/// Bytes of BAR 0.
inline constexpr u64 register_bytes = 0x20000;

namespace reg {
using Control = Register<0x0000>;
using Status = Register<0x0008>;
using Eerd = Register<0x0014>; ///< EEPROM or NVM read
using ControlExtended = Register<0x0018>;
using Mdic = Register<0x0020>;              ///< PHY access
using InterruptCause = Register<0x00c0>;    ///< ICR
using InterruptInterval = Register<0x00c4>; ///< ITR, 256 ns each
using MaskSet = Register<0x00d0>;           ///< IMS
using MaskClear = Register<0x00d8>;         ///< IMC
using AutoClear = Register<0x00dc>;         ///< EIAC
using Vectors = Register<0x00e4>;           ///< IVAR: which MSI-X message for which cause
using MessageInterval = Register<0x00e8>;   ///< EITR 0, as ITR
using ReceiveControl = Register<0x0100>;
using TransmitControl = Register<0x0400>;
using TransmitGap = Register<0x0410>;           ///< TIPG
using ExtendedConfiguration = Register<0x0f00>; ///< EXTCNF_CTRL

using ReceiveBase = Register<0x2800>;
using ReceiveBaseHigh = Register<0x2804>;
using ReceiveLength = Register<0x2808>;
using ReceiveHead = Register<0x2810>;
using ReceiveTail = Register<0x2818>;
using ReceiveDelay = Register<0x2820>; ///< RDTR
using ReceiveDescriptorControl = Register<0x2828>;
using ReceiveAbsoluteDelay = Register<0x282c>;
using TransmitBase = Register<0x3800>;
using TransmitBaseHigh = Register<0x3804>;
using TransmitLength = Register<0x3808>;
using TransmitHead = Register<0x3810>;
using TransmitTail = Register<0x3818>;
using TransmitDescriptorControl = Register<0x3828>;

using ReceiveChecksum = Register<0x5000>; ///< RXCSUM
using ReceiveFilter = Register<0x5008>;   ///< RFCTL
using AddressLow = Register<0x5400>;      ///< RAL 0
using AddressHigh = Register<0x5404>;     ///< RAH 0
struct MulticastTable : Register<0x5200> {
    static constexpr u32 count = 128;
};

// Statistics: cleared by being read. Of 64 bits the low word is read first.
using CrcErrors = Register<0x4000>;
using ReceiveErrors = Register<0x400c>;
using MissedFrames = Register<0x4010>;
using ExcessiveCollisions = Register<0x4018>;
using LateCollisions = Register<0x401c>;
using LengthErrors = Register<0x4040>;
using PauseReceived = Register<0x404c>; ///< XOFFRXC
using GoodReceived = Register<0x4074>;
using GoodSent = Register<0x4080>;
using GoodBytesReceived = Register<0x4088>;
using GoodBytesReceivedHigh = Register<0x408c>;
using GoodBytesSent = Register<0x4090>;
using GoodBytesSentHigh = Register<0x4094>;
using NoBuffers = Register<0x40a0>; ///< RNBC: counts once more when the frame is missed

// I219 alone. [I219 Datasheet, "Future Extended NVM" registers]
using FutureNvm7 = Register<0x00e4>;  ///< FEXTNVM7
using FutureNvm11 = Register<0x5bbc>; ///< FEXTNVM11
} // namespace reg

namespace control {
inline constexpr u32 full_duplex = 1, master_disable = 1 << 2, link_reset = 1 << 3,
                     auto_speed = 1 << 5, set_link_up = 1 << 6, invert_loss = 1 << 7,
                     force_speed = 1 << 11, force_duplex = 1 << 12, reset = 1 << 26,
                     receive_pause = 1 << 27, transmit_pause = 1 << 28, vlan = 1 << 30;
inline constexpr u32 phy_reset = u32{1} << 31; ///< never set here: the link would go down
} // namespace control
namespace status {
inline constexpr u32 full_duplex = 1, link_up = 2, paused = 1 << 4, speed_100 = 1 << 6,
                     speed_1000 = 1 << 7, master_enabled = 1 << 19;
} // namespace status
namespace control_extended {
inline constexpr u32 driver_loaded = 1 << 28;
} // namespace control_extended
/// Interrupt causes. The queues' and `other` have a message of their own with MSI-X.
namespace cause {
inline constexpr u32 sent = 1, link = 1 << 2, received = 1 << 7, receive_queue = 1 << 20,
                     send_queue = 1 << 22, other = 1 << 24;
} // namespace cause
namespace receive_control {
inline constexpr u32 enable = 1 << 1, all_unicast = 1 << 3, all_multicast = 1 << 4,
                     broadcast = 1 << 15, strip_crc = 1 << 26; // buffers of 2,048 bytes are 0
} // namespace receive_control
namespace transmit_control {
inline constexpr u32 enable = 1 << 1, pad_short = 1 << 3, collision_threshold = 0x0f << 4,
                     collision_distance = 0x3f << 12, multiple_reads = 1 << 28;
} // namespace transmit_control
namespace descriptor_control {
/// Thresholds count descriptors; write back each at once.
inline constexpr u32 by_descriptors = 1 << 24, write_back_one = 1 << 16;
} // namespace descriptor_control
namespace receive_checksum {
inline constexpr u32 ip = 1 << 8, tcp_udp = 1 << 9;
} // namespace receive_checksum
namespace address_high {
inline constexpr u32 valid = u32{1} << 31;
} // namespace address_high

/// Reading and writing by name, on any access that has hw::Mmio's shape.
template <class R, class Registers> u32 get(Registers const& registers)
{
    return registers.template read<R>().raw;
}
template <class R, class Registers> void put(Registers const& registers, u32 value)
{
    registers.template write<R>(hw::Value<R>{value});
}

} // namespace intel

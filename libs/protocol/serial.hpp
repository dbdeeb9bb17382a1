// What a serial driver and its one client agree on: two rings of bytes and a signal each way. No
// call, so neither can block the other. The driver also signals when the transmit ring has become
// empty and the last byte has left the device: a client may wait for room, or for its words to be
// out. (The lesson's driver uses the two rings apart and these bits of its notification.)
#pragma once

#include "queue/byte_ring.hpp"

namespace serial {

struct Shared {
    queue::ByteRing receive;  // driver to client
    queue::ByteRing transmit; // client to driver
};

/// The lesson: bits of the driver's own notification.
inline constexpr u64 irq_event = 1;      ///< the device interrupted
inline constexpr u64 transmit_event = 2; ///< the client pushed into the transmit ring

} // namespace serial

// What a serial driver and its one client agree on: two rings of bytes and a bit of the client's
// notification. No call, so neither can block the other.
//
//   client --- transmit ring ---> driver     then: signal "uart.wake"   (any badge bit)
//   client <-- receive ring ----- driver     then: signal client_event to the client
//
// The driver also signals client_event when the transmit ring has become empty and the last byte
// has left the device: a client may wait for room, or for its words to be out.
#pragma once

#include "kit/types.hpp"

namespace serial {

/// Bits of the driver's own notification.
inline constexpr u64 irq_event = 1;      ///< the device interrupted
inline constexpr u64 transmit_event = 2; ///< the client pushed into the transmit ring

} // namespace serial

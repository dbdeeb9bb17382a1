// What a serial driver and its one client agree on: two rings of bytes and a signal each way. No
// call, so neither can block the other. The driver signals when it has received, when a transmit
// ring that was more than half full is half empty, and when it is empty and the device's FIFO too:
// a client may wait for room, or for its words to be out. The client signals after it pushed, and
// after it took bytes from a full receive ring. (The lesson's driver uses the two rings apart and
// these bits of its notification.)
#pragma once

#include "queue/byte_ring.hpp"

namespace serial {

struct Shared {
    queue::ByteRing receive;  // driver to client
    queue::ByteRing transmit; // client to driver
    std::atomic<u32> sent;    // written by the driver: transmit.popped when all of that had left it
};

/// The lesson: bits of the driver's own notification.
inline constexpr u64 irq_event = 1;      ///< the device interrupted
inline constexpr u64 transmit_event = 2; ///< the client pushed into the transmit ring

} // namespace serial

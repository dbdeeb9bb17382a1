// Events of keyboards and mice, driver to client, by a ring. A full ring loses the newest events
// (counted); nobody waits.
#pragma once

#include "queue/ring.hpp"

namespace input {

enum class Kind : u16 { key = 1, motion = 2, button = 3 };

struct Event {
    u16 kind;
    u16 code;  ///< key: USB HID usage of page 7 (keyboard); button: 0 left, 1 right, 2 middle
    i16 value; ///< key, button: 1 down, 0 up, 2 repeated; motion: x, right is positive
    i16 y;     ///< motion: y, down is positive
};
struct Shared {
    queue::Ring<Event, 256> events;
    std::atomic<u32> lost;
    std::atomic<u32> leds; ///< written by the client: bit 0 num lock, 1 caps lock, 2 scroll lock
};

} // namespace input

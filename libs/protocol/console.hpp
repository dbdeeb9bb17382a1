// A console session as its one client (the shell) sees it: bytes in, bytes out, by rings alone.
// Input is what was typed, serial line and keyboard alike, unedited (UTF-8; arrows and the like as
// ANSI escape sequences). Output is UTF-8 with the escape sequences that servers/console/README.md
// lists; it goes to the serial line and to the framebuffer terminal.
#pragma once

#include "queue/byte_ring.hpp"

namespace console {

struct Shared {
    queue::ByteRing input;  // console to client; signal the client after a push
    queue::ByteRing output; // client to console; signal the console after a push
    std::atomic<u32> shown; // written by the console: output.popped when all of that was out
};

} // namespace console

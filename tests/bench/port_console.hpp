// The serial line and the emulator's exit by I/O port capabilities, so that the benchmark can print
// on a release kernel, which has no debug system calls. Implements put_char and end_machine of
// ../kernel/print.hpp; every character costs the system calls of two port accesses.
#pragma once

#include "kit/types.hpp"

#include <sel4/sel4.h>

namespace bench {

/// Takes the ports, in the last two of the root CNode's empty slots. Nothing can be printed before.
void open_console(seL4_BootInfo const& info);

} // namespace bench

// Catches CPU exceptions inside a loader that has no firmware below it, so that even a bug ends in
// one line instead of a triple fault.
#pragma once

namespace boot {

/// Loads an interrupt table that reports every exception and stops the machine. Long mode, code
/// segment 0x08 (long_mode.S).
void catch_exceptions();

} // namespace boot

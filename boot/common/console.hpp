// Where the loaders print: COM1 (115200 8N1) and, once there is one, the framebuffer.
// fail() is the only way a loader gives up: one line, then the machine stops with failure.
#pragma once

#include "boot/common/failure.hpp"
#include "boot/handoff.hpp"
#include <string_view>

namespace boot {

/// Sets COM1 up. Printing without it is harmless; a machine without COM1 prints nothing there.
void console_start_serial();
/// Prints on the VGA text screen too, from its top: for a BIOS machine without a framebuffer. A
/// machine without VGA ignores it.
void console_use_vga_text();
/// Clears the framebuffer and prints on it, instead of the VGA text screen, from now on. Nothing
/// happens when address is 0.
void console_use_framebuffer(Framebuffer const& framebuffer);

struct Hex {
    u64 value;
};
void write(std::string_view text);
void write(u64 decimal);
void write(Hex hex);

template <class... Parts> void print(Parts... parts)
{
    (write(parts), ...);
}

/// Stops the machine with failure: isa-debug-exit in QEMU, the shutdown port in Bochs, hlt
/// elsewhere.
[[noreturn]] void stop_with_failure();

/// Prints "hypercore: boot failed: <which>: <what>" and stops the machine.
[[noreturn]] void fail(Failure failure);

/// The value, or fail().
template <class T> T require(Checked<T> result)
{
    if (!result) fail(result.error());
    return *result;
}
inline void require(Checked<void> result)
{
    if (!result) fail(result.error());
}

} // namespace boot

// The kernel's own lines: `log("clock", "tsc ", hz, " Hz")` prints `hypercore: clock tsc 1000 Hz`.
// No format strings: each part says by its type how it is shown. Goes to the serial line and, once
// there is one, to the framebuffer.
#pragma once

#include "kit/types.hpp"

namespace boot {
struct Framebuffer;
}

namespace mk {

/// Shown as 0x and hexadecimal digits.
struct Hex {
    u64 value;
};

namespace log_detail {
/// Starts a line of the kernel's own, also when a user's output stopped in the middle of one.
void begin_line();
void end_line();
void put(char const* text);
void put(char c);
void put(bool value);
void put(u64 value);
void put(i64 value);
void put(Hex value);
inline void put(u32 value)
{
    put(u64{value});
}
inline void put(i32 value)
{
    put(i64{value});
}
/// From here until serial_only(false) nothing goes to the framebuffer.
void serial_only(bool on);
template <class... Parts> void line(Parts const&... parts)
{
    begin_line();
    (put(parts), ...);
    end_line();
}
} // namespace log_detail

/// Prints one line. `area`: the part of the kernel that speaks.
template <class... Parts> void log(char const* area, Parts const&... parts)
{
    log_detail::line(area, ' ', parts...);
}

/// As log, without an area and to the serial line only: for code that may have interrupted log.
template <class... Parts> void serial_line(Parts const&... parts)
{
    log_detail::serial_only(true);
    log_detail::line(parts...);
    log_detail::serial_only(false);
}

/// One character of a user's output (DebugPutChar) or of a kernel line.
void console_put(char c);

/// Clears the screen and writes there as well from now on. `pixels`: where it is mapped.
void attach_framebuffer(boot::Framebuffer const& framebuffer, void* pixels);
/// The framebuffer is mapped elsewhere now; the text stays.
void move_framebuffer(void* pixels);

} // namespace mk

// Formatting of kernel lines. Characters go on to the serial line (arch::put_char) and to the
// framebuffer, by the loaders' FramebufferText (libs/console) on the kernel's mapping.
#include "debug/log.hpp"

#include "arch/arch.hpp"
#include "boot/handoff.hpp"
#include "console/framebuffer_text.hpp"

namespace mk {
namespace {

constinit bool at_line_start = true;
constinit bool framebuffer_off = false;
constinit FramebufferText framebuffer;

void put_digits(u64 value, unsigned base)
{
    char digits[20]; // 2^64 has 20 decimal digits
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) console_put(digits[--count]);
}

} // namespace

void console_put(char c)
{
    arch::put_char(c);
    if (!framebuffer_off && framebuffer.attached()) framebuffer.put(c);
    at_line_start = c == '\n';
}

void attach_framebuffer(boot::Framebuffer const& f, void* pixels)
{
    if (f.bits != 32) return;
    framebuffer.attach({static_cast<u8 volatile*>(pixels), f.width, f.height, f.pitch, f.red_shift,
                        f.green_shift, f.blue_shift});
}

void move_framebuffer(void* pixels)
{
    if (framebuffer.attached()) framebuffer.move_to(static_cast<u8 volatile*>(pixels));
}

namespace log_detail {

void begin_line()
{
    if (!at_line_start) console_put('\n');
    put("hypercore: ");
}

void end_line()
{
    console_put('\n');
}

void put(char const* text)
{
    while (*text != '\0') console_put(*text++);
}

void put(char c)
{
    console_put(c);
}

void put(bool value)
{
    put(value ? "yes" : "no");
}

void put(u64 value)
{
    put_digits(value, 10);
}

void put(i64 value)
{
    if (value < 0) console_put('-');
    put_digits(value < 0 ? u64{0} - u64(value) : u64(value), 10);
}

void put(Hex hex)
{
    put("0x");
    put_digits(hex.value, 16);
}

void serial_only(bool on)
{
    framebuffer_off = on;
}

} // namespace log_detail
} // namespace mk

// COM1 by polling, and the framebuffer by libs/console. [National PC16550D, "Registers"]
#include "boot/common/console.hpp"

#include "boot/common/ports.hpp"
#include "console/framebuffer_text.hpp"

namespace boot {
namespace {

constexpr u16 com1 = 0x3f8;
constexpr u16 line_control = com1 + 3, modem_control = com1 + 4, line_status = com1 + 5;
constexpr u8 divisor_access = 0x80, eight_bits_no_parity = 0x03;
constexpr u8 status_holding_empty = 0x20, status_all_sent = 0x40;
constexpr u8 divisor_115200 = 1; // the UART's clock is 1.8432 MHz = 16 * 115200 Hz
constexpr u16 qemu_debug_exit = 0xf4, bochs_shutdown = 0x8900;
constexpr u8 qemu_failure = 0x11; // QEMU leaves with (0x11 << 1) | 1 = 35

constinit bool serial_present = false;
constinit FramebufferText screen;

/// The text screen of a VGA: 25 rows of 80 cells. We print a few lines at most: no scrolling.
u16 volatile* const vga_cells = reinterpret_cast<u16 volatile*>(0xb8000);
constexpr usize vga_columns = 80, vga_size = 80 * 25, vga_off = ~usize{0};
constexpr u16 light_grey = 0x0700;
constinit usize vga_at = vga_off;

/// Waits for a status bit, but never for ever: a machine may have a broken or no UART.
void wait_for(u8 status)
{
    for (unsigned i = 0; i < 1'000'000 && (in8(line_status) & status) == 0; ++i) asm("pause");
}

void put_serial(char c)
{
    if (!serial_present) return;
    wait_for(status_holding_empty);
    out8(com1, static_cast<u8>(c));
}

void put_vga(char c)
{
    if (vga_at >= vga_size) return;
    if (c == '\n')
        vga_at += vga_columns - vga_at % vga_columns;
    else
        vga_cells[vga_at++] = static_cast<u16>(light_grey | static_cast<u8>(c));
}

} // namespace

void console_start_serial()
{
    if (in8(line_status) == 0xff) return; // nothing answers there
    out8(com1 + 1, 0);                    // no interrupts
    out8(line_control, divisor_access);
    out8(com1, divisor_115200);
    out8(com1 + 1, 0);
    out8(line_control, eight_bits_no_parity);
    out8(com1 + 2, 0x07);   // enable and clear both FIFOs
    out8(modem_control, 3); // DTR, RTS
    serial_present = true;
}

void console_use_vga_text()
{
    for (usize i = 0; i < vga_size; ++i) vga_cells[i] = light_grey | ' ';
    vga_at = 0;
}

void console_use_framebuffer(Framebuffer const& f)
{
    if (f.address == 0 || f.bits != 32) return;
    screen.attach({reinterpret_cast<u8 volatile*>(f.address), f.width, f.height, f.pitch,
                   f.red_shift, f.green_shift, f.blue_shift});
    vga_at = vga_off;
}

void write(std::string_view text)
{
    for (char const c : text) {
        if (c == '\n') put_serial('\r');
        put_serial(c);
        put_vga(c);
        screen.put(c);
    }
}

void write(u64 decimal)
{
    char digits[20];
    usize at = sizeof digits;
    do {
        digits[--at] = static_cast<char>('0' + decimal % 10);
        decimal /= 10;
    } while (decimal != 0);
    write(std::string_view{digits + at, sizeof digits - at});
}

void write(Hex hex)
{
    write(std::string_view{"0x"});
    int shift = 60;
    while (shift > 0 && (hex.value >> shift) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) {
        char const digit = "0123456789abcdef"[(hex.value >> shift) & 15];
        write(std::string_view{&digit, 1});
    }
}

void stop_with_failure()
{
    if (serial_present) wait_for(status_all_sent); // emulators drop the FIFO when they leave
    out8(qemu_debug_exit, qemu_failure);
    for (char const c : std::string_view{"Shutdown"}) out8(bochs_shutdown, static_cast<u8>(c));
    for (;;) asm volatile("cli; hlt");
}

void fail(Failure failure)
{
    print("hypercore: boot failed: ", failure.which, ": ", failure.what, "\n");
    stop_with_failure();
}

} // namespace boot

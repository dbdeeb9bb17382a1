// See console.hpp.
#include "console.hpp"

namespace root {

namespace {

constexpr u16 com1 = 0x3f8, line_status = com1 + 5;
constexpr u8 room_to_send = 0x20, all_sent = 0x40;
/// Reads of a port before a UART that never gets ready is given up: far more than the slowest
/// emulator needs for 16 characters at 115200 baud (1.4 ms).
constexpr int patience = 1'000'000;

void wait_for(sys::IoPort port, u8 condition)
{
    for (int i = 0; i < patience; ++i) {
        auto const status = port.in8(line_status);
        if (!status || (*status & condition)) return;
    }
}

} // namespace

void Console::use_port(sys::IoPort port)
{
    port_ = port;
    reader_ = {};
}

void Console::use_ring(queue::ByteRing* ring, sys::Notification reader)
{
    ring_ = queue::Producer{ring};
    reader_ = reader;
}

void Console::wait_until_sent() const
{
    if (port_) wait_for(port_, all_sent);
}

void Console::put_char(char c)
{
    if (!reader_) {
        if (!port_) return;
        wait_for(port_, room_to_send);
        (void)port_.out8(com1, static_cast<u8>(c)); // nobody to complain to
    } else if (!ring_.push(static_cast<u8>(c))) {
        ++lost_;
    }
}

void Console::put(std::string_view text)
{
    if (lost_ > 0 && reader_ && ring_.space() > 64) {
        u64 const lost = lost_;
        lost_ = 0;
        put("\n[");
        put(Right{lost, 0});
        put(" characters lost]\n");
    }
    for (char const c : text) {
        if (c == '\n') put_char('\r');
        put_char(c);
    }
}

void Console::put(Hex hex)
{
    put("0x");
    int shift = 60;
    while (shift > 0 && hex.value >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) put_char("0123456789abcdef"[hex.value >> shift & 15]);
}

void Console::put(Right number)
{
    char digits[20];
    usize count = 0;
    do digits[count++] = static_cast<char>('0' + number.value % 10);
    while ((number.value /= 10) > 0);
    for (usize i = count; i < number.width; ++i) put_char(' ');
    while (count > 0) put_char(digits[--count]);
}

void Console::put(Left text)
{
    put(text.text);
    for (usize i = text.text.size(); i < text.width; ++i) put_char(' ');
}

} // namespace root

// See serial.hpp.
#include "serial.hpp"

namespace root {

namespace {

constexpr u16 line_status = com1_first + 5;
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

void put(sys::IoPort port, char c)
{
    wait_for(port, room_to_send);
    (void)port.out8(com1_first, static_cast<u8>(c)); // nobody to complain to
}

} // namespace

void Serial::write(std::string_view text) const
{
    for (char const c : text) {
        if (c == '\n') put(port_, '\r');
        put(port_, c);
    }
}

void Serial::wait_until_sent() const
{
    wait_for(port_, all_sent);
}

} // namespace root

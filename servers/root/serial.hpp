// Root's words on the first serial port, byte by byte, waiting for the UART: what a person sees
// before there is a console, and when the trusted base dies.
#pragma once

#include "kit/text.hpp"
#include "sys/io_port.hpp"

namespace root {

inline constexpr u16 com1_first = 0x3f8, com1_last = 0x3ff;

class Serial {
    sys::IoPort port_;

public:
    constexpr explicit Serial(sys::IoPort com1) : port_{com1} {}

    sys::IoPort port() const { return port_; }
    void write(std::string_view text) const;
    /// The parts one after another, as kit::Text takes them.
    template <class... Parts> void print(Parts const&... parts) const
    {
        write(kit::Text<300>{}.add(parts...).view());
    }
    /// Waits (a bounded time) until the UART has sent its last byte.
    void wait_until_sent() const;
};

} // namespace root

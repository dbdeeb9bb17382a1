// The root server's own words. At first they go to the serial port directly, byte by byte; once the
// UART driver and `echo` run they go into a ring that `echo` empties. Printing never blocks: what
// does not fit into the ring is counted and reported, so that no program can hold the root up.
#pragma once

#include "queue/byte_ring.hpp"
#include "sys/endpoint.hpp"
#include "sys/io_port.hpp"
#include <concepts>
#include <string_view>

namespace root {

/// Printed in hexadecimal, with 0x.
struct Hex {
    u64 value;
};
/// A number right-aligned in so many columns.
struct Right {
    u64 value;
    usize width;
};
/// A text left-aligned in so many columns.
struct Left {
    std::string_view text;
    usize width;
};

class Console {
    sys::IoPort port_{};
    queue::Producer ring_;
    sys::Notification reader_{};
    u64 lost_ = 0;

public:
    /// From now on to the UART with these ports, waiting for it.
    void use_port(sys::IoPort com1);
    /// From now on into the ring; `reader` is signalled after each print.
    void use_ring(queue::ByteRing* ring, sys::Notification reader);
    /// Waits (a bounded time) until the UART has sent its last byte.
    void wait_until_sent() const;

    /// Prints the parts one after another: text, numbers (decimal), Hex, Right, Left.
    template <class... Parts> void print(Parts const&... parts)
    {
        (put(parts), ...);
        if (reader_) reader_.signal();
    }

private:
    void put_char(char c);
    void put(std::string_view text);
    void put(Hex hex);
    void put(Right number);
    void put(Left text);
    void put(std::unsigned_integral auto number) { put(Right{number, 0}); }
};

} // namespace root

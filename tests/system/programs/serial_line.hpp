// What a test program that runs on release kernels prints with (they have no debug calls): the
// serial line, whose one client it is. Every line is out, or in the device, when print() returns.
#pragma once

#include "kit/text.hpp"
#include "program/program.hpp"
#include "protocol/serial.hpp"

namespace test {

class SerialLine {
    program::Program const& self_;
    program::Use use_ = self_.use("serial");
    queue::Producer out_{&use_.memory<serial::Shared>()->transmit};

public:
    explicit SerialLine(program::Program const& self) : self_{self} {}

    template <class... Parts> void print(Parts const&... parts)
    {
        kit::Text<200> line;
        line.add(parts..., "\r\n");
        for (char const c : line.view()) (void)out_.push(static_cast<u8>(c));
        finish();
    }
    /// Queues one byte and wakes the driver.
    void send(u8 byte)
    {
        (void)out_.push(byte);
        use_.signal.signal();
    }
    /// Whether the driver has taken everything.
    bool sent() const { return out_.empty(); }
    void finish()
    {
        use_.signal.signal();
        while (!sent()) self_.wake().wait();
    }
};

} // namespace test

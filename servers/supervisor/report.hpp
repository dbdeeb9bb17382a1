// Lines for people: by root on the serial port until the serial driver has it, then into our ring at
// the log server, from where they reach the console. Never waits: root answers at once, and a full
// ring loses the line.
#pragma once

#include "kit/text.hpp"
#include "protocol/root.hpp"
#include "sys/endpoint.hpp"

namespace supervisor {

class Report {
    sys::Endpoint root_;
    bool root_prints_ = true;

public:
    explicit Report(sys::Endpoint root) : root_{root} {}

    template <class... Parts> void line(Parts const&... parts)
    {
        put(Line{}.add("supervisor: ", parts...));
    }
    /// The serial driver is about to start: root is to leave the port alone.
    void leave_serial_port();

private:
    using Line = kit::Text<root_protocol::max_text - 1>; // and a newline
    void put(Line const& line);
};

} // namespace supervisor

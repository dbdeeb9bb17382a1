// Lines for people: by root on the serial port until the serial driver has it, and always into our
// ring at the log server. Never waits: root answers at once, and a full ring loses the line.
#pragma once

#include "kit/text.hpp"
#include "log/logger.hpp"
#include "protocol/root.hpp"

namespace supervisor {

class Report {
    using Line = kit::Text<root_protocol::max_text>;
    sys::Endpoint root_;
    logging::Logger log_;
    bool root_prints_ = true;

public:
    explicit Report(sys::Endpoint root) : root_{root} {}

    /// From now on the ring is there.
    void open_log(program::Program const& self) { log_ = logging::Logger{self}; }
    /// The serial driver is about to start: root is to leave the port alone.
    void leave_serial_port();

    template <class... Parts> void line(Parts const&... parts)
    {
        put(logging::Level::info, Line{}.add(parts...).view());
    }
    /// Something went wrong, if only with one program.
    template <class... Parts> void problem(Parts const&... parts)
    {
        put(logging::Level::warning, Line{}.add(parts...).view());
    }

private:
    void put(logging::Level level, std::string_view text);
};

} // namespace supervisor

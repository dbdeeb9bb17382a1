// What the log server kept since the system started, line by line, for a console that nobody
// writes to yet.
#pragma once

#include "program/program.hpp"
#include "protocol/log.hpp"
#include "text/format.hpp"
#include <optional>

namespace console_server {

class BootLog {
public:
    explicit BootLog(program::Program const& self) : self_{self}, log_{self.use("logread")} {}

    /// The next line, with CR LF, if there is one and it fits into `room` bytes. Valid until the
    /// next call.
    std::optional<std::string_view> next(u32 room);
    /// No more lines.
    void end() { ended_ = true; }

private:
    program::Program const& self_;
    program::Use log_;
    u64 from_ = 1;
    bool ended_ = false;
    text::Line<400> line_;
};

} // namespace console_server

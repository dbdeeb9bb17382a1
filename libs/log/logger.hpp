// A program's own end of the log: levelled lines into the ring it shares with the log server
// (libs/protocol/log.hpp). Never waits: a full ring loses the line, and the next one says how many
// were lost. A program without a log server logs into the void.
#pragma once

#include "program/program.hpp"
#include "protocol/log.hpp"
#include "text/format.hpp"

namespace logging {

using log_protocol::Level;

/// Bytes of a line; longer ones are cut.
inline constexpr usize max_line = 2 * log_protocol::text_bytes;

class Logger {
    log_protocol::Shared* shared_ = nullptr;
    queue::Sender<decltype(log_protocol::Shared::records)> ring_;
    sys::Notification server_;
    u32 lost_ = 0;

public:
    Logger() = default;
    /// @param program  the writer's name as readers will see it
    Logger(log_protocol::Shared* shared, sys::Notification server, char const* program);
    /// The program's edge to protocol `log`, if its manifest has one.
    explicit Logger(program::Program const& self);

    template <class... Values>
    void error(text::Format<std::type_identity_t<Values>...> form, Values const&... values)
    {
        line(Level::error, form, values...);
    }
    template <class... Values>
    void warning(text::Format<std::type_identity_t<Values>...> form, Values const&... values)
    {
        line(Level::warning, form, values...);
    }
    template <class... Values>
    void info(text::Format<std::type_identity_t<Values>...> form, Values const&... values)
    {
        line(Level::info, form, values...);
    }
    template <class... Values>
    void debug(text::Format<std::type_identity_t<Values>...> form, Values const&... values)
    {
        line(Level::debug, form, values...);
    }

    /// Whether the log server wants lines of this level: formatting others is left out.
    bool wants(Level level) const;
    /// One line, already formatted; no newline at its end.
    void write(Level level, std::string_view text);

private:
    template <class... Values>
    void line(Level level, text::Format<std::type_identity_t<Values>...> form,
              Values const&... values)
    {
        if (!wants(level)) return;
        text::Line<max_line> out;
        text::format(out, form, values...);
        write(level, out.view());
    }
};

} // namespace logging

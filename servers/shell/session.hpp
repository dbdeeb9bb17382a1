// The shell's end of the console: text out, bytes in, waiting, Ctrl-C, and sleeping by the clock.
// While it waits it answers heartbeats.
#pragma once

#include "program/program.hpp"
#include "program/time.hpp"
#include "protocol/console.hpp"
#include "servers/shell/line_editor.hpp"

namespace shell {

class Session final : public Sink {
public:
    explicit Session(program::Program const& self);

    /// Waits until there is a console that runs, and the clock too where there is one.
    void wait_for_start();
    /// Writes all of it; waits for room when the console is slower.
    void write(std::string_view text) override;
    /// Formats a piece of up to 500 bytes.
    template <class... Values>
    void print(text::Format<std::type_identity_t<Values>...> form, Values const&... values)
    {
        text::Line<500> out;
        text::format(out, form, values...);
        write(out.view());
    }
    /// The next byte typed; waits for it.
    u8 read();
    /// Whether Ctrl-C was typed. What else was typed meanwhile is kept for read().
    bool interrupted();
    /// The next byte typed, if there is one.
    bool try_read(u8& byte);
    /// Whether a byte has been typed that was not read.
    bool typed() const { return ahead_first_ < ahead_last_ || input_.size() > 0; }
    /// Waits for any signal, or until a time since boot in nanoseconds (~0: never). False when
    /// Ctrl-C was typed.
    bool wait_until(u64 deadline);
    /// Waits for any signal, after everything written was handed on.
    u64 wait();
    /// False when Ctrl-C was typed meanwhile, or when there is no clock.
    bool sleep(u64 milliseconds);
    /// Waits until everything written has left the machine, as far as there is a console.
    void drain();
    program::Clock const& clock() const { return clock_; }

private:
    void flush();
    bool take_interrupt();

    program::Program const& self_;
    program::Use console_, alarm_;
    program::Clock clock_;
    queue::Consumer input_;
    queue::Producer output_;
    bool unsignalled_ = false;
    u8 ahead_[256] = {}; // typed while a command ran
    usize ahead_first_ = 0, ahead_last_ = 0;
};

} // namespace shell

// The prompt: what a line typed on the serial port makes the root server do. One command at a time;
// some (ping, crash, poweroff) are over only when a program has answered or ended, and only then
// does the next prompt come.
#pragma once

#include "power.hpp"
#include "protocol/lesson.hpp"
#include "supervisor.hpp"
#include <string_view>

namespace root {

class Shell {
public:
    Shell(Console& console, Supervisor& supervisor, SharedObjects& shared, PowerSwitch& power)
        : console_{console}, supervisor_{supervisor}, shared_{shared}, power_{power}
    {
    }

    void welcome();
    /// Carries out a command line.
    void run(std::string_view line);

    /// A program has ended (and may run again already).
    void on_end(Id id);
    void on_ping_done(lesson::OrderDone::Args const& report);
    /// Everything printed has left the machine.
    void on_flushed();
    u64 ordered_rounds() const { return rounds_; }

private:
    /// What the running command waits for.
    enum class Waiting : u8 { nothing, ping, crasher, flush };

    bool dispatch(std::string_view command, std::string_view argument);
    void help();
    void ping(std::string_view argument);
    void crash(std::string_view argument);
    void kill(std::string_view argument);
    void list_programs();
    void list_contexts();
    void leave(PowerSwitch::Deed deed);
    void prompt();

    Console& console_;
    Supervisor& supervisor_;
    SharedObjects& shared_;
    PowerSwitch& power_;
    Waiting waiting_ = Waiting::nothing;
    u64 rounds_ = 0;
    PowerSwitch::Deed deed_ = PowerSwitch::Deed::off;
};

} // namespace root

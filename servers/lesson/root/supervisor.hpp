// Keeps the programs alive: starts them, hears of their faults, ends them, starts them again. The
// root server never waits for any of them: it only receives, answers and signals.
#pragma once

#include "loader.hpp"
#include <array>

namespace root {

class Supervisor {
public:
    Supervisor(Console& console, Loader& loader, SharedObjects& shared)
        : console_{console}, loader_{loader}, shared_{shared}
    {
    }

    /// Gives each program its memory and slots. Once, before anything else.
    sys::Result<void> reserve(Objects& objects);
    /// Starts everything that runs always. The console goes through `echo` from then on.
    void start_all();

    /// A fault of a program arrived: tells it, ends the program, restarts it if it is to run
    /// always. Returns whether the thread goes on (a used-up budget is forgiven a few times).
    bool on_fault(Program& program, sys::Received const& fault);
    /// A message of a program arrived that it has no business sending. Ends it after too many.
    void on_stray_message(Program& program);
    /// Starts a program that runs only on request. False: it runs already, or cannot be started.
    bool start(Program& program, u64 parameter);
    /// Ends and restarts a program (and those of its group), as if it had faulted.
    void kill(Program& program);

    Program& program(Id id) { return programs_[static_cast<usize>(id)]; }
    std::array<Program, program_count>& programs() { return programs_; }

private:
    void end(Program& program);
    void end_and_restart(Program& program);
    void restart_group(Group group);
    void choose_console();

    Console& console_;
    Loader& loader_;
    SharedObjects& shared_;
    std::array<Program, program_count> programs_{};
};

} // namespace root

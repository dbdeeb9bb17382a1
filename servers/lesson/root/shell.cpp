// See shell.hpp.
#include "shell.hpp"

#include "abi/constants.hpp"

namespace root {

namespace {

constexpr u64 default_rounds = 1000, max_rounds = 100'000;

constexpr struct {
    std::string_view name;
    lesson::Misdeed misdeed;
} misdeeds[] = {
    {"wild", lesson::Misdeed::wild},   {"priv", lesson::Misdeed::privileged},
    {"loop", lesson::Misdeed::loop},   {"stack", lesson::Misdeed::stack},
    {"flood", lesson::Misdeed::flood},
};

std::string_view trimmed(std::string_view text)
{
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// A decimal number from 1 to `most`; 0 when the text is none.
u64 number(std::string_view text, u64 most)
{
    u64 value = 0;
    for (char const c : text) {
        if (c < '0' || c > '9') return 0;
        value = value * 10 + static_cast<u64>(c - '0');
        if (value > most) return 0;
    }
    return value;
}

} // namespace

void Shell::welcome()
{
    console_.print(
        "\nHypercore's first lesson: isolated programs, started by this root server, on a "
        "microkernel.\nType 'help' for what can be done.\n");
    prompt();
}

void Shell::run(std::string_view line)
{
    line = trimmed(line);
    usize end = 0;
    while (end < line.size() && line[end] != ' ') ++end;
    std::string_view const command{line.data(), end};
    auto const argument = trimmed({line.data() + end, line.size() - end});
    if (!command.empty() && !dispatch(command, argument))
        console_.print("There is no command '", command, "'. Type 'help' for those there are.\n");
    if (waiting_ == Waiting::nothing) prompt();
}

bool Shell::dispatch(std::string_view command, std::string_view argument)
{
    if (command == "help")
        help();
    else if (command == "ping")
        ping(argument);
    else if (command == "crash")
        crash(argument);
    else if (command == "kill")
        kill(argument);
    else if (command == "ps")
        list_programs();
    else if (command == "sched")
        list_contexts();
    else if (command == "poweroff")
        leave(PowerSwitch::Deed::off);
    else if (command == "reboot")
        leave(PowerSwitch::Deed::reboot);
    else
        return false;
    return true;
}

void Shell::help()
{
    console_.print(
        "help          this text\n"
        "ping [N]      N calls from ping to pong and back (default 1000), and how long they took\n"
        "crash HOW     start 'crasher', which misbehaves; HOW is one of\n"
        "                wild   reads an address where nothing is mapped\n"
        "                priv   executes an instruction that only the kernel may\n"
        "                loop   never gives the CPU back\n"
        "                stack  calls itself until the stack overflows\n"
        "                flood  sends messages to the root server without end\n"
        "ps            programs: state, priority, CPU time, restarts, memory\n"
        "sched         scheduling contexts: who gets how much CPU time\n"
        "kill NAME     end a program; it comes back in a fresh address space\n"
        "echo TEXT     'echo' itself answers, the root server never sees it; 'echo' alone repeats "
        "lines\n"
        "poweroff      switch the machine off\n"
        "reboot        start it again\n");
}

void Shell::ping(std::string_view argument)
{
    rounds_ = argument.empty() ? default_rounds : number(argument, max_rounds);
    if (rounds_ == 0) {
        console_.print("ping takes a number from 1 to ", max_rounds, ".\n");
        return;
    }
    if (!supervisor_.program(Id::ping).runs() || !supervisor_.program(Id::pong).runs()) {
        console_.print("ping and pong do not run.\n");
        return;
    }
    waiting_ = Waiting::ping;
    shared_.ping_order().signal();
}

void Shell::on_ping_done(lesson::OrderDone::Args const& report)
{
    if (waiting_ != Waiting::ping || report.rounds == 0) return;
    waiting_ = Waiting::nothing;
    console_.print(
        report.rounds, " round trips ping > pong > ping, each one Call and one ReplyRecv: ",
        report.total / report.rounds, " TSC ticks on average, ", report.least, " to ", report.most,
        "\nBesides, the clock has driven ", report.beats, " round trips since ping started.\n");
    prompt();
}

void Shell::crash(std::string_view argument)
{
    for (auto const& it : misdeeds) {
        if (argument != it.name) continue;
        if (supervisor_.start(supervisor_.program(Id::crasher), static_cast<u64>(it.misdeed)))
            waiting_ = Waiting::crasher;
        return;
    }
    console_.print("crash how? One of: wild priv loop stack flood\n");
}

void Shell::kill(std::string_view argument)
{
    for (Program& it : supervisor_.programs()) {
        if (argument != it.definition->name) continue;
        if (it.runs())
            supervisor_.kill(it);
        else
            console_.print("It does not run.\n");
        return;
    }
    console_.print("kill whom? 'ps' lists the programs.\n");
}

void Shell::on_end(Id id)
{
    bool const over = (waiting_ == Waiting::crasher && id == Id::crasher) ||
                      (waiting_ == Waiting::ping && (id == Id::ping || id == Id::pong));
    // A new `echo` or driver knows nothing of the prompt of the old one.
    if (!over && id != Id::echo && id != Id::uart16550) return;
    if (waiting_ == Waiting::ping && over) console_.print("No answer from ping any more.\n");
    if (over) waiting_ = Waiting::nothing;
    if (waiting_ == Waiting::nothing) prompt();
    if (waiting_ == Waiting::flush) shared_.echo_flush().signal();
}

void Shell::list_programs()
{
    console_.print(Left{"program", 12}, Left{"state", 10},
                   "priority    CPU ms  restarts  memory KiB\n");
    sys::SchedContext const own{abi::slot_init_thread_sc};
    static u64 own_cpu_us = 0;
    if (auto const used = own.consumed()) own_cpu_us += *used;
    console_.print(Left{"root", 12}, Left{"runs", 10}, Right{abi::max_priority, 8},
                   Right{own_cpu_us / 1000, 10}, Right{0, 10}, "           -\n");
    for (Program& it : supervisor_.programs()) {
        it.count_cpu_time();
        console_.print(Left{it.definition->name, 12}, Left{it.runs() ? "runs" : "stopped", 10},
                       Right{it.definition->priority, 8}, Right{it.cpu_us / 1000, 10},
                       Right{it.restarts(), 10}, Right{it.objects.bytes() / 1024, 12}, "\n");
    }
}

void Shell::list_contexts()
{
    console_.print(Left{"context of", 12}, "priority  budget us  period us  share\n");
    for (Program const& it : supervisor_.programs()) {
        Definition const& definition = *it.definition;
        u64 const percent = definition.budget_us * 100 / definition.period_us;
        console_.print(Left{definition.name, 12}, Right{definition.priority, 8},
                       Right{definition.budget_us, 11}, Right{definition.period_us, 11});
        if (percent == 100)
            console_.print("  takes turns\n");
        else
            console_.print("  at most ", percent, " %\n");
    }
}

void Shell::leave(PowerSwitch::Deed deed)
{
    deed_ = deed;
    waiting_ = Waiting::flush;
    console_.print(deed == PowerSwitch::Deed::off ? "Switching the machine off.\n"
                                                  : "Rebooting.\n");
    shared_.echo_flush().signal();
}

void Shell::on_flushed()
{
    if (waiting_ != Waiting::flush) return;
    waiting_ = Waiting::nothing;
    console_.wait_until_sent();
    power_.perform(deed_);
    console_.print(
        "This machine has no such switch that we know of. It may be switched off now.\n");
    prompt();
}

void Shell::prompt()
{
    console_.print("hypercore> ");
    shared_.echo_prompt().signal();
}

} // namespace root

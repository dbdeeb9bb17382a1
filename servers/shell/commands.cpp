// The table of commands, and how a line becomes calls of them.
#include "servers/shell/shell.hpp"

namespace shell {

namespace {

constexpr Command table[] = {
    // name, arguments, help, words least and most, --json, programs, function
    {"help", "[COMMAND]", "this list, or one command", 0, 1, false, false, help},
    {"ps", "", "programs: state, CPU time, level, memory, restarts", 0, 0, true, false, ps},
    {"caps", "NAME", "what a program holds", 1, 1, true, true, caps},
    {"devices", "", "devices, their drivers, whether their DMA is contained", 0, 0, true, false,
     devices},
    {"mem", "[NAME]", "the machine's memory, or a program's account", 0, 1, true, true, mem},
    {"sched", "", "priorities, levels and shares of the CPU over half a second", 0, 0, true, false,
     sched},
    {"log", "[-f] [-l LEVEL] [NAME]", "lines logged; -f waits for more, until Ctrl-C", 0, 4, true,
     true, log},
    {"keep", "LEVEL [NAME]", "which lines the log keeps from now on, of all or of one program", 1,
     2, false, true, keep},
    {"crash", "[NAME]", "records of programs that ended, newest first", 0, 1, true, true, crash},
    {"kill", "NAME", "ends a program as a fault would", 1, 1, false, true, kill},
    {"restart", "NAME", "ends a program and starts it, also one that stopped for good", 1, 1, false,
     true, restart},
    {"stress", "cpu|mem|ipc [SIZE]", "starts a load; end it with kill stress-cpu and so on", 1, 2,
     false, false, stress},
    {"trace", "N", "the kernel's next N events, for scripts/trace on the host", 1, 1, false, false,
     trace},
    {"net",
     "[dns | up|down|dhcp NAME | offload NAME on|off | static NAME ADDRESS/PREFIX [GATEWAY [DNS]]]",
     "network interfaces, how they get their addresses; dns: name servers as they are asked", 0, 5,
     true, false, net},
    {"entropy", "", "where random bytes come from", 0, 0, true, false, entropy_sources},
    {"date", "", "wall time, UTC", 0, 0, true, false, date},
    {"uptime", "", "time since boot", 0, 0, true, false, uptime},
    {"ping", "HOST [COUNT]", "echo requests by IPv4, one a second", 1, 2, false, false, ping},
    {"ping6", "HOST [COUNT]", "the same by IPv6", 1, 2, false, false, ping6},
    {"dns", "NAME", "addresses of a name", 1, 1, false, false, dns},
    {"nc", "[-u] HOST PORT | -l [-6] [-u] PORT",
     "a TCP connection to talk over, made or taken, or UDP (-u); Ctrl-D ends our side, Ctrl-C all",
     1, 4, false, false, nc},
    {"httpget", "[-q] URL", "what a web server answers, its length and SHA-256; -q: only these", 1,
     2, false, false, httpget},
    {"iperf", "-s [-u1V] | -c HOST [-uV] [-b RATE] [-l BYTES] [-t SECONDS|-n BYTES] [-p PORT]",
     "throughput against another machine's iperf 2; -1: one client; Ctrl-C ends it", 1, 12, true,
     false, iperf_command},
    {"upload", "on|off|list|stop NAME", "programs over HTTP: once, with a token; who uploaded what",
     1, 2, true, false, upload},
    {"echo", "[TEXT ...]", "says it", 0, Words::max_words, false, false, echo},
    {"clear", "", "clears the screen", 0, 0, false, false, clear},
    {"poweroff", "", "switches the machine off", 0, 0, false, false, power_off},
    {"reboot", "", "starts the machine again", 0, 0, false, false, reboot},
};

Command const* lookup(std::string_view name)
{
    for (Command const& each : table)
        if (each.name == name) return &each;
    return nullptr;
}

constexpr std::string_view error_text(Error error)
{
    switch (error) {
    case Error::ok:
        return "no error";
    case Error::invalid_cap:
        return "we hold no such capability";
    case Error::wrong_type:
        return "a capability of another kind";
    case Error::missing_rights:
        return "not allowed";
    case Error::bad_argument:
        return "bad argument";
    case Error::out_of_range:
        return "out of range";
    case Error::slot_occupied:
        return "in use";
    case Error::no_memory:
        return "no memory";
    case Error::not_supported:
        return "not supported";
    case Error::truncated:
        return "truncated";
    case Error::corrupt:
        return "corrupt";
    case Error::not_found:
        return "not found";
    case Error::interrupted:
        return "interrupted: it may have happened";
    case Error::server_died:
        return "the server died";
    case Error::absent:
        return "nobody serves this now";
    case Error::busy:
        return "busy";
    }
    return "unknown error";
}

} // namespace

std::span<Command const> commands()
{
    return table;
}

int Shell::run(std::string_view line)
{
    int status = 0;
    while (!line.empty()) {
        Words words = next_command(line);
        if (words.bad) {
            out.print("a quote is not closed, or there are more than {} words\r\n",
                      Words::max_words);
            return wrong_use;
        }
        if (words.count > 0) status = run_one(words);
        if (status == interrupted) break;
    }
    return status;
}

int Shell::run_one(Words& words)
{
    Command const* const command = lookup(words[0]);
    if (command == nullptr) {
        out.print("{}: no such command (help shows all)\r\n", words[0]);
        return not_a_command;
    }
    json = command->json && words.take("--json");
    if (words.count - 1 < command->least || words.count - 1 > command->most) {
        out.print("usage: {} {}{}\r\n", command->name, command->arguments,
                  command->json ? " [--json]" : "");
        return wrong_use;
    }
    return command->run(*this, words);
}

int Shell::fail(std::string_view what, Error why)
{
    out.print("{}: {}\r\n", what, error_text(why));
    return failed;
}

u64 Shell::find(std::string_view wanted)
{
    monitor::Find::Args args{};
    for (usize i = 0; i < wanted.size() && i + 1 < sizeof args.name; ++i) args.name[i] = wanted[i];
    auto answer = monitor<monitor::Find>(args);
    if (answer) return answer->program;
    fail(wanted, answer.error());
    return ~u64{0};
}

std::string_view Shell::name(u64 program)
{
    auto answer = monitor<monitor::ProgramInfo>({program});
    if (!answer) return "?";
    named_ = *answer;
    return text_of(named_.name);
}

int help(Shell& shell, Words& words)
{
    for (Command const& each : table) {
        if (words.count > 1 && each.name != words[1]) continue;
        text::Line<120> usage;
        text::format(usage, "{} {}", each.name, each.arguments);
        shell.out.print("{<32}  {}{}\r\n", usage.view(), each.help, each.json ? " [--json]" : "");
        if (words.count > 1) return 0;
    }
    if (words.count == 1) return 0;
    shell.out.print("{}: no such command\r\n", words[1]);
    return failed;
}

int echo(Shell& shell, Words& words)
{
    for (usize i = 1; i < words.count; ++i) {
        if (i > 1) shell.out.write(" ");
        shell.out.write(words[i]);
    }
    shell.out.write("\r\n");
    return 0;
}

int clear(Shell& shell, Words&)
{
    shell.out.write("\x1b[H\x1b[2J");
    return 0;
}

} // namespace shell

// Commands about programs: ps, caps, sched, kill, restart, stress.
#include "servers/shell/shell.hpp"

namespace shell {

namespace {

using monitor::ProgramInfo;
using observe::kind_name;
using observe::state_name;

std::string_view holding_name(u64 kind)
{
    constexpr std::string_view grants[] = {
        "?",    "serve",    "reply",  "wake",   "call",   "signal",  "shared",     "shared (read)",
        "pool", "pool DMA", "number", "memory", "device", "monitor", "own signal",
    };
    constexpr std::string_view needs[] = {"?",         "ports",       "registers",
                                          "interrupt", "interrupt",   "interrupt",
                                          "HPET",      "framebuffer", "DMA"};
    if (kind >= 0x100 && kind - 0x100 < std::size(needs)) return needs[kind - 0x100];
    return kind < std::size(grants) ? grants[kind] : "?";
}

/// A dash for who is not in the feedback class.
text::Value level_of(ProgramInfo::Reply const& info)
{
    return info.flags & composition::flag_feedback ? text::value(info.level) : text::value("-");
}

} // namespace

int ps(Shell& shell, Words&)
{
    constexpr usize for_people = 9; // the rest is for who computes with it
    Table table{shell.out,
                {{"name", 14},
                 {"kind", 7},
                 {"state", 10},
                 {"prio", 4, true},
                 {"level", 5, true},
                 {"cpu", 7, true},
                 {"memory", 7, true},
                 {"restarts", 8, true},
                 {"recovery", 8, true},
                 {"recoveries", 8, true},
                 {"recovery-min", 8, true},
                 {"recovery-max", 8, true},
                 {"recovery-sum", 8, true}},
                shell.json,
                shell.json ? Table::max_columns : for_people};
    Error const end = shell.observer.for_each_program([&](u64, ProgramInfo::Reply const& info) {
        u64 bytes = info.fixed_bytes;
        if (auto account = shell.memory<memory::SpaceStatistics>({info.space}))
            bytes += (account->resident + account->tables) * 4096;
        table.row({text::value(text_of(info.name)), text::value(kind_name(info.kind)),
                   text::value(state_name(info.state)), text::value(info.priority), level_of(info),
                   text::time(info.cpu_us), text::size(bytes), text::value(info.restarts),
                   text::time(info.recovery_us), text::value(info.recoveries),
                   text::time(info.least_recovery_us), text::time(info.most_recovery_us),
                   text::time(info.sum_recovery_us)});
    });
    table.end();
    return end == Error::ok ? 0 : shell.fail("ps", end);
}

namespace {

/// What a holding is about, in words.
void describe(text::Writer& out, monitor::Holding::Reply const& it)
{
    constexpr u64 ports = 0x100 + static_cast<u64>(composition::NeedKind::ports);
    out.write(holding_name(it.kind));
    if (it.kind == ports)
        text::format(out, ", {} to {}", text::hex(it.value), text::hex(it.value + it.bytes - 1));
    else if (it.bytes > 0)
        text::format(out, ", {} at {}", text::size(it.bytes), text::hex(it.address));
    else if (it.value > 0)
        text::format(out, ", {}", text::hex(it.value));
    if (it.slot > 0) text::format(out, ", slot {}", it.slot);
}

/// Holdings that begin alike ("console.signal", "console.shared") belong together; a server's are
/// apart by client ("log.3.shared").
std::string_view edge_of(std::string_view name)
{
    auto const dot = name.rfind('.');
    return dot < name.size() ? name.substr(0, dot) : std::string_view{};
}

/// The branch of the tree that is being shown, and who is at its other end.
struct Branch {
    char edge[monitor::name_bytes] = {};
    u64 peer = composition::no_index; ///< no_index: nobody

    bool is(std::string_view name) const { return text_of(edge) == name; }
    void begin(std::string_view name, u64 with)
    {
        for (usize i = 0; i < sizeof edge; ++i) edge[i] = i < name.size() ? name[i] : 0;
        peer = with;
    }
};

/// Numbers say something about other holdings; they are no authority.
bool is_number(u64 kind)
{
    return kind == static_cast<u64>(composition::GrantKind::number);
}

int caps_json(Shell& shell, u64 program)
{
    Table table{shell.out,
                {{"kind", 1}, {"name", 1}, {"slot", 1}, {"peer", 1}, {"value", 1}, {"bytes", 1}},
                true};
    for (u64 index = 0;; ++index) {
        auto it = shell.monitor<monitor::Holding>({program, index});
        if (!it) {
            table.end();
            return it.error() == Error::not_found ? 0 : shell.fail("caps", it.error());
        }
        bool const peer = it->peer < composition::max_programs;
        table.row({text::value(holding_name(it->kind)), text::value(text_of(it->name)),
                   text::value(it->slot),
                   text::value(peer ? shell.name(it->peer) : std::string_view{}),
                   text::value(it->value), text::value(it->bytes)});
    }
}

} // namespace

int caps(Shell& shell, Words& words)
{
    u64 const program = shell.find(words[1]);
    if (program == ~u64{0}) return failed;
    if (shell.json) return caps_json(shell, program);
    shell.out.print("{}\r\n", words[1]);
    Branch told, shown; // of whom a peer was said, and what was printed last
    for (u64 index = 0;; ++index) {
        auto it = shell.monitor<monitor::Holding>({program, index});
        if (!it) return it.error() == Error::not_found ? 0 : shell.fail("caps", it.error());
        std::string_view const name = text_of(it->name), own_edge = edge_of(name);
        if (name.ends_with(".peer")) told.begin(own_edge, it->value);
        if (is_number(it->kind)) continue;
        if (!shown.is(own_edge)) {
            shown.begin(own_edge, told.is(own_edge) ? told.peer : u64{composition::no_index});
            bool const has_peer = shown.peer < composition::max_programs;
            if (!own_edge.empty())
                shell.out.print("├─ {}{}{}\r\n", own_edge, has_peer ? ": " : "",
                                has_peer ? shell.name(shown.peer) : std::string_view{});
        }
        text::Line<100> words_of_it;
        describe(words_of_it, *it);
        shell.out.print("{}{<20} {}\r\n", own_edge.empty() ? "├─ " : "│  ├─ ", name,
                        words_of_it.view());
    }
}

int sched(Shell& shell, Words&)
{
    constexpr u64 milliseconds = 500;
    static u64 before[composition::max_programs]; // CPU time of each at the first look
    for (u64& each : before) each = 0;
    Error end = shell.observer.for_each_program(
        [&](u64 program, ProgramInfo::Reply const& info) { before[program] = info.cpu_us; });
    if (end != Error::ok) return shell.fail("sched", end);
    u64 const from = shell.out.clock().now();
    if (!shell.out.sleep(milliseconds)) return shell.fail("sched: no time", Error::interrupted);
    u64 const microseconds = (shell.out.clock().now() - from) / 1000 + 1;
    Table table{shell.out,
                {{"name", 14},
                 {"state", 10},
                 {"prio", 4, true},
                 {"level", 5, true},
                 {"cpu", 7, true},
                 {"permille", 8, true}},
                shell.json};
    end = shell.observer.for_each_program([&](u64 program, ProgramInfo::Reply const& info) {
        u64 const used = info.cpu_us > before[program] ? info.cpu_us - before[program] : 0;
        table.row({text::value(text_of(info.name)), text::value(state_name(info.state)),
                   text::value(info.priority), level_of(info), text::time(info.cpu_us),
                   text::value(used * 1000 / microseconds)});
    });
    table.end();
    return end == Error::ok ? 0 : shell.fail("sched", end);
}

int kill(Shell& shell, Words& words)
{
    u64 const program = shell.find(words[1]);
    if (program == ~u64{0}) return failed;
    auto const done = shell.monitor<monitor::Kill>({program});
    return done ? 0 : shell.fail(words[1], done.error());
}

int restart(Shell& shell, Words& words)
{
    u64 const program = shell.find(words[1]);
    if (program == ~u64{0}) return failed;
    auto const done = shell.monitor<monitor::Restart>({program});
    return done ? 0 : shell.fail(words[1], done.error());
}

int stress(Shell& shell, Words& words)
{
    text::Line<monitor::name_bytes> name;
    text::format(name, "stress-{}", words[1]);
    u64 megabytes = 1;
    std::string_view size = words[2];
    if (size.ends_with('M')) size.remove_suffix(1);
    if (words.count > 2 && !text::parse(size, megabytes)) {
        shell.out.print("{}: not a size in MiB\r\n", words[2]);
        return wrong_use;
    }
    u64 const program = shell.find(name.view());
    if (program == ~u64{0}) return failed;
    auto const done = shell.monitor<monitor::Start>({program, megabytes});
    return done ? 0 : shell.fail(name.view(), done.error());
}

} // namespace shell

// Commands about what happened: log and crash.
#include "servers/shell/shell.hpp"
#include "json/writer.hpp"

namespace shell {

namespace {

constexpr std::string_view levels[] = {"error", "warning", "info", "debug"};

/// The number of a level; false after saying which there are.
bool parse_level(Shell& shell, std::string_view name, u64& number)
{
    for (u64 level = 0; level < std::size(levels); ++level) {
        if (name != levels[level]) continue;
        number = level;
        return true;
    }
    shell.out.write("the levels are error, warning, info, debug\r\n");
    return false;
}

/// What `log` was asked for.
struct Wanted {
    u64 program = ~u64{0}, level = 3;
    bool follow = false, bad = false;
};

Wanted parse_log(Shell& shell, Words& words)
{
    Wanted wanted;
    wanted.follow = words.take("-f");
    for (usize i = 1; i < words.count; ++i) {
        if (words[i] != "-l") {
            wanted.program = shell.find(words[i]);
            wanted.bad |= wanted.program == ~u64{0};
            continue;
        }
        wanted.bad |= !parse_level(shell, words[++i], wanted.level);
    }
    return wanted;
}

std::string_view words_of(log_protocol::Read::Reply const& line)
{
    return {line.text, line.length < sizeof line.text ? line.length : sizeof line.text};
}

void show_line(Shell& shell, log_protocol::Read::Reply const& line)
{
    std::string_view const words = words_of(line);
    if (line.level & log_protocol::continuation) return shell.out.print("{<27}{}\r\n", "", words);
    u64 const level = line.level & 3;
    std::string_view const colour = level == 0 ? "\x1b[91m" : level == 1 ? "\x1b[93m" : "";
    shell.out.print("{>4}.{0>3} {<16}  {}{}{}\r\n", line.time_us / 1'000'000,
                    line.time_us / 1000 % 1000, shell.name(line.program), colour, words,
                    colour.empty() ? "" : "\x1b[m");
}

int log_json(Shell& shell, Wanted const& wanted)
{
    Table table{shell.out, {{"us", 1}, {"program", 1}, {"level", 1}, {"text", 1}}, true};
    for (u64 from = 1;;) {
        auto line = shell.log<log_protocol::Read>({from, wanted.program, wanted.level});
        if (!line || line->number == 0) {
            table.end();
            return line ? 0 : shell.fail("log", line.error());
        }
        from = line->number + 1;
        table.row({text::value(line->time_us), text::value(shell.name(line->program)),
                   text::value(levels[line->level & 3]), text::value(words_of(*line))});
    }
}

int log_lines(Shell& shell, Wanted const& wanted)
{
    for (u64 from = 1;;) {
        auto line = shell.log<log_protocol::Read>({from, wanted.program, wanted.level});
        if (!line) return shell.fail("log", line.error());
        if (line->number != 0) {
            from = line->number + 1;
            show_line(shell, *line);
        }
        if (shell.out.interrupted()) return interrupted;
        if (line->number != 0) continue;
        if (!wanted.follow) return 0;
        shell.out.wait(); // the log server signals at the next line, the console at the next key
    }
}

} // namespace

int log(Shell& shell, Words& words)
{
    Wanted const wanted = parse_log(shell, words);
    if (wanted.bad) return wrong_use;
    if (shell.json && wanted.follow) {
        shell.out.write("log: --json shows what is there, without -f\r\n");
        return wrong_use;
    }
    return shell.json ? log_json(shell, wanted) : log_lines(shell, wanted);
}

int keep(Shell& shell, Words& words)
{
    u64 level = 0, program = ~u64{0};
    if (!parse_level(shell, words[1], level)) return wrong_use;
    if (words.count > 2) {
        program = shell.find(words[2]);
        if (program == ~u64{0}) return failed;
    }
    auto const done = shell.log<log_protocol::Filter>({program, level});
    return done ? 0 : shell.fail("keep", done.error());
}

namespace {

constexpr std::string_view reasons[] = {"?", "fault", "no heartbeat", "exit", "killed"};
constexpr std::string_view registers[] = {"rip", "rsp", "rflags", "rax", "rbx", "rcx", "rdx",
                                          "rsi", "rdi", "rbp",    "r8",  "r9",  "r10", "r11",
                                          "r12", "r13", "r14",    "r15", "fs",  "gs"};

std::string_view reason_name(monitor::CrashRecord::Reply const& record)
{
    return record.reason < std::size(reasons) ? reasons[record.reason] : reasons[0];
}

/// An address, and the function of that program which it lies in. behind: 1 for where a call
/// returns to, since it may be its function's last instruction.
void show_place(Shell& shell, std::string_view lead, u64 program, u64 address, u64 behind)
{
    auto symbol = shell.monitor<monitor::Symbol>({program, address - behind});
    shell.out.print("  {<12}{<12}", lead, text::hex(address));
    if (symbol)
        shell.out.print(" {}+{}", text_of(symbol->name), text::hex(symbol->offset + behind));
    shell.out.write("\r\n");
}

void show_crash(Shell& shell, monitor::CrashRecord::Reply const& record)
{
    shell.out.print("{} (instance {}): {} after {}; successor ready after {}\r\n",
                    shell.name(record.program), record.epoch, reason_name(record),
                    text::time(record.time_us), text::time(record.recovery_us));
    shell.out.print("  fault {}, words", record.label);
    for (u64 i = 0; i < 5; ++i) shell.out.print(" {}", text::hex(record.word[i]));
    for (usize i = 0; i < std::size(registers); ++i)
        shell.out.print("{}{>7} {}", i % 4 == 0 ? "\r\n" : "", registers[i],
                        text::hex(record.registers[i], 16));
    shell.out.write("\r\n");
    show_place(shell, "in", record.program, record.registers[0], 0);
    for (u64 const address : record.backtrace) {
        if (address == 0) break;
        show_place(shell, "called from", record.program, address, 1);
    }
    std::string_view lines = text_of(record.log);
    if (!lines.empty()) shell.out.write("  last lines:\r\n");
    while (!lines.empty()) {
        auto const end = lines.find('\n');
        std::string_view const line{lines.data(), end < lines.size() ? end : lines.size()};
        shell.out.print("    {}\r\n", line);
        lines.remove_prefix(end < lines.size() ? end + 1 : lines.size());
    }
}

/// A list of numbers in JSON, up to the first zero if `ends_at_zero`.
void write_numbers(Shell& shell, std::span<u64 const> numbers, bool ends_at_zero)
{
    shell.out.write("[");
    for (usize i = 0; i < numbers.size() && !(ends_at_zero && numbers[i] == 0); ++i)
        shell.out.print("{}{}", i > 0 ? ", " : "", numbers[i]);
    shell.out.write("]");
}

/// The function that an address lies in, "" where nobody knows, in JSON.
void write_function(Shell& shell, u64 program, u64 address)
{
    auto symbol = shell.monitor<monitor::Symbol>({program, address});
    json::write_string(shell.out, symbol ? text_of(symbol->name) : std::string_view{});
}

/// The record as an object. The functions are those of "rip" and then of the backtrace.
void crash_json(Shell& shell, monitor::CrashRecord::Reply const& record)
{
    shell.out.write("{\"name\": ");
    json::write_string(shell.out, shell.name(record.program));
    shell.out.print(", \"instance\": {}, \"reason\": ", record.epoch);
    json::write_string(shell.out, reason_name(record));
    shell.out.print(", \"ended\": {}, \"recovery\": {}, \"fault\": {}, \"words\": ", record.time_us,
                    record.recovery_us, record.label);
    write_numbers(shell, record.word, false);
    shell.out.write(", \"registers\": {");
    for (usize i = 0; i < std::size(registers); ++i)
        shell.out.print("{}\"{}\": {}", i > 0 ? ", " : "", registers[i], record.registers[i]);
    shell.out.write("}, \"backtrace\": ");
    write_numbers(shell, record.backtrace, true);
    shell.out.write(", \"functions\": [");
    write_function(shell, record.program, record.registers[0]);
    for (u64 const address : record.backtrace) {
        if (address == 0) break;
        shell.out.write(", ");
        write_function(shell, record.program, address - 1); // the call, not where it returns to
    }
    shell.out.write("], \"log\": ");
    json::write_string(shell.out, text_of(record.log));
    shell.out.write("}");
}

/// The manifest's words, as the crash record promises them.
void show_manifest(Shell& shell, u64 program)
{
    shell.out.write("  its manifest:\r\n    ");
    for (u64 offset = 0;;) {
        auto part = shell.monitor<monitor::Manifest>({program, offset});
        if (!part || part->length == 0 || part->length > sizeof part->text) break;
        offset += part->length;
        for (u64 i = 0; i < part->length; ++i) {
            if (part->text[i] == '\n')
                shell.out.write("\r\n    ");
            else
                shell.out.write({&part->text[i], 1});
        }
    }
    shell.out.write("\r\n");
}

} // namespace

int crash(Shell& shell, Words& words)
{
    u64 program = ~u64{0};
    if (words.count > 1) {
        program = shell.find(words[1]);
        if (program == ~u64{0}) return failed;
    }
    for (u64 index = 0;; ++index) {
        auto record = shell.monitor<monitor::CrashRecord>({program, index});
        if (!record && record.error() != Error::not_found)
            return shell.fail("crash", record.error());
        if (!record) {
            if (shell.json)
                shell.out.write(index == 0 ? "[]\r\n" : "]\r\n");
            else if (index == 0)
                shell.out.write("no program ended\r\n");
            break;
        }
        if (shell.json) {
            shell.out.write(index == 0 ? "[" : ",\r\n");
            crash_json(shell, *record);
        } else {
            show_crash(shell, *record);
        }
        if (shell.out.interrupted()) return interrupted;
    }
    if (shell.json) return 0;
    if (program != ~u64{0}) show_manifest(shell, program);
    return 0;
}

} // namespace shell

// Commands about the machine: devices, mem, time, entropy, power.
#include "clock/calendar.hpp"
#include "servers/shell/shell.hpp"

namespace shell {

namespace {

/// Hex without a prefix.
void write_hex(text::Writer& out, u64 value, unsigned digits)
{
    while (digits-- > 0) out.write("0123456789abcdef"[value >> 4 * digits & 15]);
}

/// "0:0xfebd4000+0x1000": number, address and size of each BAR.
void write_bars(text::Writer& out, device::Describe::Reply const& device)
{
    for (unsigned i = 0; i < std::size(device.bar); ++i)
        if (device.bar_size[i] != 0)
            text::format(out, "{}{}:{}+{}", out.view().empty() ? "" : " ", i,
                         text::hex(device.bar[i]), text::hex(device.bar_size[i]));
}

} // namespace

int devices(Shell& shell, Words&)
{
    Table table{shell.out,
                {{"bus", 8},
                 {"where", 8},
                 {"id", 9},
                 {"class", 8},
                 {"driver", 12},
                 {"dma", 13},
                 {"what", 44},
                 {"memory", 40}},
                shell.json};
    for (u64 index = 0;; ++index) {
        auto device = shell.device<device::Describe>({index});
        if (!device) {
            table.end();
            return device.error() == Error::not_found ? 0 : shell.fail("devices", device.error());
        }
        bool const pci = device->bus == static_cast<u64>(composition::Bus::pci);
        text::Line<16> where, id, code;
        if (pci) {
            write_hex(where, device->function >> 8, 2);
            where.write(':');
            write_hex(where, device->function >> 3 & 31, 2);
            where.write('.');
            write_hex(where, device->function & 7, 1);
            write_hex(id, device->vendor, 4);
            id.write(':');
            write_hex(id, device->device, 4);
            write_hex(code, device->class_code, 6);
        }
        text::Line<160> bars;
        write_bars(bars, *device);
        bool const driven = device->driver < composition::max_programs;
        table.row({text::value(pci ? "pci" : "platform"), text::value(where.view()),
                   text::value(id.view()), text::value(code.view()),
                   text::value(driven ? shell.name(device->driver) : std::string_view{}),
                   text::value(!device->dma_contained ? "not contained"
                               : pci                  ? "contained"
                                                      : ""),
                   text::value(text_of(device->text)), text::value(bars.view())});
    }
}

namespace {

int account(Shell& shell, std::string_view name)
{
    u64 const program = shell.find(name);
    if (program == ~u64{0}) return failed;
    auto info = shell.monitor<monitor::ProgramInfo>({program});
    if (!info) return shell.fail(name, info.error());
    auto it = shell.memory<memory::SpaceStatistics>({info->space});
    if (!it) return shell.fail(name, it.error());
    Table table{shell.out,
                {{"quota", 7, true},
                 {"resident", 8, true},
                 {"large", 5, true},
                 {"tables", 7, true},
                 {"swapped", 7, true},
                 {"faults", 7, true},
                 {"zeroed", 7, true},
                 {"copied", 7, true},
                 {"evicted", 7, true},
                 {"swap-ins", 8, true}},
                shell.json};
    auto const pages = [](u64 count) { return text::size(count * 4096); };
    table.row({pages(it->quota), pages(it->resident), text::value(it->large), pages(it->tables),
               pages(it->swapped), text::value(it->faults), text::value(it->zero_fills),
               text::value(it->copies), text::value(it->evictions), text::value(it->swap_ins)});
    table.end();
    return 0;
}

} // namespace

int mem(Shell& shell, Words& words)
{
    if (words.count > 1) return account(shell, words[1]);
    auto it = shell.memory<memory::MachineStatistics>({});
    if (!it) return shell.fail("mem", it.error());
    Table table{shell.out,
                {{"total", 7, true},
                 {"free", 7, true},
                 {"objects", 7, true},
                 {"shared", 7, true},
                 {"swap", 7, true},
                 {"swap-used", 9, true}},
                shell.json};
    auto const pages = [](u64 count) { return text::size(count * 4096); };
    table.row({pages(it->total), pages(it->free), pages(it->kernel_objects), pages(it->shared),
               pages(it->swap_total), pages(it->swap_used)});
    table.end();
    return 0;
}

namespace {

/// A time: in words for people; with --json the microseconds too, under `since`.
int show_time(Shell& shell, std::string_view name, std::string_view words, std::string_view since,
              u64 microseconds)
{
    if (!shell.json) {
        shell.out.print("{}\r\n", words);
        return 0;
    }
    Table table{shell.out, {{name, 1}, {since, 1}}, true};
    table.row({text::value(words), text::time(microseconds)});
    table.end();
    return 0;
}

} // namespace

int date(Shell& shell, Words&)
{
    auto const& clock = shell.out.clock();
    if (!clock.is_set()) return shell.fail("date", Error::absent);
    u64 const wall_us = clock.wall() / 1000;
    auto const now = calendar::date_of(static_cast<i64>(wall_us / 1'000'000));
    text::Line<40> words;
    text::format(words, "{}-{0>2}-{0>2} {0>2}:{0>2}:{0>2} UTC", now.year, now.month, now.day,
                 now.hour, now.minute, now.second);
    return show_time(shell, "date", words.view(), "since-1970", wall_us);
}

int uptime(Shell& shell, Words&)
{
    auto const& clock = shell.out.clock();
    if (!clock.is_set()) return shell.fail("uptime", Error::absent);
    u64 const now_us = clock.now() / 1000;
    u64 const seconds = now_us / 1'000'000;
    text::Line<40> words;
    if (seconds >= 86400) text::format(words, "{} d ", seconds / 86400);
    text::format(words, "{0>2}:{0>2}:{0>2}.{0>3}", seconds / 3600 % 24, seconds / 60 % 60,
                 seconds % 60, now_us / 1000 % 1000);
    return show_time(shell, "uptime", words.view(), "since-boot", now_us);
}

int entropy_sources(Shell& shell, Words&)
{
    auto it = shell.entropy<entropy::Sources>({});
    if (!it) return shell.fail("entropy", it.error());
    Table table{shell.out,
                {{"rdrand", 7, true},
                 {"rdseed", 7, true},
                 {"device", 7, true},
                 {"jitter", 7, true},
                 {"reseeds", 7, true},
                 {"seeded", 6, true}},
                shell.json};
    table.row({text::value(it->rdrand), text::value(it->rdseed), text::value(it->device),
               text::value(it->jitter), text::value(it->reseeds), text::value(it->seeded)});
    table.end();
    return 0;
}

namespace {

int power(Shell& shell, u64 again)
{
    shell.out.drain(); // what was printed is worth reading
    auto const answer = shell.device<device::Power>({again});
    return shell.fail("the machine did not obey", answer.error());
}

} // namespace

int power_off(Shell& shell, Words&)
{
    return power(shell, 0);
}

int reboot(Shell& shell, Words&)
{
    return power(shell, 1);
}

} // namespace shell

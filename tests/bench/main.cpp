// A root server that prints how many instructions the kernel's operations take: lines
// `bench: <name> min=<n> median=<n>` and the same as JSON. Uses the harness of tests/kernel, but
// prints through I/O ports (port_console.hpp). bench.hpp: what an operation is; stopwatch.hpp: how
// it is measured.
#include "port_console.hpp"
#include "runtime/runtime.hpp"
#include "stopwatch.hpp"

namespace bench {

constinit Overhead overhead{};

namespace {

struct Figure {
    char const* name;
    Word least, median;
};
constexpr Word max_figures = 48, figures_at_once = 3;
constinit Figure figures[max_figures]{};
constinit Word figure_count = 0;

constinit Word samples[figures_at_once][warm_up + rounds]{};
/// The running round; 0 before the first.
constinit Word volatile round = 0;

void sort(std::span<Word> values)
{
    for (Word i = 1; i < values.size(); ++i)
        for (Word j = i; j > 0 && values[j - 1] > values[j]; --j) {
            Word const larger = values[j - 1];
            values[j - 1] = values[j];
            values[j] = larger;
        }
}

} // namespace

void begin(char const*)
{
    round = 0;
    // No sample is 0: one that is missing shows.
    for (auto& each : samples)
        for (Word& value : each) value = 0;
}

bool next_round()
{
    round = round + 1;
    return !finished();
}

bool finished()
{
    return round > warm_up + rounds;
}

void sample(Word instructions, Word figure)
{
    if (round != 0 && !finished()) samples[figure][round - 1] = instructions;
}

void report(char const* name, Word figure)
{
    std::span<Word> const counted{samples[figure] + warm_up, rounds};
    sort(counted);
    if (!finished() || counted.front() == 0) kt::fail(__FILE_NAME__, __LINE__, name);
    report_value(name, counted.front(), counted[rounds / 2]);
}

void report_value(char const* name, Word least, Word median)
{
    kt::print("bench: ", name, " min=", least, " median=", median, "\n");
    if (figure_count >= max_figures) return kt::fail(__FILE_NAME__, __LINE__, "too many figures");
    figures[figure_count++] = {name, least, median};
}

void calibrate()
{
    Stamps one{}, other{};
    hypercore_registers io{};
    // The last reading of each counts: all code has run before.
    for (int i = 0; i < 4; ++i) {
        timed_syscall<seL4_SysCall, false>(io, 0, one);
        timed_fault<false>(other);
        auto const leave_and_arrive = [](Stamps const& stamps) {
            return stamps.after - stamps.before;
        };
        overhead.of[0][0] = leave_and_arrive(one);
        overhead.of[1][1] = leave_and_arrive(other);
        // The halves add up: an arriving `syscall` restores rsp, an arriving fault nothing.
        constexpr u32 restore_rsp = 1;
        overhead.of[0][1] = overhead.of[0][0] - restore_rsp;
        overhead.of[1][0] = overhead.of[1][1] + restore_rsp;
        overhead.around = 0;
        overhead.around = static_cast<u32>(around([] {}));
    }
    kt::print("# subtracted: system call to system call ", overhead.of[0][0], ", fault to fault ",
              overhead.of[1][1], ", around a stub ", overhead.around, "\n");
}

void print_json()
{
    kt::print("bench-json-begin\n{\n");
    for (Word i = 0; i < figure_count; ++i)
        kt::print("  \"", figures[i].name, "\": {\"min\": ", figures[i].least,
                  ", \"median\": ", figures[i].median, i + 1 < figure_count ? "},\n" : "}\n");
    kt::print("}\nbench-json-end\n");
}

} // namespace bench

int main(void* argument)
{
    kt::Word const start = kt::rdtsc(); // instructions since the machine was switched on
    auto const* info = static_cast<seL4_BootInfo const*>(argument);
    bench::open_console(*info);
    kt::harness_init(info);
    bench::calibrate();
    bench::report_value("boot", start, start);
    kt::Suite const suites[] = {bench::ipc_operations, bench::object_operations,
                                bench::scheduling_operations};
    kt::Word count = 0, number = 0;
    for (kt::Suite const suite : suites) count += suite.size();
    kt::print("1..", count, "\n");
    for (kt::Suite const suite : suites)
        for (kt::Case const& test : suite) kt::run_case(test, ++number);
    bench::print_json();
    kt::print("# done\n");
    kt::end_machine();
    return 0;
}

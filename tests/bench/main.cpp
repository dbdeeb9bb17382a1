// A root server that prints how many instructions the kernel's operations take: lines
// `bench: <name> min=<n> median=<n>` and the same as JSON. Uses the harness of tests/kernel.
#include "bench.hpp"

#include "port_console.hpp"
#include "runtime/runtime.hpp"

namespace bench {

namespace {

struct Figure {
    char const* name;
    Word least, median;
};
constexpr Word max_figures = 40;
constinit Figure figures[max_figures]{};
constinit Word figure_count = 0;

constinit Word samples[rounds + warm_up]{};
constinit Word sample_count = 0, overhead = 0;
constinit Word volatile started = 0;

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

void begin()
{
    sample_count = 0;
}

void start()
{
    started = kt::rdtsc();
}

void stop()
{
    Word const end = kt::rdtsc();
    if (sample_count < std::size(samples)) samples[sample_count++] = end - started - overhead;
}

bool enough()
{
    return sample_count >= std::size(samples);
}

void report(char const* name)
{
    if (!enough()) kt::fail(__FILE_NAME__, __LINE__, "samples are missing");
    std::span<Word> const counted{samples + warm_up, rounds};
    sort(counted);
    Figure const figure{name, counted.front(), counted[rounds / 2]};
    kt::print("bench: ", name, " min=", figure.least, " median=", figure.median, "\n");
    if (figure_count < max_figures) figures[figure_count++] = figure;
}

void calibrate()
{
    overhead = 0;
    begin();
    while (!enough()) {
        start();
        stop();
    }
    sort(samples);
    overhead = samples[0];
    kt::print("# an empty measurement takes ", overhead, "\n");
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
    auto const* info = static_cast<seL4_BootInfo const*>(argument);
    bench::open_console(*info);
    kt::harness_init(info);
    bench::calibrate();
    kt::print("1..", bench::operations.size(), "\n");
    kt::Word number = 0;
    for (kt::Case const& test : bench::operations) kt::run_case(test, ++number);
    bench::print_json();
    kt::print("# done\n");
    kt::end_machine();
    return 0;
}

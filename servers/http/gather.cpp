// See gather.hpp. Who does not answer leaves its part empty: the page says so.
#include "servers/http/gather.hpp"

namespace http_server {

void Gatherer::gather(Resource resource, Facts& facts)
{
    facts.uptime_us = clock_.now() / 1000;
    facts.seconds = clock_.wall() / 1'000'000'000;
    bool const all = resource == Resource::status;
    bool const accounts = all || resource == Resource::programs || resource == Resource::memory;
    if (resource != Resource::network) programs(facts, accounts);
    if (all || resource == Resource::interrupts) interrupts(facts);
    if (all || resource == Resource::memory) {
        facts.machine = {};
        if (auto machine = observer_.memory<memory::MachineStatistics>({}))
            facts.machine = *machine;
    }
    if (all || resource == Resource::network) network(facts);
    if (all) log(facts);
}

void Gatherer::programs(Facts& facts, bool accounts)
{
    facts.programs = 0;
    (void)observer_.for_each_program([&](u64 index, monitor::ProgramInfo::Reply const& info) {
        if (index >= Facts::max_programs) return;
        ProgramFacts& program = facts.program[index];
        program.info = info;
        program.memory = {};
        facts.programs = static_cast<u32>(index) + 1;
        if (!accounts) return;
        if (auto account = observer_.memory<memory::SpaceStatistics>({info.space}))
            program.memory = *account;
    });
}

/// Only drivers have any.
void Gatherer::interrupts(Facts& facts)
{
    facts.interrupts = 0;
    for (u32 i = 0; i < facts.programs; ++i) {
        if (facts.program[i].info.kind != static_cast<u64>(composition::Kind::driver)) continue;
        auto const it = observer_.monitor<monitor::Interrupts>({i});
        if (!it) continue;
        for (u64 k = 0; k < it->count && facts.interrupts < Facts::max_interrupts; ++k)
            facts.interrupt[facts.interrupts++] = {i, it->line[k]};
    }
}

void Gatherer::network(Facts& facts)
{
    using netconf::Netconf;
    facts.interfaces = 0;
    facts.network = {};
    auto settings = program::call<Netconf, netconf::GetSettings>(self_, netconf_, {});
    facts.has_network = static_cast<bool>(settings);
    if (!settings) return;
    facts.network = *settings;
    while (facts.interfaces < Facts::max_interfaces) {
        auto it =
            program::call<Netconf, netconf::GetInterface>(self_, netconf_, {facts.interfaces});
        if (!it) return;
        facts.interface[facts.interfaces++] = *it;
    }
}

/// What came since the last time.
void Gatherer::log(Facts& facts)
{
    using log_protocol::LogRead;
    constexpr u64 any = ~u64{0}, debug = static_cast<u64>(log_protocol::Level::debug);
    for (;;) {
        auto line =
            program::call<LogRead, log_protocol::Read>(self_, log_, {next_record_, any, debug});
        if (!line || line->number == 0) return;
        next_record_ = line->number + 1;
        facts.line[facts.next_line++ % Facts::log_lines] = *line;
    }
}

} // namespace http_server

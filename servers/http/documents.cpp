// See documents.hpp. Sizes are bytes, times microseconds, as in the shell's --json.
#include "servers/http/documents.hpp"

#include "net/address.hpp"
#include "observe/observer.hpp"
#include "json/writer.hpp"
#include <span>

namespace http_server {

namespace {

using observe::text_of;

constexpr u64 page_bytes = 4096;

template <usize N> std::string_view name_of(std::string_view const (&names)[N], u32 number)
{
    return number < N ? names[number] : "?";
}

bool is_feedback(monitor::ProgramInfo::Reply const& info)
{
    return (info.flags & composition::flag_feedback) != 0;
}

/// A member that is an array of objects: each writes the members of one.
template <class Item, class Each>
void write_objects(json::Writer& out, std::string_view name, std::span<Item> items, Each&& each)
{
    out.name(name);
    out.begin_array();
    for (Item& item : items) {
        out.begin_object();
        each(item);
        out.end_object();
    }
    out.end_array();
}

std::span<ProgramFacts const> programs_of(Facts const& facts)
{
    return {facts.program, facts.programs};
}

/// What the scheduler goes by, and what came of it. No level outside the feedback class.
void write_turn(json::Writer& out, monitor::ProgramInfo::Reply const& info)
{
    out.member("state", observe::state_name(info.state));
    out.member("priority", info.priority);
    out.member("class", is_feedback(info) ? "feedback" : "fixed");
    out.name("level");
    if (is_feedback(info))
        out.number(info.level);
    else
        out.null();
    out.member("cpu_us", info.cpu_us);
}

void write_programs(json::Writer& out, Facts const& facts)
{
    write_objects(out, "programs", programs_of(facts), [&](ProgramFacts const& program) {
        auto const& info = program.info;
        auto const& memory = program.memory;
        out.member("name", text_of(info.name));
        out.member("file", text_of(info.file));
        out.member("kind", observe::kind_name(info.kind));
        write_turn(out, info);
        out.member("epoch", info.epoch);
        out.member("restarts", info.restarts);
        out.member("recovery_us", info.recovery_us);
        out.member("memory", info.fixed_bytes + (memory.resident + memory.tables) * page_bytes);
        out.member("swapped", memory.swapped * page_bytes);
    });
}

void write_accounts(json::Writer& out, Facts const& facts)
{
    write_objects(out, "programs", programs_of(facts), [&](ProgramFacts const& program) {
        auto const& account = program.memory;
        out.member("name", text_of(program.info.name));
        out.member("quota", account.quota * page_bytes);
        out.member("resident", account.resident * page_bytes);
        out.member("tables", account.tables * page_bytes);
        out.member("swapped", account.swapped * page_bytes);
        out.member("fixed", program.info.fixed_bytes);
        out.member("faults", account.faults);
        out.member("zeroed", account.zero_fills);
        out.member("copied", account.copies);
        out.member("evicted", account.evictions);
        out.member("swap_ins", account.swap_ins);
    });
}

void write_scheduler(json::Writer& out, Facts const& facts)
{
    write_objects(out, "programs", programs_of(facts), [&](ProgramFacts const& program) {
        out.member("name", text_of(program.info.name));
        write_turn(out, program.info);
    });
}

void write_interrupts(json::Writer& out, Facts const& facts)
{
    std::span const lines{facts.interrupt, facts.interrupts};
    write_objects(out, "interrupts", lines, [&](InterruptFacts const& it) {
        using composition::NeedKind;
        text::Line<32> source;
        if (it.line.need == static_cast<u64>(NeedKind::irq_isa))
            text::format(source, "ISA {}", it.line.source);
        else
            source.write(it.line.need == static_cast<u64>(NeedKind::irq_hpet) ? "HPET" : "PCI");
        out.member("program", text_of(facts.program[it.program].info.name));
        out.member("name", text_of(it.line.name));
        out.member("source", source.view());
        out.member("served", it.line.served);
    });
}

void write_machine_memory(json::Writer& out, Facts const& facts)
{
    auto const& machine = facts.machine;
    out.member("total", machine.total * page_bytes);
    out.member("free", machine.free * page_bytes);
    out.member("kernel_objects", machine.kernel_objects * page_bytes);
    out.member("shared", machine.shared * page_bytes);
    out.member("swap_total", machine.swap_total * page_bytes);
    out.member("swap_used", machine.swap_used * page_bytes);
}

void write_address(json::Writer& out, net::Address const& address, u32 prefix)
{
    text::Line<48> line;
    net::write_address(line, address);
    if (prefix <= 128) text::format(line, "/{}", prefix);
    out.string(line.view());
}

constexpr u32 no_prefix = ~u32{0};

void write_hardware_address(json::Writer& out, u8 const (&address)[8])
{
    constexpr std::string_view digits = "0123456789abcdef";
    text::Line<18> line;
    for (u32 i = 0; i < 6; ++i) {
        if (i > 0) line.write(':');
        line.write(digits[address[i] >> 4]);
        line.write(digits[address[i] & 15]);
    }
    out.member("hardware_address", line.view());
}

void write_addresses(json::Writer& out, netconf::GetInterface::Reply const& it)
{
    out.name("addresses");
    out.begin_array();
    for (u32 i = 0; i < it.address_count && i < netconf::addresses_per_interface; ++i)
        write_address(out, it.address[i], it.prefix[i]);
    out.end_array();
    out.name("gateways");
    out.begin_array();
    for (net::Address const& each : {it.gateway4, it.gateway6})
        if (!net::is_any(each)) write_address(out, each, no_prefix);
    out.end_array();
}

void write_interface(json::Writer& out, netconf::GetInterface::Reply const& it)
{
    constexpr std::string_view media[] = {"ethernet", "wifi", "bluetooth", "loopback"};
    constexpr std::string_view states[] = {"no driver", "down", "no link", "configuring", "up"};
    constexpr std::string_view methods[] = {"none", "dhcp", "fixed"};
    out.member("name", text_of(it.name));
    out.member("model", text_of(it.model));
    out.member("medium", name_of(media, it.medium));
    out.member("state", name_of(states, it.state));
    out.member("method", name_of(methods, it.method));
    out.member("mtu", it.mtu);
    out.member("speed_mbit", it.speed_mbit);
    out.member("full_duplex", it.full_duplex != 0);
    out.member("epoch", it.epoch);
    write_hardware_address(out, it.hardware_address);
    write_addresses(out, it);
    out.member("received_frames", it.received_frames);
    out.member("received_bytes", it.received_bytes);
    out.member("received_dropped", it.received_dropped);
    out.member("received_errors", it.received_errors);
    out.member("sent_frames", it.sent_frames);
    out.member("sent_bytes", it.sent_bytes);
    out.member("sent_errors", it.sent_errors);
    out.member("interrupts", it.interrupts);
    out.member("device_resets", it.device_resets);
    out.member("driver_changes", it.driver_changes);
}

void write_network(json::Writer& out, Facts const& facts)
{
    auto const& settings = facts.network;
    out.member("available", facts.has_network);
    out.member("host_name", text_of(settings.host_name));
    out.name("name_servers");
    out.begin_array();
    for (u32 i = 0; i < settings.name_servers && i < std::size(settings.name_server); ++i)
        write_address(out, settings.name_server[i], no_prefix);
    out.end_array();
    out.member("lease_left_seconds", settings.lease_left_seconds);
    out.member("pool_used", settings.memory_used);
    out.member("pool_size", settings.memory_size);
    out.member("tcp_connections", settings.tcp_connections);
    out.member("tcp_retransmitted", settings.tcp_retransmitted);
    out.member("refused_by_rule", settings.refused_by_rule);
    std::span const interfaces{facts.interface, facts.interfaces};
    write_objects(out, "interfaces", interfaces, [&](auto const& it) { write_interface(out, it); });
}

void write_log(json::Writer& out, Facts const& facts)
{
    constexpr std::string_view levels[] = {"error", "warning", "info", "debug"};
    out.name("log");
    out.begin_array();
    u64 const kept = facts.next_line < Facts::log_lines ? facts.next_line : Facts::log_lines;
    for (u64 i = facts.next_line - kept; i < facts.next_line; ++i) {
        auto const& line = facts.line[i % Facts::log_lines];
        usize const length = line.length < sizeof line.text ? line.length : sizeof line.text;
        out.begin_object();
        out.member("number", line.number);
        out.member("us", line.time_us);
        out.member("program", text_of(line.name));
        out.member("level", levels[line.level & 3]);
        out.member("text", std::string_view{line.text, length});
        out.end_object();
    }
    out.end_array();
}

void write_server(json::Writer& out, Facts const& facts)
{
    out.name("http");
    out.begin_object();
    out.member("connections", facts.connections);
    out.member("requests", facts.requests);
    out.member("refused", facts.refused);
    out.end_object();
}

void write_status(json::Writer& out, Facts const& facts)
{
    write_programs(out, facts);
    write_interrupts(out, facts);
    out.name("memory");
    out.begin_object();
    write_machine_memory(out, facts);
    out.end_object();
    out.name("network");
    out.begin_object();
    write_network(out, facts);
    out.end_object();
    write_log(out, facts);
    write_server(out, facts);
}

} // namespace

void write_document(text::Writer& out, Resource resource, Facts const& facts)
{
    json::Writer json{out};
    json.begin_object();
    json.member("uptime_us", facts.uptime_us);
    json.name("time");
    if (facts.seconds > 0)
        json.number(facts.seconds);
    else
        json.null();
    switch (resource) {
    case Resource::status:
        write_status(json, facts);
        break;
    case Resource::programs:
        write_programs(json, facts);
        break;
    case Resource::memory:
        write_machine_memory(json, facts);
        write_accounts(json, facts);
        break;
    case Resource::network:
        write_network(json, facts);
        break;
    case Resource::scheduler:
        write_scheduler(json, facts);
        break;
    case Resource::interrupts:
        write_interrupts(json, facts);
        break;
    case Resource::page:
    case Resource::count:
        break;
    }
    json.end_object();
}

} // namespace http_server

// See monitor_service.hpp.
#include "monitor_service.hpp"

#include "crash_report.hpp"
#include <algorithm>
#include <cstring>

namespace supervisor {

namespace {

template <usize N> void copy_name(char (&to)[N], char const (&from)[composition::name_bytes])
{
    static_assert(N == composition::name_bytes);
    std::memcpy(to, from, N);
}

} // namespace

/// Differs for each instance of each program.
u64 MonitorService::instance(Managed const& program) const
{
    return u64{program.index + 1} << 32 | lifecycle_.epoch(program);
}

void MonitorService::end_trace_without_reader()
{
    u64 const reader = events_.reader();
    if (reader == 0) return;
    Managed const* const it = lifecycle_.find((reader >> 32) - 1);
    if (!it->runs() || instance(*it) != reader) (void)events_.detach();
}

auto MonitorService::on(monitor::ProgramInfo, monitor::ProgramInfo::Args const& args, rpc::Client)
    -> Answer<monitor::ProgramInfo>
{
    Managed* const it = lifecycle_.find(args.program);
    if (!it) return Error::not_found;
    if (it->runs() || it->member) (void)it->count_cpu_time();
    monitor::ProgramInfo::Reply reply{};
    copy_name(reply.name, it->definition->name);
    copy_name(reply.file, it->definition->file);
    reply.kind = static_cast<u64>(it->definition->kind);
    reply.state = static_cast<u64>(lifecycle_.state(*it));
    reply.priority = it->definition->priority;
    reply.level = it->level;
    reply.epoch = lifecycle_.epoch(*it);
    reply.restarts = it->restarts;
    reply.cpu_us = it->cpu_us;
    reply.space = it->space();
    reply.recovery_us = it->recoveries.last;
    reply.recoveries = it->recoveries.count;
    reply.least_recovery_us = it->recoveries.least;
    reply.most_recovery_us = it->recoveries.most;
    reply.sum_recovery_us = it->recoveries.sum;
    reply.flags = it->definition->flags;
    reply.fixed_bytes = it->member ? it->member->bytes : 0;
    return reply;
}

auto MonitorService::on(monitor::Find, monitor::Find::Args const& args, rpc::Client)
    -> Answer<monitor::Find>
{
    u32 const index = system_.find(composition::text(args.name));
    if (index == composition::no_index) return Error::not_found;
    return monitor::Find::Reply{index};
}

auto MonitorService::on(monitor::Holding, monitor::Holding::Args const& args, rpc::Client)
    -> Answer<monitor::Holding>
{
    constexpr u64 need_kinds = 0x100;
    Managed const* const it = lifecycle_.find(args.program);
    if (!it) return Error::not_found;
    auto const grants = system_.grants(*it->definition);
    auto const needs = system_.needs(*it->definition);
    monitor::Holding::Reply reply{};
    u64 held = 0; // grants before: those that a slot's program lacks do not count
    for (composition::Grant const& grant : grants) {
        if (it->is_slot() && it->uses.leave_out(grants, grant)) continue;
        if (held++ != args.index) continue;
        copy_name(reply.name, grant.name);
        reply.kind = static_cast<u64>(grant.kind);
        reply.slot = grant.slot;
        reply.peer = grant.peer == composition::no_index ? ~u64{0} : grant.peer;
        reply.value = grant.value;
        reply.address = grant.address;
        reply.bytes = grant.bytes;
        return reply;
    }
    if (args.index - held >= needs.size()) return Error::not_found;
    composition::Need const& need = needs[args.index - held];
    copy_name(reply.name, need.name);
    reply.kind = need_kinds + static_cast<u64>(need.kind);
    reply.slot = need.slot;
    reply.peer = ~u64{0};
    reply.value = need.first;
    reply.address = need.address;
    reply.bytes = need.kind == composition::NeedKind::ports ? need.last - need.first + 1 : 0;
    return reply;
}

auto MonitorService::on(monitor::Kill, monitor::Kill::Args const& args, rpc::Client who)
    -> Answer<monitor::Kill>
{
    Managed* const it = TRY(restartable<monitor::Kill>(args.program, who));
    if (!it->runs()) return Error::not_found;
    return monitor::Kill::Reply{lifecycle_.kill(*it)};
}

auto MonitorService::on(monitor::Restart, monitor::Restart::Args const& args, rpc::Client who)
    -> Answer<monitor::Restart>
{
    Managed* const it = TRY(restartable<monitor::Restart>(args.program, who));
    if (it->runs()) lifecycle_.kill(*it);
    TRY(lifecycle_.start(*it, it->parameter));
    return monitor::Restart::Reply{};
}

auto MonitorService::on(monitor::Start, monitor::Start::Args const& args, rpc::Client who)
    -> Answer<monitor::Start>
{
    Managed* const it = TRY(restartable<monitor::Start>(args.program, who));
    if (it->runs() || it->due) return Error::busy;
    TRY(lifecycle_.start(*it, args.parameter));
    return monitor::Start::Reply{};
}

auto MonitorService::on(monitor::CrashRecord, monitor::CrashRecord::Args const& args, rpc::Client)
    -> Answer<monitor::CrashRecord>
{
    Crash const* const record = crashes_.find(args.program, args.index);
    if (!record) return Error::not_found;
    return *record;
}

auto MonitorService::on(monitor::Manifest, monitor::Manifest::Args const& args, rpc::Client)
    -> Answer<monitor::Manifest>
{
    Managed const* const it = lifecycle_.find(args.program);
    if (!it) return Error::not_found;
    std::string_view const words = system_.manifest(*it->definition);
    monitor::Manifest::Reply reply{};
    if (args.offset >= words.size()) return reply;
    reply.length = std::min<u64>(words.size() - args.offset, sizeof reply.text);
    std::memcpy(reply.text, words.data() + args.offset, reply.length);
    return reply;
}

auto MonitorService::on(monitor::Events, monitor::Events::Args const& args, rpc::Client who)
    -> Answer<monitor::Events>
{
    if (args.on == 0) {
        TRY(events_.detach());
        return monitor::Events::Reply{0};
    }
    Managed const* const reader = lifecycle_.find(who.badge);
    if (!reader || !reader->runs()) {
        lifecycle_.refusals().monitor_refuses<monitor::Events>(who.badge, who.badge);
        return Error::missing_rights;
    }
    return monitor::Events::Reply{TRY(events_.attach(reader->process, instance(*reader)))};
}

auto MonitorService::on(monitor::ThreadName, monitor::ThreadName::Args const& args, rpc::Client)
    -> Answer<monitor::ThreadName>
{
    for (Managed const& it : lifecycle_.programs())
        if ((it.runs() || it.member) && it.thread() != 0 && it.thread() == args.thread)
            return monitor::ThreadName::Reply{it.index};
    if (args.thread != 0 && args.thread == clock_thread_)
        return monitor::ThreadName::Reply{system_.header().supervisor};
    return Error::not_found;
}

auto MonitorService::on(monitor::Symbol, monitor::Symbol::Args const& args, rpc::Client)
    -> Answer<monitor::Symbol>
{
    Managed const* const it = lifecycle_.find(args.program);
    if (!it) return Error::not_found;
    auto const table = symbols_of(archive_, *it->definition);
    auto const place = table ? table->find(args.address) : std::nullopt;
    if (!place) return Error::not_found;
    monitor::Symbol::Reply reply{};
    std::memcpy(reply.name, place->name.data(), place->name.size());
    reply.offset = place->offset;
    return reply;
}

auto MonitorService::on(monitor::Interrupts, monitor::Interrupts::Args const& args, rpc::Client)
    -> Answer<monitor::Interrupts>
{
    Managed const* const it = lifecycle_.find(args.program);
    if (!it) return Error::not_found;
    monitor::Interrupts::Reply reply{};
    if (!it->status) return reply; // of the trusted base
    for (composition::Need const& need : system_.needs(*it->definition)) {
        if (!composition::is_interrupt(need.kind) || reply.count == std::size(reply.line)) continue;
        auto const& served = it->status->served[reply.count]; // bits are in the order of needs
        auto& line = reply.line[reply.count++];
        copy_name(line.name, need.name);
        line.need = static_cast<u64>(need.kind);
        line.source = need.kind == composition::NeedKind::irq_isa ? need.first : 0;
        line.served = served.load(std::memory_order_relaxed);
    }
    return reply;
}

void MonitorService::refuse(rpc::Client who, rpc::Message& message)
{
    lifecycle_.refusals().monitor_refuses(message.label & 0xffff, who.badge);
    message.label = static_cast<u64>(Error::missing_rights);
    message.words = 0;
}

} // namespace supervisor

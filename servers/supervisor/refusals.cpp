// See refusals.hpp.
#include "refusals.hpp"

#include "protocol/memory.hpp"

namespace supervisor {

namespace {

/// Calls by their numbers in the protocol.
constexpr std::string_view memory_calls[] = {
    "Allocate",    "Free",          "Statistics", "SpaceStatistics", "MachineStatistics",
    "CreateSpace", "DestroySpace",  "MapArchive", "MapAnonymous",    "CreateObject",
    "MapObject",   "DestroyObject", "MapFrame",   "TakeUntyped",     "ReturnUntyped",
    "Fill",        "TakeFrame",     "NextFault",  "ResumeFault",     "AttachSwap",
    "Peek",        "MapVictim",     "Sweep",      "NextRefusal",     "MapImage",
    "Seal"};
constexpr std::string_view device_calls[] = {"Attach",   "Detach", "Present",     "NextEvent",
                                             "Describe", "Power",  "Acknowledge", "NextRefusal"};
constexpr std::string_view monitor_calls[] = {
    "ProgramInfo", "Find",   "Holding",    "Kill",  "Restart", "CrashRecord",
    "Manifest",    "Events", "ThreadName", "Start", "Symbol",  "Interrupts"};
static_assert(std::size(memory_calls) == memory::Memory::calls);
static_assert(std::size(device_calls) == device::Device::calls);
static_assert(std::size(monitor_calls) == monitor::Monitor::calls);

std::string_view call_in(std::span<std::string_view const> names, u64 number)
{
    return number < names.size() ? names[number] : "?";
}

std::string_view why(u64 error)
{
    return error == static_cast<u64>(Error::no_memory) ? ": its quota or the machine has no room"
                                                       : ": it has no right to that";
}

} // namespace

void RefusalLog::collect(std::span<Managed const> programs)
{
    composition::Header const& header = system_.header();
    auto const owner = [&](u64 space) -> u64 {
        for (Managed const& it : programs)
            if (it.runs() && it.process.space() == space) return it.index;
        return composition::no_index;
    };
    rpc::Channel const memory{memory_manager_};
    while (ask_memory_) {
        auto it = rpc::call<memory::Memory, memory::NextRefusal>(memory, {});
        ask_memory_ = it && it->count != 0;
        if (ask_memory_)
            refused(header.memory_manager, owner(it->who), call_in(memory_calls, it->call), *it);
    }
    while (ask_devices_) {
        auto const it = devices_.next_refusal();
        ask_devices_ = it.count != 0;
        if (ask_devices_)
            refused(header.device_manager, it.who, call_in(device_calls, it.call), it);
    }
}

void RefusalLog::on_clock()
{
    if (u64 const count = limit_.withheld(time_.now_us()))
        report_.problem(count, " more calls were refused, without a line for each");
}

std::string_view RefusalLog::monitor_call(u64 number)
{
    return call_in(monitor_calls, number);
}

std::string_view RefusalLog::name(u64 program) const
{
    return program < system_.programs().size()
               ? composition::text(system_.program(static_cast<u32>(program)).name)
               : std::string_view{"others"};
}

void RefusalLog::refused(u32 server, u64 who, std::string_view call, rpc::Refusal const& it,
                         std::string_view target)
{
    if (!limit_.allows(time_.now_us(), it.count)) return;
    kit::Text<48> times;
    if (it.count > 1) times.add(" (", it.count, " times)");
    report_.problem(name(server), " refuses '", name(who), "' ", call, target.empty() ? "" : " of ",
                    target, why(it.error), times.view());
}

} // namespace supervisor

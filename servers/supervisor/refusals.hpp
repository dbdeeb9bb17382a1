// Tells people what programs were refused: by memory-manager and device-manager, which keep it
// until they are asked, and by our own protocol `monitor`. A line says who, by whom and what; a
// program that tries without end gets a few lines a second, the rest is counted.
#pragma once

#include "devices.hpp"
#include "managed.hpp"
#include "protocol/monitor.hpp"
#include "refusal_limit.hpp"
#include "report.hpp"
#include "time.hpp"

namespace supervisor {

class RefusalLog {
public:
    RefusalLog(composition::Reader const& system, Report& report, Devices const& devices,
               sys::Endpoint memory_manager, Time time)
        : system_{system}, report_{report}, devices_{devices},
          memory_manager_{memory_manager}, time_{time}
    {
    }

    /// A signal came that may have been for a refusal.
    void memory_signalled() { ask_memory_ = true; }
    void devices_signalled() { ask_devices_ = true; }
    /// Asks whoever may have something to tell. Before a space goes, since its number says who.
    void collect(std::span<Managed const> programs);
    /// A tick: tells how many lines were left out, once there is room for that.
    void on_clock();
    /// Program `who` was refused monitor call C on program `target`.
    template <class C> void monitor_refuses(u64 who, u64 target)
    {
        refused(system_.header().supervisor, who, monitor_call(rpc::number_of<Monitor, C>()),
                {who, 0, static_cast<u64>(Error::missing_rights), 1}, name(target));
    }

    /// The same of a call by its number, on nobody in particular.
    void monitor_refuses(u64 call, u64 who)
    {
        refused(system_.header().supervisor, who, monitor_call(call),
                {who, call, static_cast<u64>(Error::missing_rights), 1});
    }

private:
    using Monitor = monitor::Monitor;
    static std::string_view monitor_call(u64 number);
    std::string_view name(u64 program) const;
    void refused(u32 server, u64 who, std::string_view call, rpc::Refusal const& refusal,
                 std::string_view target = {});

    composition::Reader const& system_;
    Report& report_;
    Devices const& devices_;
    sys::Endpoint memory_manager_;
    Time time_;
    RefusalLimit limit_;
    bool ask_memory_ = false, ask_devices_ = false;
};

} // namespace supervisor

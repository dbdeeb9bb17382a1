// Serves libs/protocol/monitor.hpp: programs as the monitor shell sees them. Whoever holds a
// capability for it has the right `monitor` or `observer`; everything it sends is checked here.
#pragma once

#include "event_ring.hpp"
#include "lifecycle.hpp"

namespace supervisor {

class MonitorService {
    composition::Reader const& system_;
    Lifecycle& lifecycle_;
    CrashStore& crashes_;
    EventRing& events_;
    std::span<u8 const> archive_;
    u64 clock_thread_ = 0;

public:
    MonitorService(composition::Reader const& system, Lifecycle& lifecycle, CrashStore& crashes,
                   EventRing& events, std::span<u8 const> archive)
        : system_{system}, lifecycle_{lifecycle}, crashes_{crashes}, events_{events}, archive_{
                                                                                          archive}
    {
    }

    template <class C> using Answer = Result<typename C::Reply>;
    Answer<monitor::ProgramInfo> on(monitor::ProgramInfo, monitor::ProgramInfo::Args const& args,
                                    rpc::Client);
    Answer<monitor::Find> on(monitor::Find, monitor::Find::Args const& args, rpc::Client);
    Answer<monitor::Holding> on(monitor::Holding, monitor::Holding::Args const& args, rpc::Client);
    Answer<monitor::Kill> on(monitor::Kill, monitor::Kill::Args const& args, rpc::Client who);
    Answer<monitor::Restart> on(monitor::Restart, monitor::Restart::Args const& args,
                                rpc::Client who);
    Answer<monitor::CrashRecord> on(monitor::CrashRecord, monitor::CrashRecord::Args const& args,
                                    rpc::Client);
    Answer<monitor::Manifest> on(monitor::Manifest, monitor::Manifest::Args const& args,
                                 rpc::Client);
    Answer<monitor::Events> on(monitor::Events, monitor::Events::Args const& args, rpc::Client who);
    Answer<monitor::ThreadName> on(monitor::ThreadName, monitor::ThreadName::Args const& args,
                                   rpc::Client);
    Answer<monitor::Symbol> on(monitor::Symbol, monitor::Symbol::Args const& args, rpc::Client);
    Answer<monitor::Start> on(monitor::Start, monitor::Start::Args const& args, rpc::Client who);
    Answer<monitor::Interrupts> on(monitor::Interrupts, monitor::Interrupts::Args const& args,
                                   rpc::Client);
    /// Answers a call for which the caller's right is too small.
    void refuse(rpc::Client who, rpc::Message& message);

    /// The number of our second thread in the kernel's event ring.
    void clock_is(u64 thread) { clock_thread_ = thread; }
    /// After programs may have ended: nobody pays for events that nobody reads.
    void end_trace_without_reader();

private:
    u64 instance(Managed const& program) const;
    /// A program that may be ended and started, for call C. @error not_found, missing_rights
    template <class C> Result<Managed*> restartable(u64 program, rpc::Client who)
    {
        Managed* const it = lifecycle_.find(program);
        if (!it) return Error::not_found;
        if (!it->is_trusted()) return it;
        lifecycle_.refusals().monitor_refuses<C>(who.badge, program);
        return Error::missing_rights;
    }
};

} // namespace supervisor

// The supervisor: makes every program but the trusted base, hears of their ends, replaces them
// (docs/architecture/system.md, "When a program ends"), and serves libs/protocol/monitor.hpp. It
// never waits for a program: it Calls memory-manager, device-manager and root, which all answer at
// once, and receives. Read inventory.hpp and lifecycle.hpp next.
#include "clock.hpp"
#include "cpio/cpio.hpp"
#include "guest_service.hpp"
#include "monitor_service.hpp"
#include "program/program.hpp"

namespace {

using namespace supervisor;

/// What root gave us.
handover::Supervision const& given()
{
    return *reinterpret_cast<handover::Supervision const*>(handover::address);
}
std::span<u8 const> archive()
{
    return {reinterpret_cast<u8 const*>(handover::archive_address), given().archive_bytes};
}

class Supervisor {
    composition::Reader const& system_;
    Report report_{sys::Endpoint{given().root_endpoint}};
    Slots slots_{given()};
    Inventory inventory_{given(), system_, slots_};
    Devices devices_{slots_.device_manager()};
    CrashStore crashes_;
    EventRing events_{given(), slots_};
    Lifecycle lifecycle_{{given(), system_, inventory_, slots_, devices_, report_, crashes_,
                          Time{given().tsc_mhz, given().tsc_at_entry}, archive()}};
    GuestService<Lifecycle> guests_{lifecycle_};
    MonitorService monitor_{system_, lifecycle_, crashes_, events_, archive()};

public:
    explicit Supervisor(composition::Reader const& system) : system_{system} {}

    Report& report() { return report_; }

    /// Makes what outlives the programs, the clock, and then the programs.
    Result<void> begin(program::Program const& self)
    {
        if (!slots_.slot(slots_.device_manager())
                 .mint_from(slots_.cnode().slot(given().device_endpoint), device::manager))
            return Error::invalid_cap;
        TRY(inventory_.make());
        report_.open_log(self);
        TRY(lifecycle_.prepare());
        u32 const index = system_.header().supervisor;
        composition::Program const& us = system_.program(index);
        auto const file = cpio::find(archive(), composition::text(us.file));
        if (!file || !*file) return Error::not_found;
        auto const image = spawn::make_image(archive(), (*file)->data);
        if (!image) return Error::corrupt;
        monitor_.clock_is(TRY(start_clock(given(), slots_, *image, us.priority, index)));
        lifecycle_.start_all();
        return {};
    }

    [[noreturn]] void serve(sys::Endpoint endpoint, sys::Reply reply)
    {
        static constinit rpc::Message message{};
        sys::Received received = endpoint.receive(reply);
        for (;;) {
            if (received.badge & rpc::signal_bit) {
                on_signals(received.badge);
                received = endpoint.receive(reply);
                continue;
            }
            rpc::from_kernel(received, message);
            serve_call(rpc::Client{received.badge}, message);
            on_signals(0);
            received = endpoint.reply_receive(rpc::to_kernel(message), reply);
        }
    }

private:
    /// A capability to our endpoint alone does not say for which of the two protocols it is: the
    /// caller's rights do.
    void serve_call(rpc::Client client, rpc::Message& message)
    {
        Managed const* const caller = lifecycle_.find(client.badge);
        if (caller && (caller->definition->flags & composition::flag_uploader))
            rpc::dispatch(guests::Guests{}, guests_, client, message);
        else if (caller && !(caller->definition->flags & composition::flag_monitor) &&
                 !monitor::only_looks(message.label))
            monitor_.refuse(client, message);
        else
            rpc::dispatch(monitor::Monitor{}, monitor_, client, message);
    }
    /// Handles signals, those that come meanwhile too, and starts whom that made due.
    void on_signals(u64 bits)
    {
        constexpr u64 known = rpc::signal_bit | handover::memory_event | handover::device_event |
                              handover::clock_event;
        do {
            if (bits & ~known) lifecycle_.on_status();
            if (bits & handover::memory_event) lifecycle_.on_faults();
            if (bits & handover::device_event) lifecycle_.on_devices();
            if (bits & handover::clock_event) lifecycle_.on_clock();
            lifecycle_.start_due();
            bits = lifecycle_.take_signals();
        } while (bits != 0);
        monitor_.end_trace_without_reader();
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    auto const file = cpio::find(archive(), "system");
    if (!file || !*file) return 1; // root, which read it too, tells that we ended
    auto const system = composition::Reader::open((*file)->data);
    if (!system) return 2;
    static composition::Reader const description = *system;
    static Supervisor supervisor{description};
    if (auto const begun = supervisor.begin(self); !begun) {
        supervisor.report().problem("cannot begin: error ", static_cast<u64>(begun.error()));
        return 3;
    }
    supervisor.serve(self.endpoint(), self.reply());
}

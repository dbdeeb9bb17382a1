// The life of every program but the trusted base: from its start to `ready`, its end by fault,
// exit, hang or order, and its successor. docs/architecture/system.md, "When a program ends", is
// the order of events that end() keeps. Nothing here waits for a program.
#pragma once

#include "crash_store.hpp"
#include "devices.hpp"
#include "fault/fault_text.hpp"
#include "inventory.hpp"
#include "refusals.hpp"
#include "report.hpp"
#include "states.hpp"
#include "time.hpp"

namespace supervisor {

class Lifecycle {
public:
    /// What the life of programs needs. All of it outlives us.
    struct Parts {
        handover::Supervision const& given;
        composition::Reader const& system;
        Inventory& inventory;
        Slots& slots;
        Devices const& devices;
        Report& report;
        CrashStore& crashes;
        Time time;
        std::span<u8 const> archive;
    };
    explicit Lifecycle(Parts const& parts);

    /// Prepares for all programs. @error no_memory and others: the system cannot start
    Result<void> prepare();
    /// Starts what the description says starts by itself, as far as its device is there. The
    /// description has servers before their clients.
    void start_all();

    // What can happen. After each, start_due().
    void on_clock();   ///< 50 ms went by
    void on_faults();  ///< the memory-manager has threads that cannot go on
    void on_devices(); ///< devices came or went
    void on_status();  ///< a program wrote into its status page
    /// Makes the successors whose time has come.
    void start_due();
    /// Signals that arrived while callers of absent programs were answered: to be handled now.
    u64 take_signals();

    /// Ends a program that runs; restart rules apply. Returns the time stamp of its end, the one
    /// that its crash record has too.
    u64 kill(Managed& it) { return end(it, Reason::killed, nullptr); }
    /// Ends a program for good, if it runs or would come back.
    void stop(Managed& it);
    /// Starts a program that does not run, whatever happened before.
    /// @error absent  its device is not there, or nothing was uploaded to it
    /// @error         why it could not be made; the log tells at which step
    Result<void> start(Managed& it, u64 parameter);

    RefusalLog& refusals() { return refusals_; }
    Managed* find(u64 index);
    std::span<Managed> programs() { return {managed_, parts_.system.programs().size()}; }
    program::State state(Managed const& it) const { return states_.state(it.index); }
    u32 epoch(Managed const& it) const { return states_.epoch(it.index); }

private:
    Result<void> make(Managed& it);
    Result<void, spawn::Failure> make_instance(Managed& it);
    u64 end(Managed& it, Reason reason, fault::Message const* fault);
    void end_without_successor(Managed& it);
    void record(Managed& it, Reason reason, fault::Message const* fault);
    void dismantle(Managed& it);
    void decide(Managed& it, Reason reason);
    void on_ready(Managed& it);
    void refuse_callers(Managed const& it);
    void publish(Managed const& it, program::State state);
    void report_boot();
    void report_crashes();
    void sweep();

    Parts parts_;
    States states_;
    RefusalLog refusals_;
    spawn::Maker maker_;
    Managed managed_[composition::max_programs] = {};
    u64 signals_ = 0;
    /// How long the line that ends the boot may be waited for.
    static constexpr u64 patience_us = 5'000'000;
    bool booting_ = true; ///< until all that were started are ready or have ended
    u64 begun_tsc_ = Time::tsc();
};

} // namespace supervisor

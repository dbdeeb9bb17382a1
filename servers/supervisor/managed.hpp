// A program as the supervisor keeps it: its instance if there is one, and its history.
#pragma once

#include "heartbeat.hpp"
#include "policy.hpp"
#include "program/system_page.hpp"
#include "protocol/handover.hpp"
#include "protocol/log.hpp"
#include "recoveries.hpp"
#include "spawn/spawn.hpp"

namespace supervisor {

struct Managed {
    composition::Program const* definition = nullptr;
    u32 index = 0;
    spawn::Process process;                   ///< the instance
    handover::Member const* member = nullptr; ///< of the trusted base: what root has told of it
    spawn::Image image;                       ///< its file, checked before the first start
    sys::Endpoint endpoint; ///< everybody's calls to it queue here, whatever becomes of it
    sys::Notification ask_heartbeat, tell_change; ///< its notification, with one badge bit each
    program::StatusPage* status = nullptr;
    log_protocol::Shared const* log = nullptr; ///< its ring at the log server; null: it has none

    RestartPolicy policy;
    Heartbeat heartbeat;
    u64 parameter = 0;      ///< what monitor::Start gave it
    spawn::Uses uses;       ///< of a slot: what its program may use
    bool described = false; ///< of a slot: guests::Start said what its program may use
    bool ready = false;     ///< this instance has said that it serves
    bool attached = false;  ///< this instance has its device
    bool due = false;       ///< a successor is to be made, at due_us
    u64 due_us = 0;
    u64 begun_tsc = 0; ///< when this instance was begun to be made
    u64 ended_tsc = 0; ///< when the end of the last one was noticed; 0: recovery is over
    u64 cpu_us = 0;    ///< of all its instances
    u64 level = 0;     ///< in the feedback class, when its CPU time was last counted
    u64 restarts = 0;
    Recoveries recoveries; ///< of all its restarts, in microseconds

    bool is_trusted() const { return definition->kind == composition::Kind::trusted; }
    bool is_driver() const { return definition->kind == composition::Kind::driver; }
    /// A slot for uploaded programs.
    bool is_slot() const { return (definition->flags & composition::flag_loader) != 0; }
    bool runs() const { return process.exists(); }
    /// Its number at the memory-manager.
    u64 space() const { return member ? member->space : process.space(); }
    /// Its thread's number in the kernel's event ring; 0: not known.
    u64 thread() const { return member ? member->thread : process.thread(*definition); }
    sys::SchedContext context() const
    {
        return member ? sys::SchedContext{member->context} : process.context();
    }

    /// Adds what its scheduling context has used since the last look; returns that.
    u64 count_cpu_time()
    {
        auto const used = context().usage();
        if (!used) return 0;
        cpu_us += used->microseconds;
        level = used->level;
        return used->microseconds;
    }
};

} // namespace supervisor

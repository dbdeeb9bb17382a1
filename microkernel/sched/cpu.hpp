// All state of one CPU, and the lock that guards it. A Cpu& can be had only from a held
// KernelLock: passing Cpu& is passing the lock. One CPU for now; more will follow with one lock.
#pragma once

#include "object/sched_context.hpp"
#include "sched/ready_queue.hpp"

#ifndef HYPERCORE_DOMAINS
#define HYPERCORE_DOMAINS 1
#endif

namespace mk {

inline constexpr unsigned domain_count = HYPERCORE_DOMAINS;
/// Entries of the domain schedule; one domain needs one, and an end marker behind it.
inline constexpr unsigned domain_schedule_length = domain_count > 1 ? 256 : 2;

/// Longest turn of a domain; what entry 0 has at boot.
inline constexpr Ticks max_domain_duration = (Ticks{1} << 56) - 1;

struct DomainSlice {
    u8 domain;
    Ticks duration; ///< 0: end of the schedule; entry 0 may run for ever
};

struct Cpu {
    Tcb* current = nullptr;
    SchedContext* current_sc = nullptr; ///< charged for the time since the last charge
    /// What schedule() shall do: nothing, look at one candidate, or choose anew.
    enum class Action : u8 {
        resume_current,
        try_candidate,
        choose_new
    } action = Action::resume_current;
    Tcb* candidate = nullptr;
    bool reprogram_timer = false;

    Ticks now = 0;      ///< time of this kernel entry
    Ticks consumed = 0; ///< used by current_sc and not yet charged
    Ticks ticks_per_us = 1;

    ReadyQueues ready[domain_count];
    /// Of the domain whose turn it is.
    ReadyQueues& ready_now() { return ready[domain_count > 1 ? domain : 0]; }
    ReadyQueues const& ready_now() const { return ready[domain_count > 1 ? domain : 0]; }
    Tcb* release_head = nullptr; ///< threads waiting for a refill, soonest first (sched_link)

    u8 domain = 0;
    u16 domain_index = 0, domain_start = 0;
    Ticks domain_left = 0; ///< 0 and one domain: endless
    DomainSlice domain_schedule[domain_schedule_length] = {};

    Tcb idle;
    struct alignas(16) {
        SchedContext sc;
        Refill refill[2];
    } idle_sc;
};

/// Held while the kernel runs. With one CPU and interrupts off it costs nothing.
class KernelLock {
    Cpu& cpu_;

public:
    explicit KernelLock(Cpu& cpu) : cpu_{cpu} {}
    KernelLock(KernelLock const&) = delete;
    Cpu& cpu() const { return cpu_; }
};

/// The state of the CPU that executes this.
extern Cpu boot_cpu;

} // namespace mk

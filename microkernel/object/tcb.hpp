// TCB: one thread. User registers first (entry.S), then FPU state, its capability slots, and what
// scheduling and IPC need. 2 KiB (seL4_TCBBits). State changes go through ipc/ and sched/.
// Source: seL4 manual, "Thread control blocks".
#pragma once

#include "arch_context.hpp"
#include "cap/slot.hpp"
#include "object/fault.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

enum class ThreadState : u8 {
    inactive,
    running,
    restart, ///< runnable; goes on at fault_ip (repeats the system call or instruction)
    blocked_on_receive,
    blocked_on_send,
    blocked_on_reply,
    blocked_on_notification,
    idle,
};

/// A thread's place in a doubly linked queue.
struct Link {
    Tcb* next = nullptr;
    Tcb* prev = nullptr;
};

struct alignas(64) Tcb {
    Context context{};
    alignas(64) u8 fpu[576]{}; ///< XSAVE area, standard format, x87 + SSE

    /// workplace: what this thread's Revoke is taking apart (cap/destroy.hpp)
    enum SlotIndex : u8 { cspace, vspace, ipc_buffer, fault_handler, timeout_handler, workplace };
    Slot slots[tcb_slot_count];

    // --- scheduling ---
    SchedContext* sc = nullptr;
    Link sched_link; ///< in a ready queue or in the release queue
    bool in_ready_queue = false, in_release_queue = false;
    u8 ready_queue = 0; ///< while in_ready_queue: which of its priority's queues
    u64 queued_at = 0;  ///< while in one of level 1 or more: since when (ticks)
    u8 priority = 0, mcp = 0, domain = 0;
    /// Why this thread is not like others: abi TCB flags, and `foreign`, which SetFlags neither
    /// sees nor changes. Fast paths are for threads with no flag at all.
    u8 flags = 0;
    static constexpr u8 fpu_disabled = 1, foreign = 0x80;
    bool is_root_server = false;      ///< the first thread: nobody is above it to hear of its fault
    SchedContext* yield_to = nullptr; ///< waits in YieldTo for this context's thread

    // --- IPC ---
    ThreadState state = ThreadState::inactive;
    bool is_call = false, can_grant = false,
         can_grant_reply = false; ///< of a blocked send; can_grant also of a receive
    Link wait_link;               ///< in an endpoint's or notification's queue; else stale
    void* blocked_on = nullptr;   ///< Endpoint or Notification, by state
    Reply* reply = nullptr;       ///< blocked_on_receive: offered; blocked_on_reply: awaited
    u64 badge = 0;                ///< of a blocked send
    Notification* bound_notification = nullptr;
    Fault fault{};              ///< what it stopped for; kind none while healthy
    u64 ipc_buffer_address = 0; ///< user address

    char name[48] = {}; ///< DebugNameThread

    bool is_runnable() const
    {
        return state == ThreadState::running || state == ThreadState::restart;
    }
    bool is_stopped() const { return !is_runnable() && state != ThreadState::idle; }
    bool is_blocked() const { return is_stopped() && state != ThreadState::inactive; }
    Slot& slot(SlotIndex i) { return slots[i]; }
    Slot const& slot(SlotIndex i) const { return slots[i]; }
};
static_assert(sizeof(Tcb) <= 2048);
static_assert(offsetof(Tcb, context) == 0);

} // namespace mk

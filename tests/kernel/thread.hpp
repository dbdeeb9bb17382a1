// Helper threads and address spaces of a case. A thread's stack, IPC buffer and thread-local
// storage lie in a static pool; its kernel objects lie in the case's untyped and go with it.
#pragma once

#include "harness.hpp"

namespace kt {

/// Priorities: the case itself runs between `below` and `helper`, so a helper that was started has
/// run until it blocked when the case goes on, and one on `below` runs only while the case waits.
inline constexpr Word below_priority = 50;
inline constexpr Word case_priority = 100;
inline constexpr Word helper_priority = 150;

struct ThreadConfig {
    Word priority = helper_priority;
    Word mcp = 0;
    bool passive = false;     ///< no scheduling context
    Word budget_us = 100'000; ///< budget and period; equal: round-robin
    Word period_us = 100'000;
    Word extra_refills = 0;
    Word sc_badge = 0;
    Word sc_flags = 0;
    Slot fault_ep = 0;
    Slot timeout_ep = 0;
    Slot cspace = root_cnode;
    Word cspace_data = 0;
    Slot vspace = root_vspace;
};

using Entry = void (*)(Word argument);

class Thread {
public:
    Slot tcb = 0, sc = 0;
    seL4_IPCBuffer* buffer = nullptr;

    /// Sets the registers for `entry(argument)` and lets the thread run.
    void start(Entry entry, Word argument = 0);
    /// The same without letting it run.
    void prepare(Entry entry, Word argument = 0);
    void resume() const;
    void suspend() const;
    seL4_UserContext registers() const;
    Word stack_top() const { return stack_top_; }

private:
    friend Thread& make_thread(ThreadConfig const& config);
    Word stack_top_ = 0;
    void* local_storage_ = nullptr;
};

/// A thread that is configured, but not started. Lives until the case ends.
Thread& make_thread(ThreadConfig const& config = {});
/// A thread that carries out the operations in order, then waits for ever. Started.
Thread& run_operations(std::span<Operation> operations, ThreadConfig const& config = {});
inline Thread& run_operation(Operation& operation, ThreadConfig const& config = {})
{
    return run_operations({&operation, 1}, config);
}
/// Has an existing thread do that instead of whatever it did.
void rerun(Thread& thread, std::span<Operation> operations);
/// A thread that runs `entry(argument)`. Started.
Thread& spawn(Entry entry, Word argument = 0, ThreadConfig const& config = {});
/// Blocks the calling thread for ever.
[[noreturn]] void sleep_for_ever();
/// For main.cpp: all threads of the pool are free again.
void forget_threads();

/// An address space in which our image is mapped as in ours, and nothing else.
Slot make_vspace();
/// Makes and maps the tables that a page of 2^bits bytes at `address` needs.
void map_tables(Slot vspace, Word address, Word bits = seL4_PageBits);
/// A new frame of that type, mapped with its tables.
Slot map_frame(Slot vspace, Word address, Word type = seL4_X86_4K,
               seL4_CapRights_t frame_rights = seL4_AllRights, Word attributes = 0);
/// A configured scheduling context.
Slot make_sc(Word budget_us, Word period_us, Word extra_refills = 0, Word badge = 0, Word flags = 0,
             Word bits = seL4_MinSchedContextBits);
Slot sched_control();

/// An address of the root VSpace of which no table is mapped: for mapping tests.
inline constexpr Word free_region = 0x100'0000'0000;

} // namespace kt

// The objects that have a capability, found by walking the derivation tree: nothing in the kernel
// counts references, so a pointer to an object is right exactly when the object is in here.
// A table of its own in memory that only debug kernels have; filled anew for each look.
#pragma once

#include "cap/slot.hpp"
#include "check/check.hpp"
#include <span>

namespace mk::check {

/// What is being checked: for the report.
struct Subject {
    char const* kind;
    void const* address;
    void must(bool holds, char const* rule) const
    {
        if (!holds) [[unlikely]]
            violated(kind, address, rule);
    }
};

class Registry {
public:
    static constexpr unsigned capacity = 1u << 15;

    void clear();
    /// `first`: the first slot of the run of capabilities to this object.
    void add(Slot const& first);
    /// The first slot with a capability of this type to this object; null when there is none.
    Slot const* find(CapType type, void const* object) const;
    bool has(CapType type, void const* object) const { return find(type, object) != nullptr; }
    /// One slot for each object, in the order of the tree.
    std::span<Slot const* const> objects() const { return {object_, count_}; }

private:
    struct Bucket {
        unsigned round, index; ///< valid when round is that of the registry
    };
    Bucket bucket_[2 * capacity] = {};
    Slot const* object_[capacity] = {};
    unsigned count_ = 0, round_ = 0;

    static unsigned hash(u64 address) { return unsigned(address >> 4) * 0x9e37'79b1u >> 16; }
    static_assert(2 * capacity == 1u << 16, "hash() answers 16 bits");
};
extern Registry registry;

/// What one look adds up, so that "all of these and no others" is a comparison of two numbers.
struct Totals {
    u64 slots = 0;                         ///< linked in the tree
    u64 waiting = 0, waiting_in_queue = 0; ///< by their state; found in endpoints, notifications
    u64 ready = 0, ready_in_queue = 0;
    u64 released = 0, released_in_queue = 0;
    u64 replies = 0, replies_in_stack = 0;
    u64 handlers[2] = {}; ///< interrupts that have a handler capability, a bit each
};

// --- the areas; all call violated() ---
/// Walks the tree; fills the registry.
void check_tree(Totals& totals, Depth depth);
/// Each object of the registry against what it points to.
void check_thread(Cpu const& cpu, Tcb const& tcb, Totals& totals);
void check_sched_context(Cpu const& cpu, SchedContext const& sc, unsigned size_bits);
void check_reply(Reply const& reply, Totals& totals);
void check_endpoint(Endpoint const& ep, Totals& totals);
void check_notification(Notification const& ntfn, Totals& totals);
/// Ready queues and release queue.
void check_scheduler_queues(Cpu const& cpu, Totals& totals);
/// The CPU's own pointers.
void check_cpu(Cpu const& cpu);
/// The table of interrupts against the handlers that were met.
void check_interrupts(Totals const& totals);
/// Slots outside of the tree; address spaces against capabilities.
void check_slots(Cpu const& cpu, Totals const& totals);
void check_spaces();

/// Two objects that point to each other. `rule` is about a `partner` that has no capability, or
/// does not point back.
template <class A, class B>
void check_partner(Subject const& subject, A const& object, B const* partner, CapType type,
                   A* B::*back, char const* rule)
{
    if (partner == nullptr) return;
    subject.must(registry.has(type, partner) && partner->*back == &object, rule);
}

} // namespace mk::check

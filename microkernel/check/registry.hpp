// The objects that have a capability, found by walking the derivation tree: nothing in the kernel
// counts references, so a pointer to an object is right exactly when the object is in here.
// A table of its own in memory that only debug kernels have; filled anew for each look.
#pragma once

#include "cap/slot.hpp"
#include "check/check.hpp"
#include <span>

namespace mk::check {

using T = CapType; ///< named often here

/// What is being checked: for the report.
struct Subject {
    char const* kind;
    void const* address;
    void operator()(bool holds, char const* rule) const
    {
        if (!holds) [[unlikely]]
            violated(kind, address, rule);
    }
};

/// Values by a key of 64 bits. Open addressing; clearing is starting a new round.
template <class Value, unsigned bits> class Table {
    struct Bucket {
        u64 key;
        unsigned round; ///< valid when it is that of the table
        Value value;
    };
    Bucket bucket_[bit(bits)] = {};
    unsigned count_ = 0, round_ = 0;

    /// Where the key is, or would be put.
    unsigned place(u64 key) const
    {
        unsigned i = unsigned(key) * 0x9e37'79b1u >> (32 - bits);
        while (bucket_[i].round == round_ && bucket_[i].key != key) i = (i + 1) % bit(bits);
        return i;
    }

public:
    void clear() { ++round_, count_ = 0; }
    bool full() const { return count_ > bit(bits) / 2; }
    /// Null when the key is not in the table.
    Value const* find(u64 key) const
    {
        Bucket const& b = bucket_[place(key)];
        return b.round == round_ ? &b.value : nullptr;
    }
    /// Puts the key in if it is not there.
    Value& operator[](u64 key)
    {
        Bucket& b = bucket_[place(key)];
        if (b.round != round_) b = {key, round_, {}}, ++count_;
        return b.value;
    }
};

class Registry {
    static constexpr unsigned bits = 15;
    Table<Slot const*, bits + 1> table_;
    Slot const* object_[bit(bits)] = {};
    unsigned count_ = 0;

    static u64 key(CapType type, void const* object)
    {
        return reinterpret_cast<u64>(object) << 5 | u8(type);
    }

public:
    void clear() { table_.clear(), count_ = 0; }
    /// `first`: the first slot of the run of capabilities to this object.
    void add(Slot const& first)
    {
        Cap const& cap = first.cap();
        Subject const must{"capability", &first};
        must(count_ < bit(bits), "is to more objects than the checker has room for");
        Slot const*& entry = table_[key(cap.type(), cap.object<void>())];
        must(entry == nullptr, "stands apart from the others to its object");
        entry = object_[count_++] = &first;
    }
    /// The first slot with a capability of this type to this object; null when there is none.
    Slot const* find(CapType type, void const* object) const
    {
        Slot const* const* const entry = table_.find(key(type, object));
        return entry != nullptr ? *entry : nullptr;
    }
    bool has(CapType type, void const* object) const { return find(type, object) != nullptr; }
    /// One slot for each object, in the order of the tree.
    std::span<Slot const* const> objects() const { return {object_, count_}; }
};
inline constinit Registry registry;

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
void check_partner(Subject const& must, A const& object, B const* partner, CapType type,
                   A* B::*back, char const* rule)
{
    if (partner == nullptr) return;
    must(registry.has(type, partner) && partner->*back == &object, rule);
}

} // namespace mk::check

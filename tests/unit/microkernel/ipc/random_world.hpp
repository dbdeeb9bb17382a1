// A kernel whose whole memory is one piece, so that it can be copied, put back and compared, and in
// which random things happen: threads with contexts of all kinds, a CSpace with a capability of
// most kinds in a proper derivation tree, memory to retype. Used by random_calls.hpp.
#pragma once

#include "abi/object_type.hpp"
#include "api/syscall.hpp"
#include "cap/derivation_tree.hpp"
#include "fakes.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/signal.hpp"
#include "ipc/thread.hpp"
#include "object/endpoint.hpp"
#include "object/irq_handler.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "sched/binding.hpp"
#include "sched/feedback.hpp"
#include "sched/refill.hpp"
#include "sched/scheduler.hpp"
#include "vspace/vspace.hpp"
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

namespace random_world {

using namespace mk;

constexpr unsigned thread_count = 6, reply_count = 4, memory_bits = 13, most_priority = 3;
constexpr unsigned slot_bits = 7, slot_count = 1 << slot_bits, context_bits = 8;
constexpr unsigned device_irq = 5, handled_irq = 6;

/// Everything the kernel changes, but for its few globals.
struct alignas(1 << memory_bits) State { // page tables and IPC buffers ask for 4096
    u8 memory[1 << memory_bits];         // of the untyped
    u8 buffer[thread_count][4096];
    PageTable pml4[2], pdpt[2], directory[2], table[2]; // the first of each are mapped
    AsidPool pool;
    Cpu cpu;
    PriorityQueues table_of_ready[domain_count][most_priority + 1]; // no more is looked at
    Tcb thread[thread_count];
    struct alignas(1 << context_bits) {
        SchedContext sc;
        Refill refill[10];
    } context[thread_count];
    Reply reply[reply_count];
    Endpoint endpoint[2];
    Notification notification[2];
    Slot node[slot_count];
};
static_assert(sizeof(State::context[0]) == 1 << context_bits);

/// The state with the globals and the machine, at one moment.
struct Snapshot {
    State state;
    Slot first;
    IrqTable irqs;
    AsidPool* pools[asid_pool_count];
    fake::Machine machine;

    void take(State const& s)
    {
        std::memcpy(static_cast<void*>(&state), &s, sizeof s);
        std::memcpy(static_cast<void*>(&first), &DerivationTree::first, sizeof first);
        std::memcpy(static_cast<void*>(&irqs), &irq_table, sizeof irqs);
        std::memcpy(pools, asid_pools, sizeof pools);
        machine = fake::machine;
    }
    void put_back(State& s) const
    {
        std::memcpy(static_cast<void*>(&s), &state, sizeof s);
        std::memcpy(static_cast<void*>(&DerivationTree::first), &first, sizeof first);
        std::memcpy(static_cast<void*>(&irq_table), &irqs, sizeof irqs);
        std::memcpy(asid_pools, pools, sizeof pools);
        fake::machine = machine;
    }
    bool same_globals() const
    {
        return std::memcmp(&first, &DerivationTree::first, sizeof first) == 0 &&
               std::memcmp(&irqs, &irq_table, sizeof irqs) == 0 &&
               std::memcmp(pools, asid_pools, sizeof pools) == 0;
    }
    /// What the kernel did to the machine; the clock is the test's.
    bool same_machine() const
    {
        fake::Machine const& m = fake::machine;
        return machine.deadline == m.deadline && machine.irq_masked == m.irq_masked &&
               machine.interrupt_checks == m.interrupt_checks &&
               machine.bytes_cleared == m.bytes_cleared;
    }
};
/// A thread's place in a queue means nothing while it is in none.
inline void forget_stale(State& s)
{
    s.cpu.candidate = nullptr;
    for (Tcb& t : s.thread) {
        if (t.in_ready_queue || t.in_release_queue) continue;
        t.sched_link = {};
        t.ready_queue = 0;
        t.queued_at = 0;
    }
}

class World {
public:
    // Allocated as raw bytes: padding is compared too, so it must begin equal.
    State& s;
    std::mt19937 random;
    /// Slots of the node. Up to the last original everybody relies on them; the rest come and go.
    enum : unsigned {
        first_endpoint = 1,
        first_notification = 11,
        first_frame = 32,
        untyped_slot = 41,
        root_slot = 42,
        first_pml4 = 43,
        endpoints = 50, ///< originals: the others are copies with badges
        notifications = 52,
        fixed_slots = 54
    };

    explicit World(State& state, unsigned seed) : s{state}, random{seed}
    {
        fake::reset();
        irq_table = {};
        DerivationTree::first = {};
        std::memset(static_cast<void*>(&s), 0, sizeof s);
        new (&s) State{};
        fake::machine.clock = s.cpu.now = 1000;
        s.cpu.ticks_per_us = 1;
        for (unsigned d = 0; d < domain_count; ++d) s.cpu.ready[d].use(s.table_of_ready[d]);
        if (domain_count > 1) {
            s.cpu.domain_schedule[0] = {0, 20000};
            s.cpu.domain_schedule[1] = {1, 30000};
            start_domain_schedule(s.cpu);
        }
        if (seed % 2 == 0) s.cpu.events.begin(); // both ways must record the same events
        s.cpu.idle.state = ThreadState::idle;
        s.cpu.current = &s.cpu.idle;
        s.cpu.idle.sc = s.cpu.current_sc = &s.cpu.idle_sc.sc;
        register_asid_pool(s.pool, 0);
        assign_asid(1, s.pml4[0]);
        assign_asid(2, s.pml4[1]);
        make_node();
        for (unsigned i = 0; i < thread_count; ++i) make_thread(i);
    }
    World(World const&) = delete;
    ~World()
    {
        delete_asid_pool(s.cpu, 0, s.pool);
        irq_table = {};
        DerivationTree::first = {};
    }

    unsigned below(unsigned n) { return unsigned(random() % n); }
    bool one_in(unsigned n) { return below(n) == 0; }
    template <class T, usize n> T any_of(T const (&list)[n]) { return list[below(n)]; }

    /// Something happens outside the system calls under test.
    void event();

    /// Nobody can run: after some time somebody stops waiting, on a context if there is one.
    void set_somebody_going()
    {
        Tcb& t = s.thread[below(thread_count)];
        if (t.sc != nullptr && !t.sc->is_active()) unbind_thread(s.cpu, *t.sc);
        for (auto& context : s.context)
            if (t.sc == nullptr && context.sc.tcb == nullptr) bind_thread(s.cpu, context.sc, t);
        restart(s.cpu, t);
        fake::machine.clock += 500;
        handle_timer(s.cpu);
    }

    /// A slot with a capability of this type, if any.
    unsigned slot_of(CapType type)
    {
        for (unsigned i = 0; i < 2 * slot_count; ++i) {
            unsigned const n = below(slot_count);
            if (s.node[n].cap().is(type)) return n;
        }
        return below(slot_count);
    }
    unsigned empty_slot()
    {
        for (unsigned i = 0; i < slot_count; ++i) {
            unsigned const n = below(slot_count);
            if (s.node[n].empty()) return n;
        }
        return below(slot_count);
    }

    /// One that is not fixed and holds something, if any.
    unsigned used_slot()
    {
        unsigned n = fixed_slots;
        for (unsigned i = 0; i < slot_count; ++i) {
            n = fixed_slots + below(slot_count - fixed_slots);
            if (!s.node[n].empty()) break;
        }
        return n;
    }

    /// Whether the fixed slots and the threads' spaces are as in `before`: with them gone nothing
    /// would happen any more.
    bool intact(State const& before) const
    {
        for (unsigned i = 1; i < fixed_slots; ++i) {
            Cap const &was = before.node[i].cap(), &is = s.node[i].cap();
            bool const changes = was.is(CapType::frame) || was.is(CapType::untyped) ||
                                 was.is(CapType::page_table) || was.is(CapType::page_directory) ||
                                 was.is(CapType::pdpt);
            if (changes ? !is.is(was.type()) : is != was) return false;
        }
        for (unsigned i = 0; i < thread_count; ++i)
            for (auto const slot : {Tcb::cspace, Tcb::vspace})
                if (s.thread[i].slot(slot).cap() != before.thread[i].slot(slot).cap()) return false;
        return true;
    }

private:
    void put(Slot& slot, Cap const& cap)
    {
        DerivationTree::insert_original(&DerivationTree::first, slot, cap);
    }
    /// Puts a copy of what slot `n` of the node holds, with changes, into `to`.
    void copy(unsigned n, Slot& to, Cap const& cap)
    {
        DerivationTree::insert_derived(s.node[n], to, cap);
    }

    void make_node();
    void make_thread(unsigned i);
};

inline void World::make_node()
{
    constexpr Rights some[] = {Rights::all, Rights::all, Rights::write | Rights::grant_reply,
                               Rights::write, Rights::read};
    for (unsigned i = 0; i < 2; ++i) {
        put(s.node[endpoints + i], Cap::endpoint(&s.endpoint[i], Rights::all, 0));
        put(s.node[notifications + i], Cap::notification(&s.notification[i], Rights::all, 0));
    }
    unsigned n = first_endpoint;
    auto const next = [&](Cap const& cap) { put(s.node[n++], cap); };
    for (Rights const r : some)
        for (unsigned i = 0; i < 2; ++i, ++n)
            copy(endpoints + i, s.node[n], Cap::endpoint(&s.endpoint[i], r, 100 + n));
    REQUIRE(n == first_notification);
    for (Rights const r : {Rights::all, Rights::write, Rights::read})
        for (unsigned i = 0; i < 2; ++i, ++n)
            copy(notifications + i, s.node[n], Cap::notification(&s.notification[i], r, bit(n)));
    for (unsigned i = 0; i < reply_count; ++i)
        next(Cap::reply(&s.reply[i], one_in(2) ? Rights::all : Rights::write));
    // Up to here: what IPC is made of. From here: what has methods.
    for (Tcb& t : s.thread) next(Cap::tcb(&t));
    for (unsigned i = 0; i < 5; ++i) next(Cap::sched_context(&s.context[i].sc, context_bits));
    REQUIRE(n == first_frame);
    for (auto& b : s.buffer)
        next(Cap::frame(reinterpret_cast<u64>(b), FrameSize::small, Rights::read | Rights::write,
                        false));
    next(Cap::paging(CapType::pdpt, &s.pdpt[1]));
    next(Cap::paging(CapType::page_directory, &s.directory[1]));
    next(Cap::paging(CapType::page_table, &s.table[1]));
    next(Cap::untyped(reinterpret_cast<u64>(s.memory), memory_bits, false));
    REQUIRE(n == root_slot);
    next(Cap::cnode(s.node, slot_bits, 0, 64 - slot_bits));
    for (unsigned i = 0; i < 2; ++i) next(Cap::paging(CapType::pml4, &s.pml4[i], u16(i + 1)));
    next(Cap::asid_pool(&s.pool, 0));
    next(Cap::sched_control(0));
    next(Cap::singleton(CapType::irq_control));
    next(Cap::irq_handler(handled_irq));
    next(Cap::io_port(0x3f8, 0x3ff));
    REQUIRE(n == endpoints);
    map_boot_table(s.pml4[0], 0, CapType::pdpt, s.pdpt[0]);
    map_boot_table(s.pml4[0], 0, CapType::page_directory, s.directory[0]);
    map_boot_table(s.pml4[0], 0, CapType::page_table, s.table[0]);
}

inline void World::make_thread(unsigned i)
{
    Tcb& t = s.thread[i];
    t.priority = t.mcp = u8(1 + below(most_priority));
    copy(root_slot, t.slot(Tcb::cspace), s.node[root_slot].cap());
    unsigned const space = first_pml4 + i % 2;
    if (i + 1 < thread_count) // the last one has no address space
        copy(space, t.slot(Tcb::vspace), s.node[space].cap());
    if (!one_in(4)) copy(first_frame + i, t.slot(Tcb::ipc_buffer), s.node[first_frame + i].cap());
    for (auto const handler : {Tcb::timeout_handler, Tcb::fault_handler})
        if (one_in(2)) copy(first_endpoint, t.slot(handler), s.node[first_endpoint].cap());
    SchedContext& sc = s.context[i].sc;
    bool const sporadic = one_in(4);
    if (sporadic) sc.flags |= SchedContext::sporadic;
    refill::configure(s.cpu, sc, 4, 5000, sporadic ? 9000 : 5000);
    if (!sporadic && one_in(3)) feedback::configure(sc, true);
    bind_thread(s.cpu, sc, t);
    restart(s.cpu, t);
}

inline void World::event()
{
    Tcb& t = s.thread[below(thread_count)];
    SchedContext& sc = s.context[below(thread_count)].sc;
    Notification& ntfn = s.notification[below(2)];
    switch (below(24)) {
    case 0:
        return suspend(s.cpu, t);
    case 1:
    case 2:
        return restart(s.cpu, t);
    case 3: // how a server becomes passive
    case 4:
    case 10:
    case 11:
        if (sc.tcb != nullptr && !sc.tcb->is_runnable()) unbind_thread(s.cpu, sc);
        return;
    case 5:
        if (sc.tcb == nullptr && t.sc == nullptr) bind_thread(s.cpu, sc, t);
        return;
    case 6:
        t.mcp = most_priority;
        return set_priority(s.cpu, t, u8(1 + below(most_priority)));
    case 7:
        if (ntfn.bound_tcb == nullptr && t.bound_notification == nullptr) bind_to_thread(ntfn, t);
        return;
    case 8:
        return unbind_from_thread(ntfn);
    case 9:
        fake::machine.clock += below(3000);
        return;
    case 13:
        if (sc.notification == nullptr && ntfn.sched_context == nullptr)
            bind_notification(sc, ntfn);
        return;
    case 14:
        return unbind_notification(sc);
    case 16:
        if (t.bound_notification != nullptr && t.sc != nullptr && t.sc->notification == nullptr &&
            t.bound_notification->sched_context == nullptr)
            bind_notification(*t.sc, *t.bound_notification);
        return;
    case 17:
        if (t.sc && t.sc->is_feedback()) t.sc->feedback.used += 5000 * below(3);
        return;
    case 18:
        if (domain_count > 1) set_domain(s.cpu, t, u8(one_in(3)));
        return;
    case 15:
        if (one_in(3)) fake::machine.clock += below(200000);
        return;
    case 12:
        t.flags = one_in(4) ? u8{Tcb::foreign} : u8{0};
        return;
    case 19:
        for (Tcb& thread : s.thread) thread.flags = 0;
        return;
    default:
        return;
    }
}

} // namespace random_world

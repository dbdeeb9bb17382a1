// A small kernel in which everything is right: a thread in each state, a chain of two calls, an
// address space, an interrupt and a port. Made by the kernel's own functions; the cases break one
// thing of it from outside.
#pragma once

#include "../ipc/world.hpp"
#include "address_space.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "cap/destroy.hpp"
#include "check/check.hpp"
#include "fakes.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/signal.hpp"
#include "ipc/thread.hpp"
#include "object/io_port.hpp"
#include "object/irq_handler.hpp"
#include "object/untyped.hpp"
#include "sched/binding.hpp"
#include "sched/refill.hpp"
#include "sched/release_queue.hpp"
#include "sched/scheduler.hpp"
#include "vspace/page_table.hpp"
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <stdexcept>

using namespace mk;

namespace checked {

constexpr u64 page_at = 0x40'0000;
constexpr u16 asid = 1;

/// Slots of the one CNode.
enum At : unsigned {
    untyped = 1,
    node_cap,
    control,
    ports,
    current,
    ready,
    ready_too,
    unfunded,
    receiver,
    sender,
    sender_too,
    waiter,
    caller,
    server,
    first_sc, ///< one for each of the threads above but `server`
    ep = first_sc + 9,
    ep_badged,
    ep_badged_copy,
    ep_copy,
    ep_two,
    ntfn,
    ntfn_idle,
    reply_offered,
    reply_used,
    reply_below,
    caller_below,
    sc_below,
    pml4,
    pdpt,
    directory,
    table,
    frame,
    pool,
    handler,
    port,
    small_untyped,
    in_small,
    slot_count = 64,
};

struct Kernel {
    OwnedCpu owned;
    Cpu& cpu = *owned.cpu;
    fake::Memory memory{18};
    fake::Memory stray_memory{12};
    std::unique_ptr<Slot[]> node = std::make_unique<Slot[]>(slot_count);

    Slot& slot(unsigned n) { return node[n]; }
    template <class T> T& object(unsigned n) { return *node[n].cap().object<T>(); }
    Tcb& tcb(unsigned n) { return object<Tcb>(n); }
    SchedContext& sc(unsigned n) { return object<SchedContext>(n); }
    Reply& reply(unsigned n) { return object<Reply>(n); }
    /// A slot as its four words: capability, data, previous with flags, next.
    u64* words(unsigned n) { return reinterpret_cast<u64*>(&node[n]); }

    void root(unsigned n, Cap const& cap)
    {
        DerivationTree::insert_original(&DerivationTree::first, node[n], cap);
    }
    void make(unsigned n, abi::ObjectType type, u8 bits = 0, unsigned from = untyped)
    {
        REQUIRE(retype(cpu, {&node[from], untyped_free_offset(node[from]), &node[n], type, 1, bits,
                             u8(abi::object_bits(type, bits))}) == Progress::done);
    }
    void thread(unsigned n, unsigned context, u8 priority, Ticks budget = 1000, Ticks period = 1000)
    {
        make(n, abi::ObjectType::tcb);
        make(context, abi::ObjectType::sched_context, 8);
        refill::configure(cpu, sc(context), 4, budget, period);
        tcb(n).priority = priority;
        bind_thread(cpu, sc(context), tcb(n));
    }
    /// Makes the thread the current one while `work` runs, then lets the scheduler choose.
    void as(unsigned n, std::function<void(Tcb&)> const& work)
    {
        Tcb& t = tcb(n);
        dequeue(cpu, t);
        cpu.current = &t;
        if (t.sc != nullptr) cpu.current_sc = t.sc;
        t.state = ThreadState::running;
        work(t);
        schedule(cpu);
    }
    Endpoint& endpoint(unsigned n) { return object<Endpoint>(n); }

    Kernel();
    ~Kernel()
    {
        DerivationTree::first = {};
        irq_table = {};
        release_io_ports(0x80, 0x83);
        for (u16 base = 0; base <= asids_per_pool; base = u16(base + asids_per_pool))
            if (AsidPool* const asids = find_asid_pool(base)) delete_asid_pool(cpu, base, *asids);
    }

    void make_threads();
    void make_waiters();
    void make_space();
    void make_named();
    /// Often enough for what takes turns.
    void look()
    {
        for (unsigned i = 0; i < 12; ++i) check::look(cpu, check::Depth::full);
    }
};

inline Kernel::Kernel()
{
    fake::reset();
    DerivationTree::first = {};
    irq_table = {};
    cpu.ticks_per_us = 1;
    fake::machine.clock = cpu.now = 10'000;
    cpu.idle.state = ThreadState::idle;
    cpu.current = &cpu.idle;
    cpu.current_sc = &cpu.idle_sc.sc;
    root(untyped, Cap::untyped(memory.physical(), memory.bits(), false));
    root(node_cap, Cap::cnode(node.get(), 6, 0, 58));
    root(control, Cap::singleton(CapType::irq_control));
    root(ports, Cap::singleton(CapType::io_port_control));
    make_threads();
    make_waiters();
    make_space();
    make_named();
}

inline void Kernel::make_threads()
{
    using T = abi::ObjectType;
    for (unsigned const n : {unsigned(ep), unsigned(ep_two)}) make(n, T::endpoint);
    for (unsigned const n : {unsigned(ntfn), unsigned(ntfn_idle)}) make(n, T::notification);
    for (unsigned const n : {unsigned(reply_offered), unsigned(reply_used), unsigned(reply_below)})
        make(n, T::reply);
    auto const derive = [&](unsigned from, unsigned to, u64 badge) {
        DerivationTree::insert_derived(slot(from), slot(to), slot(from).cap().with_data(badge));
    };
    derive(ep, ep_badged, 7);
    derive(ep_badged, ep_badged_copy, 7);
    derive(ep, ep_copy, 0);
    unsigned context = first_sc;
    u8 const priorities[] = {9, 4, 4, 3, 5, 6, 5, 2, 8};
    for (unsigned n = current; n < server; ++n) thread(n, context++, priorities[n - current]);
    thread(caller_below, sc_below, 8);
    make(server, T::tcb);
    tcb(server).priority = 8;
    DerivationTree::insert_derived(slot(node_cap), tcb(current).slot(Tcb::cspace),
                                   slot(node_cap).cap());
    DerivationTree::insert_derived(slot(ep), tcb(current).slot(Tcb::fault_handler), slot(ep).cap());
}

inline void Kernel::make_waiters()
{
    auto const call = [&](Tcb& t) {
        send_ipc(cpu, t, endpoint(ep_two), 0,
                 {.blocking = true,
                  .call = true,
                  .grant = true,
                  .grant_reply = true,
                  .may_donate = true});
    };
    auto const send = [&](Tcb& t) {
        send_ipc(cpu, t, endpoint(ep), 7,
                 {.blocking = true,
                  .call = false,
                  .grant = false,
                  .grant_reply = false,
                  .may_donate = false});
    };
    auto const receive = [&](unsigned reply_slot) {
        return [&, reply_slot](Tcb& t) {
            receive_ipc(cpu, t, endpoint(ep_two), true, true, &reply(reply_slot));
        };
    };
    as(sender, send);
    as(sender_too, send);
    as(waiter, [&](Tcb& t) { wait_signal(cpu, t, object<Notification>(ntfn), true); });
    // caller_below calls a thread without a context, which in turn calls the server: two replies
    // in one stack.
    unbind_thread(cpu, *tcb(caller).sc);
    as(caller, receive(reply_below));
    as(caller_below, call);
    as(server, receive(reply_used));
    as(caller, call);
    suspend(cpu, tcb(server)); // it has the context, and will not run
    as(receiver, receive(reply_offered));
    for (unsigned const n : {unsigned(current), unsigned(ready), unsigned(ready_too)})
        restart(cpu, tcb(n));
    SchedContext& later = *tcb(unfunded).sc;
    refill::configure(cpu, later, 4, 100, 1000);
    later.head().time = cpu.now + 5000;
    restart(cpu, tcb(unfunded));
    bind_to_thread(object<Notification>(ntfn_idle), tcb(current));
    bind_notification(sc(first_sc + caller - current), object<Notification>(ntfn_idle));
    reschedule_required(cpu);
    schedule(cpu);
}

inline void Kernel::make_space()
{
    using T = abi::ObjectType;
    make(pml4, T::x64_pml4);
    make(pdpt, T::x86_pdpt);
    make(directory, T::x86_page_directory);
    make(table, T::x86_page_table);
    make(frame, T::x86_4k);
    make(pool, T::x86_4k); // as memory; the capability is the pool's
    slot(pool).update(Cap::asid_pool(reinterpret_cast<void*>(slot(pool).cap().address()), 0));
    register_asid_pool(object<AsidPool>(pool), 0);
    auto& root_table = object<PageTable>(pml4);
    assign_asid(asid, root_table);
    slot(pml4).update(slot(pml4).cap().mapped_at(asid, 0));
    for (unsigned const n : {unsigned(pdpt), unsigned(directory), unsigned(table)}) {
        map_boot_table(root_table, page_at, slot(n).cap().type(), object<PageTable>(n));
        slot(n).update(slot(n).cap().mapped_at(
            asid, align_down(page_at, parent_entry_bits(slot(n).cap().type()))));
    }
    slot(frame).update(slot(frame).cap().with_rights(Rights::read).mapped_at(asid, page_at));
    *walk(root_table, page_at, page_entry_bits).entry =
        frame_entry(slot(frame).cap().address(), FrameSize::small, Rights::read, 0, true);
}

inline void Kernel::make_named()
{
    irq_table.route[3].kind = IrqRoute::Kind::msi;
    DerivationTree::insert_original(&slot(control), slot(handler), Cap::irq_handler(3));
    DerivationTree::insert_derived(slot(ntfn), irq_table.notification[3], slot(ntfn).cap());
    issue_io_ports(0x80, 0x83);
    DerivationTree::insert_original(&slot(ports), slot(port), Cap::io_port(0x80, 0x83));
    make(small_untyped, abi::ObjectType::untyped, 12);
    make(in_small, abi::ObjectType::endpoint, 0, small_untyped);
}

inline u64* entry_of(Kernel& w)
{
    return walk(w.object<PageTable>(pml4), page_at, page_entry_bits).entry;
}

struct Break {
    char const* rule; ///< part of what is reported
    std::function<void(Kernel&)> work;
};

inline void each(std::vector<Break> const& breaks)
{
    for (Break const& b : breaks) {
        INFO(b.rule);
        Kernel w;
        REQUIRE_NOTHROW(w.look());
        b.work(w);
        REQUIRE_THROWS_WITH(w.look(), Catch::Contains(b.rule));
    }
}

} // namespace checked

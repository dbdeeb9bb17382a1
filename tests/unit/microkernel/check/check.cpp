// Each check of a debug kernel's look at itself: a small kernel in which everything is right, then
// one thing made wrong, and the look says which. The state is made by the kernel's own functions;
// what is broken is broken from outside.
#include "address_space.hpp"
#include "api/debug_syscall.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "cap/destroy.hpp"
#include "check/registry.hpp" // under test
#include "debug/log.hpp"
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

namespace mk {
bool debug_syscall(Cpu&, abi::Syscall)
{
    return false;
}
namespace log_detail {
void begin_line() {}
void end_line() {}
void put(char const*) {}
void put(char) {}
void put(u64) {}
void put(bool) {}
void put(i64) {}
void put(Hex) {}
} // namespace log_detail
namespace check {
void violated(char const* object, void const*, char const* rule)
{
    throw std::runtime_error{std::string{object} + ": " + rule};
}
} // namespace check
} // namespace mk

namespace {

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

struct World {
    std::unique_ptr<Cpu> owned = std::make_unique<Cpu>();
    Cpu& cpu = *owned;
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
        REQUIRE(retype(cpu, {&node[from], &node[n], type, 1, bits}) == Progress::done);
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

    World();
    ~World()
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

World::World()
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

void World::make_threads()
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

void World::make_waiters()
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

void World::make_space()
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
    map_boot_frame(root_table, page_at, slot(frame).cap().address(), false, true);
}

void World::make_named()
{
    irq_table.route[3].kind = IrqRoute::Kind::msi;
    DerivationTree::insert_original(&slot(control), slot(handler), Cap::irq_handler(3));
    DerivationTree::insert_derived(slot(ntfn), irq_table.notification[3], slot(ntfn).cap());
    issue_io_ports(0x80, 0x83);
    DerivationTree::insert_original(&slot(ports), slot(port), Cap::io_port(0x80, 0x83));
    make(small_untyped, abi::ObjectType::untyped, 12);
    make(in_small, abi::ObjectType::endpoint, 0, small_untyped);
}

u64* entry_of(World& w)
{
    return walk(w.object<PageTable>(pml4), page_at, page_entry_bits).entry;
}

struct Break {
    char const* rule; ///< part of what is reported
    std::function<void(World&)> work;
};

void each(std::vector<Break> const& breaks)
{
    for (Break const& b : breaks) {
        INFO(b.rule);
        World w;
        REQUIRE_NOTHROW(w.look());
        b.work(w);
        REQUIRE_THROWS_WITH(w.look(), Catch::Contains(b.rule));
    }
}

} // namespace

TEST_CASE("a sound kernel passes, again and again", "[check]")
{
    World w;
    for (unsigned i = 0; i < 40; ++i) REQUIRE_NOTHROW(w.look());
    REQUIRE_NOTHROW(check::look(w.cpu, check::Depth::quick));
    REQUIRE(w.cpu.current == &w.tcb(current));
    REQUIRE(w.tcb(unfunded).in_release_queue);
    REQUIRE(w.reply(reply_used).prev == &w.reply(reply_below));
}

TEST_CASE("the derivation tree", "[check]")
{
    each({
        {"does not point back", [](World& w) { w.words(ep_copy)[2] ^= 0x40; }},
        {"is null and in the tree", [](World& w) { w.slot(frame).update(Cap{}); }},
        {"is an original and begins no run", [](World& w) { w.words(frame)[2] &= ~2ull; }},
        {"is a copy and stands behind no other", [](World& w) { w.words(frame)[2] &= ~3ull; }},
        {"continues a run of another badge", [](World& w) { w.words(ep_badged_copy)[1] = 8; }},
        {"stands apart from the others",
         [](World& w) {
             Cap const cap = w.slot(ep_copy).cap();
             DerivationTree::remove(w.slot(ep_copy));
             w.root(ep_copy, cap);
         }},
        {"lies above the watermark",
         [](World& w) { w.slot(untyped).update(w.slot(untyped).cap().with_watermark(64)); }},
        {"lies above the watermark",
         [](World& w) {
             w.slot(small_untyped).update(w.slot(small_untyped).cap().with_watermark(8));
         }},
        {"has its watermark behind its end",
         [](World& w) {
             w.slot(small_untyped).update(w.slot(small_untyped).cap().with_watermark(8192));
         }},
        {"shares memory with a sibling",
         [](World& w) {
             w.slot(frame).update(
                 Cap::frame(w.slot(table).cap().address(), FrameSize::small, Rights::read, false));
         }},
        {"shares memory with what it does not derive from",
         [](World& w) {
             w.root(slot_count - 1, Cap::frame(w.slot(in_small).cap().address() & ~4095ull,
                                               FrameSize::small, Rights::read, false));
         }},
        {"is not zero where it is said to be",
         [](World& w) {
             Cap const cap = w.slot(untyped).cap();
             u64 const used = align_up(cap.untyped_watermark(), 8);
             w.slot(untyped).update(cap.with_watermark(used, bit(18)));
             std::memset(w.memory.at<char>(used), 0, bit(18) - used);
             REQUIRE_NOTHROW(w.look());
             *w.memory.at<u64>(used + 256) = 1;
         }},
        {"slot: is full and not in the tree",
         [](World& w) { w.slot(slot_count - 1).update(Cap::singleton(CapType::domain)); }},
        {"is said to be clear behind its end",
         [](World& w) {
             Cap const cap = w.slot(untyped).cap();
             w.slot(untyped).update(cap.with_watermark(cap.untyped_watermark(), bit(19)));
         }},
        {"slot: is full and not in the tree",
         [](World& w) { w.words(slot_count - 1)[3] = u64(&w.node[1]); }},
        {"tree: has a slot that is in no CNode",
         [](World& w) {
             static Slot stray;
             stray = {};
             w.root(slot_count - 1, Cap::singleton(CapType::domain));
             DerivationTree::swap(w.slot(slot_count - 1), stray);
         }},
    });
}

TEST_CASE("threads", "[check]")
{
    each({
        {"tcb: has a CSpace that is no CNode",
         [](World& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::cspace);
             DerivationTree::insert_derived(w.slot(ep), slot, w.slot(ep).cap());
         }},
        {"tcb: has a VSpace that is no PML4",
         [](World& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::vspace);
             DerivationTree::insert_derived(w.slot(ep), slot, w.slot(ep).cap());
         }},
        {"tcb: has an IPC buffer that is no frame",
         [](World& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::ipc_buffer);
             DerivationTree::insert_derived(w.slot(ep), slot, w.slot(ep).cap());
         }},
        {"tcb: has a fault handler that is no endpoint",
         [](World& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::timeout_handler);
             DerivationTree::insert_derived(w.slot(frame), slot, w.slot(frame).cap().unmapped());
         }},
        {"tcb: has a workplace with",
         [](World& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::workplace);
             DerivationTree::insert_derived(w.slot(ep), slot, w.slot(ep).cap());
         }},
        {"tcb: waits on an endpoint without a capability",
         [](World& w) { w.tcb(sender).blocked_on = w.stray_memory.at<void>(0); }},
        {"tcb: waits on a notification without a capability",
         [](World& w) { w.tcb(waiter).blocked_on = &w.endpoint(ep); }},
        {"tcb: is idle and has a capability",
         [](World& w) { w.tcb(server).state = ThreadState::idle; }},
        {"tcb: goes on and has a fault",
         [](World& w) { w.tcb(ready).fault.kind = abi::FaultLabel::vm_fault; }},
        {"tcb: has a state and a reply that disagree",
         [](World& w) { w.tcb(caller).state = ThreadState::inactive; }},
        {"tcb: has a state and a reply that disagree",
         [](World& w) { w.tcb(server).state = ThreadState::blocked_on_reply; }},
        {"tcb: and its reply disagree",
         [](World& w) { w.tcb(receiver).reply = w.stray_memory.at<Reply>(0); }},
        {"tcb: and its reply disagree",
         [](World& w) { w.tcb(receiver).reply = &w.reply(reply_used); }},
        {"tcb: could run and is in no ready queue", [](World& w) { dequeue(w.cpu, w.tcb(ready)); }},
        {"tcb: is in a ready queue and could not run",
         [](World& w) { w.tcb(ready).state = ThreadState::inactive; }},
        {"tcb: is in the release queue and waits for no refill",
         [](World& w) { w.tcb(unfunded).state = ThreadState::inactive; }},
        {"tcb: is in no domain", [](World& w) { w.tcb(server).domain = 1; }},
        {"tcb: and its scheduling context disagree",
         [](World& w) { w.tcb(caller).sc = w.stray_memory.at<SchedContext>(0); }},
        {"tcb: and its scheduling context disagree",
         [](World& w) { w.tcb(caller).sc = w.tcb(waiter).sc; }},
        {"tcb: and the scheduling context that it yields to",
         [](World& w) { w.tcb(server).yield_to = w.stray_memory.at<SchedContext>(0); }},
        {"tcb: and the scheduling context that it yields to",
         [](World& w) { w.tcb(server).yield_to = w.tcb(ready).sc; }},
        {"tcb: and its notification disagree",
         [](World& w) { w.tcb(server).bound_notification = w.stray_memory.at<Notification>(0); }},
        {"tcb: and its notification disagree",
         [](World& w) { w.tcb(server).bound_notification = w.tcb(current).bound_notification; }},
    });
}

TEST_CASE("scheduling contexts and their refills", "[check]")
{
    auto const context = [](World& w) -> SchedContext& { return *w.tcb(unfunded).sc; };
    auto const slice = [](World& w) -> SchedContext& { return *w.tcb(ready).sc; };
    each({
        {"has more refills than fit", [&](World& w) { context(w).refill_max = 11; }},
        {"has refills outside of their ring", [&](World& w) { context(w).refill_head = 4; }},
        {"has a first refill that is too small", [&](World& w) { context(w).head().amount = 19; }},
        {"has refills that overlap",
         [&](World& w) {
             context(w).refill_tail = 1;
             context(w).refills()[1] = {context(w).head().time + 99, 20};
         }},
        {"has more budget than period", [&](World& w) { context(w).head().amount = 1001; }},
        {"is round robin and has lost budget", [&](World& w) { slice(w).head().amount -= 1; }},
        {"scheduling context: and its thread disagree",
         [](World& w) { w.sc(first_sc + caller - current).tcb = w.stray_memory.at<Tcb>(0); }},
        {"scheduling context: and its thread disagree",
         [](World& w) { w.sc(first_sc + caller - current).tcb = &w.tcb(waiter); }},
        {"scheduling context: and its notification disagree",
         [&](World& w) { slice(w).notification = w.stray_memory.at<Notification>(0); }},
        {"scheduling context: and its notification disagree",
         [&](World& w) { slice(w).notification = &w.object<Notification>(ntfn); }},
        {"the thread that yields to it disagree",
         [&](World& w) { slice(w).yield_from = w.stray_memory.at<Tcb>(0); }},
        {"the thread that yields to it disagree",
         [&](World& w) { slice(w).yield_from = &w.tcb(server); }},
        {"the top of its call stack disagree",
         [&](World& w) { slice(w).reply = w.stray_memory.at<Reply>(0); }},
        {"the top of its call stack disagree",
         [&](World& w) { slice(w).reply = &w.reply(reply_used); }},
    });
}

TEST_CASE("replies and call stacks", "[check]")
{
    each({
        {"reply: and its thread disagree",
         [](World& w) {
             w.reply(reply_offered).tcb = w.stray_memory.at<Tcb>(0);
             w.tcb(receiver).reply = nullptr;
         }},
        {"reply: and its thread disagree",
         [](World& w) {
             w.reply(reply_offered).tcb = &w.tcb(caller);
             w.tcb(receiver).reply = nullptr;
         }},
        {"reply: is in a call stack and nobody waits",
         [](World& w) { w.reply(reply_offered).prev = &w.reply(reply_below); }},
        {"reply: and the context of its call stack",
         [](World& w) {
             SchedContext& sc = *w.reply(reply_used).sched_context();
             sc.reply = nullptr;
             w.reply(reply_used).set_top_of(*w.stray_memory.at<SchedContext>(0));
         }},
        {"reply: and the context of its call stack",
         [](World& w) { w.reply(reply_used).sched_context()->reply = nullptr; }},
        {"reply: and the newer call disagree",
         [](World& w) { w.reply(reply_below).set_next(w.stray_memory.at<Reply>(0)); }},
        {"reply: and the newer call disagree",
         [](World& w) { w.reply(reply_used).prev = nullptr; }},
        {"reply: and an older call",
         [](World& w) { w.reply(reply_below).prev = w.stray_memory.at<Reply>(0); }},
        {"reply: and an older call", [](World& w) { w.reply(reply_below).set_next(nullptr); }},
        {"the replies: one is in a circle",
         [](World& w) {
             SchedContext& sc = *w.reply(reply_used).sched_context();
             sc.reply = nullptr;
             w.reply(reply_used).set_next(&w.reply(reply_below));
             w.reply(reply_below).prev = &w.reply(reply_used);
         }},
    });
}

TEST_CASE("endpoints and notifications", "[check]")
{
    each({
        {"endpoint: has a state and a queue",
         [](World& w) { *reinterpret_cast<u64*>(&w.endpoint(ep)) &= ~3ull; }},
        {"tcb: is in a queue and has no capability",
         [](World& w) { w.tcb(sender_too).wait_link.next = w.stray_memory.at<Tcb>(0); }},
        {"tcb: is in a queue that is not linked back",
         [](World& w) {
             w.tcb(sender).wait_link.prev = w.tcb(sender).wait_link.next = &w.tcb(sender_too);
         }},
        {"tcb: is in a wait queue that it does not wait in",
         [](World& w) { w.tcb(sender).blocked_on = &w.endpoint(ep_two); }},
        {"tcb: waits behind one of lower priority", [](World& w) { w.tcb(sender).priority = 1; }},
        {"those that wait: one is in no queue",
         [](World& w) { w.object<Notification>(ntfn).remove(w.tcb(waiter)); }},
        {"notification: has a state and a queue",
         [](World& w) { w.object<Notification>(ntfn).state = Notification::State::idle; }},
        {"notification: has pending signals",
         [](World& w) { w.object<Notification>(ntfn_idle).pending = 1; }},
        {"notification: and its thread disagree",
         [](World& w) { w.object<Notification>(ntfn).bound_tcb = w.stray_memory.at<Tcb>(0); }},
        {"notification: and its thread disagree",
         [](World& w) { w.object<Notification>(ntfn).bound_tcb = &w.tcb(current); }},
        {"notification: and its scheduling context",
         [](World& w) {
             w.object<Notification>(ntfn).sched_context = w.stray_memory.at<SchedContext>(0);
         }},
        {"notification: and its scheduling context",
         [](World& w) { w.object<Notification>(ntfn).sched_context = w.tcb(ready).sc; }},
    });
}

TEST_CASE("ready queues, release queue and the CPU", "[check]")
{
    auto const second = [](World& w) { return w.cpu.ready[0].first(4)->sched_link.next; };
    each({
        {"ready queues: have a bitmap that is wrong",
         [](World& w) {
             Tcb& t = w.tcb(ready); // becomes the last of its queue, which then loses it
             suspend(w.cpu, w.tcb(ready_too));
             auto** heads = reinterpret_cast<Tcb**>(&w.cpu.ready[0]);
             REQUIRE(heads[t.priority] == &t);
             heads[t.priority] = nullptr;
         }},
        {"tcb: is in a queue and has no capability",
         [=](World& w) { second(w)->sched_link.next = w.stray_memory.at<Tcb>(0); }},
        {"tcb: is in a queue that is not linked back",
         [=](World& w) { second(w)->sched_link.prev = nullptr; }},
        {"tcb: is in a ready queue that is not its own",
         [](World& w) { w.tcb(ready).priority = 5; }},
        {"ready queues: have a tail",
         [](World& w) {
             Tcb* const head = w.cpu.ready[0].first(4);
             head->sched_link.next = nullptr;
         }},
        {"tcb: is in a queue and has no capability",
         [](World& w) { w.tcb(unfunded).sched_link.next = w.stray_memory.at<Tcb>(0); }},
        {"tcb: is in a queue that is not linked back",
         [](World& w) { w.tcb(unfunded).sched_link.prev = &w.tcb(ready); }},
        {"tcb: waits for a refill that is there",
         [](World& w) { w.tcb(unfunded).sc->head().time = w.cpu.now; }},
        {"those that await a refill: one is in no queue",
         [](World& w) { w.cpu.release_head = nullptr; }},
        {"tcb: waits behind one with a later refill",
         [](World& w) {
             suspend(w.cpu, w.tcb(ready_too));
             SchedContext& later = *w.tcb(ready_too).sc;
             refill::configure(w.cpu, later, 4, 100, 1000);
             later.head().time = w.cpu.now + 6000;
             restart(w.cpu, w.tcb(ready_too));
             REQUIRE(w.tcb(ready_too).in_release_queue);
             later.head().time = w.cpu.now + 4000;
         }},
        {"tcb: is in the release queue and does not know",
         [](World& w) {
             w.tcb(unfunded).in_release_queue = false;
             w.tcb(unfunded).state = ThreadState::inactive;
         }},
        {"those that are ready: one is in no queue",
         [=](World& w) {
             Tcb& t = *second(w);
             dequeue(w.cpu, t);
             t.in_ready_queue = true;
         }},
        {"current tcb: has no capability",
         [](World& w) {
             Tcb& stranger = *new (w.stray_memory.at<Tcb>(0)) Tcb;
             suspend(w.cpu, w.tcb(current));
             w.cpu.action = Cpu::Action::resume_current;
             w.cpu.current = &stranger;
         }},
        {"cpu: has a choice", [](World& w) { w.cpu.candidate = &w.tcb(ready); }},
        {"cpu: is idle and charges somebody",
         [](World& w) {
             suspend(w.cpu, w.tcb(current));
             w.cpu.current = &w.cpu.idle;
             w.cpu.action = Cpu::Action::resume_current;
         }},
        {"current tcb: should not run",
         [](World& w) { w.tcb(current).state = ThreadState::restart; }},
        {"current tcb: runs on one context", [](World& w) { w.cpu.current_sc = w.tcb(ready).sc; }},
        {"current tcb: has no budget",
         [](World& w) { w.tcb(current).sc->head().time = w.cpu.now + 100; }},
        {"current tcb: runs before one of higher priority",
         [](World& w) { w.tcb(current).priority = 3; }},
    });
}

TEST_CASE("interrupts, ports and address spaces", "[check]")
{
    each({
        {"interrupt: has a route and capabilities",
         [](World&) { irq_table.route[3].kind = IrqRoute::Kind::free; }},
        {"interrupt: has a route and capabilities",
         [](World&) { irq_table.route[4].kind = IrqRoute::Kind::msi; }},
        {"interrupt: signals what is no notification",
         [](World& w) {
             DerivationTree::remove(irq_table.notification[3]);
             DerivationTree::insert_derived(w.slot(ep), irq_table.notification[3],
                                            w.slot(ep).cap());
         }},
        {"names no interrupt",
         [](World& w) { w.slot(handler).update(Cap::irq_handler(irq_count)); }},
        {"is to ports that are not issued", [](World&) { release_io_ports(0x80, 0x83); }},
        {"page table: maps what no capability says",
         [](World& w) { w.slot(frame).update(w.slot(frame).cap().unmapped()); }},
        {"page table: maps what no capability says",
         [](World& w) { entry_of(w)[1] = entry_of(w)[0]; }},
        {"page table: maps what no capability says",
         [](World& w) { w.slot(table).update(w.slot(table).cap().unmapped()); }},
        {"page table: has an entry that is neither present nor 0",
         [](World& w) { entry_of(w)[1] = 2; }},
        {"page table: lets users write without the right",
         [](World& w) { *entry_of(w) |= paging::writable; }},
        {"page table: lets users read without the right",
         [](World& w) { w.slot(frame).update(w.slot(frame).cap().with_rights(Rights::none)); }},
        {"asid pool: is registered and has no capability",
         [](World& w) {
             std::memset(w.stray_memory.at<char>(0), 0, sizeof(AsidPool));
             register_asid_pool(*w.stray_memory.at<AsidPool>(0), asids_per_pool);
         }},
        {"pml4: has an ASID and no capability",
         [](World& w) { w.slot(pml4).update(w.slot(pml4).cap().mapped_at(2, 0)); }},
        {"pml4: has a kernel half", [](World& w) { w.object<PageTable>(pml4).entry[300] ^= 1; }},
    });
}

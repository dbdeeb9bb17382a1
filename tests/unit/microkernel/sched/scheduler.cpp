// No thread is lost: whatever threads, contexts and notifications do to each other, a thread that
// may run is the current one or in a queue, and the current one is of the highest priority.
#include "sched/scheduler.hpp" // under test: first, so that a missing include shows
#include "../ipc/world.hpp"
#include "api/decode.hpp"
#include "object/irq_handler.hpp"
#include "vspace/vspace.hpp"
#include <map>
#include <random>

using namespace mk;

// What finalise() does to objects that are not in this world.
namespace mk {
void unmap_frame(Cpu&, Cap const&) {}
void unmap_table(Cpu&, Cap const&) {}
void delete_vspace(Cpu&, u16, PageTable&) {}
void delete_asid_pool(Cpu&, u16, AsidPool&) {}
void release_irq(Cpu&, unsigned) {}
void release_io_ports(u16, u16) {}
} // namespace mk

namespace {

/// A world in which the methods of scheduling contexts can be invoked by the current thread.
struct Methods : World {
    Slot arguments[3];
    std::deque<Slot> handlers;

    Invocation invocation(Cap const& cap, Cap const& argument)
    {
        Invocation in{};
        in.cap = cap;
        in.caller = cpu.current;
        in.cpu = &cpu;
        arguments[0].update(argument);
        in.caps[0] = &arguments[0];
        in.cap_count = 1;
        return in;
    }
    /// As api/syscall.cpp does it. Answers whether the method was legal.
    bool invoke(Checked<Plan> const& plan)
    {
        if (!plan) return false;
        Tcb& caller = *cpu.current;
        caller.state = ThreadState::restart;
        static_cast<void>((*plan).perform(cpu, caller));
        if (caller.state == ThreadState::restart) caller.state = ThreadState::running;
        return true;
    }
    static Cap context_cap(SchedContext& sc) { return Cap::sched_context(&sc, 8); }
    void bind(SchedContext& sc, Cap const& to)
    {
        invoke(decode_sched_context_bind(invocation(context_cap(sc), to)));
    }
    void unbind(SchedContext& sc)
    {
        invoke(decode_sched_context_unbind(invocation(context_cap(sc), {})));
    }
    void unbind_object(SchedContext& sc, Cap const& from)
    {
        invoke(decode_sched_context_unbind_object(invocation(context_cap(sc), from)));
    }
    void yield_to(SchedContext& sc)
    {
        invoke(decode_sched_context_yield_to(invocation(context_cap(sc), {})));
    }
    bool configure_context(SchedContext& sc, u64 time, u64 period, u64 extra, u64 flags)
    {
        Invocation in = invocation(Cap::sched_control(0), context_cap(sc));
        u64 const words[5] = {time, period, extra, 0, flags};
        std::copy_n(words, 4, in.mr);
        in.buffer = words;
        in.length = 5;
        return invoke(decode_sched_control_configure_flags(in));
    }
    bool configure_feedback(SchedContext& sc, u64 enabled)
    {
        Invocation in = invocation(Cap::sched_control(0), context_cap(sc));
        in.mr[0] = enabled;
        in.length = 1;
        return invoke(decode_sched_control_configure_feedback(in));
    }
    void set_timeout_handler(Tcb& t, Endpoint& to)
    {
        DerivationTree::insert_original(nullptr, t.slot(Tcb::timeout_handler),
                                        Cap::endpoint(&to, Rights::all, 0));
    }
    /// The last capability to an object goes.
    void destroy(Cap const& cap)
    {
        Slot slot;
        slot.update(cap);
        static_cast<void>(finalise(cpu, slot, true));
    }

    void check_scheduled() const
    {
        check();
        for (Tcb const& t : threads) {
            if (is_schedulable(t) && &t != cpu.current) REQUIRE(t.in_ready_queue);
            if (&t == cpu.current) REQUIRE_FALSE(t.in_ready_queue);
            if (t.in_ready_queue) REQUIRE(t.priority <= cpu.current->priority);
            if (t.in_release_queue) REQUIRE(t.is_runnable());
            if (t.yield_to != nullptr) REQUIRE(t.yield_to->yield_from == &t);
        }
        for (TestContext const& c : contexts) {
            if (c.sc.yield_from != nullptr) REQUIRE(c.sc.yield_from->yield_to == &c.sc);
            if (c.sc.notification != nullptr) REQUIRE(c.sc.notification->sched_context == &c.sc);
            if (c.sc.is_active()) check_budget_of(c.sc);
        }
        if (cpu.current == &cpu.idle) return;
        REQUIRE(is_schedulable(*cpu.current));
        REQUIRE(cpu.current_sc == cpu.current->sc);
        // Running on a refill whose time has not come would be time nobody gave.
        REQUIRE(refill::ready(cpu, *cpu.current_sc));
    }

    std::map<SchedContext const*, Ticks> budget;
    void check_budget_of(SchedContext const& sc) const
    {
        auto const known = budget.find(&sc);
        if (known == budget.end()) return;
        Ticks sum = 0;
        for (unsigned i = sc.refill_head;; i = i + 1 == sc.refill_max ? 0 : i + 1) {
            sum += sc.refills()[i].amount;
            if (i == sc.refill_tail) break;
        }
        REQUIRE(sum == known->second);
    }
};

} // namespace

TEST_CASE("no thread is lost through random system calls", "[scheduler]")
{
    std::mt19937 random{20261122};
    for (int round = 0; round < 400; ++round) {
        Methods w;
        Notification ntfns[2];
        constexpr unsigned thread_count = 7, context_count = 6, reply_count = 4;
        Endpoint timeouts;
        for (unsigned i = 0; i < context_count; ++i) {
            Ticks const b = 100 + random() % 100, period = random() % 3 ? b : b * 3;
            SchedContext& sc = w.context(b, period);
            if (random() % 2) sc.flags |= SchedContext::sporadic;
            w.budget[&sc] = b;
        }
        for (unsigned i = 0; i < thread_count; ++i) {
            Tcb& t = w.thread(u8(10 + random() % 4), i < 5 ? &w.contexts[i].sc : nullptr);
            t.mcp = 255;
            if (random() % 3 == 0) w.set_timeout_handler(t, w.ep2);
        }
        for (unsigned i = 0; i < reply_count; ++i) w.reply();
        for (Tcb& t : w.threads) restart(w.cpu, t);
        w.go();
        for (int step = 0; step < 300; ++step) {
            Tcb& t = *w.cpu.current;
            Tcb& any = w.threads[random() % thread_count];
            SchedContext& sc = w.contexts[random() % context_count].sc;
            Reply& reply = w.replies[random() % reply_count];
            Endpoint& ep = random() % 2 ? w.ep : w.ep2;
            Notification& ntfn = ntfns[random() % 2];
            Cap const object =
                random() % 3 ? Cap::tcb(&any) : Cap::notification(&ntfn, Rights::all, 0);
            fake::machine.clock += random() % 150;
            update_time(w.cpu);
            bool const budget = check_budget(w.cpu);
            unsigned const op = unsigned(random() % 23);
            CAPTURE(round, step, op);
            if (&t == &w.cpu.idle) {
                if (op == 0) signal(w.cpu, ntfn, 1);
                if (op == 1) restart(w.cpu, any);
            } else if (!budget) {
                if (t.is_runnable()) t.state = ThreadState::restart;
            } else {
                switch (op) {
                case 0:
                    w.call(t, ep);
                    break;
                case 1:
                case 2:
                    w.receive(t, ep, random() % 4 ? &reply : nullptr);
                    break;
                case 3:
                    w.answer(t, reply);
                    break;
                case 4:
                    w.answer(t, reply);
                    w.receive(t, ep, &reply);
                    break;
                case 5:
                    w.send(t, ep);
                    break;
                case 6:
                    suspend(w.cpu, any);
                    break;
                case 7:
                case 8:
                    restart(w.cpu, any);
                    break;
                case 9:
                    reply_stack::clear(w.cpu, reply);
                    break;
                case 10:
                    if (random() % 4 == 0) cancel_all_ipc(w.cpu, ep);
                    break;
                case 11:
                    set_priority(w.cpu, any, u8(10 + random() % 4));
                    break;
                case 12:
                    w.bind(sc, object);
                    break;
                case 13:
                    if (random() % 2)
                        w.unbind(sc);
                    else
                        w.unbind_object(sc, object);
                    break;
                case 14:
                    w.yield_to(sc);
                    break;
                case 15: {
                    Ticks const b = 100 + random() % 100, period = random() % 3 ? b : b * 3;
                    w.budget[&sc] = b;
                    w.configure_context(sc, b, period, 1, random() % 2);
                    break;
                }
                case 16:
                    signal(w.cpu, ntfn, 1);
                    break;
                case 17:
                    if (ntfn.bound_tcb == nullptr || ntfn.bound_tcb == &t)
                        wait_signal(w.cpu, t, ntfn, random() % 2);
                    break;
                case 18:
                    if (ntfn.bound_tcb == nullptr && any.bound_notification == nullptr &&
                        ntfn.head() == nullptr)
                        bind_to_thread(ntfn, any);
                    break;
                case 19:
                    yield(w.cpu);
                    break;
                case 20: // NBSendRecv
                    send_ipc(w.cpu, t, ep, 0, {false, false, true, true, true});
                    w.receive(t, random() % 2 ? w.ep : w.ep2, &reply);
                    break;
                case 21:
                    if (random() % 4 == 0) w.destroy(Methods::context_cap(sc));
                    if (random() % 4 == 0) w.destroy(Cap::tcb(&any));
                    if (random() % 4 == 0) w.destroy(Cap::notification(&ntfn, Rights::all, 0));
                    break;
                case 22: {
                    u64 const enabled = random() % 3;
                    bool const legal =
                        enabled == 0 || (enabled == 1 && sc.is_active() && sc.is_round_robin());
                    REQUIRE(w.configure_feedback(sc, enabled) == legal);
                    REQUIRE((!legal || sc.is_feedback() == (enabled == 1)));
                    break;
                }
                default:
                    break;
                }
            }
            schedule(w.cpu);
            w.check_scheduled();
        }
    }
}

TEST_CASE("the timer follows a budget that its own thread makes smaller", "[scheduler]")
{
    Methods w;
    SchedContext& sc = w.context(100000, 100000);
    Tcb& t = w.thread(10, &sc);
    restart(w.cpu, t);
    w.go();
    REQUIRE(w.cpu.current == &t);
    REQUIRE(fake::machine.deadline == w.cpu.now + 100000);
    REQUIRE(w.configure_context(sc, 100, 100, 0, 0));
    w.go();
    REQUIRE(w.cpu.current == &t);
    CHECK(fake::machine.deadline <= w.cpu.now + 100);
}

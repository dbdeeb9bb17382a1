// A small kernel without a machine: threads, contexts, endpoints and replies that tests drive
// directly, and a check of everything that must hold between them after each step.
#pragma once

#include "cap/derivation_tree.hpp"
#include "cap/destroy.hpp"
#include "fakes.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/signal.hpp"
#include "ipc/thread.hpp"
#include "ipc/transfer.hpp"
#include "object/notification.hpp"
#include "sched/binding.hpp"
#include "sched/refill.hpp"
#include "sched/scheduler.hpp"
#include <bit>
#include <catch2/catch.hpp>
#include <deque>
#include <memory>

namespace mk {

/// A scheduling context with room for `refills`.
template <unsigned Refills> struct SizedContext {
    SchedContext sc;
    Refill refill[Refills];
};
using TestContext = SizedContext<10>;

/// A CPU with its tables of ready threads.
struct OwnedCpu {
    std::unique_ptr<Cpu> cpu = std::make_unique<Cpu>();
    std::vector<PriorityQueues> table{domain_count * ReadyQueues::priorities};

    OwnedCpu()
    {
        for (unsigned d = 0; d < domain_count; ++d)
            cpu->ready[d].use(&table[d * ReadyQueues::priorities]);
    }
};

struct World {
    OwnedCpu owned;
    Cpu& cpu = *owned.cpu;
    std::deque<Tcb> threads;
    std::deque<TestContext> contexts;
    std::deque<Reply> replies;
    Endpoint ep{}, ep2{};
    Notification ntfn{};

    World()
    {
        fake::reset();
        cpu.ticks_per_us = 1;
        fake::machine.clock = cpu.now = 1000;
        cpu.idle.state = ThreadState::idle;
        cpu.current = &cpu.idle;
        cpu.current_sc = &cpu.idle_sc.sc;
    }

    SchedContext& context(Ticks budget = 1000, Ticks period = 1000)
    {
        SchedContext& sc = contexts.emplace_back().sc;
        refill::configure(cpu, sc, 10, budget, period);
        return sc;
    }
    /// A stopped thread; passive when sc is null.
    Tcb& thread(u8 priority, SchedContext* sc = nullptr)
    {
        Tcb& t = threads.emplace_back();
        t.priority = t.mcp = priority;
        if (sc != nullptr) bind_thread(cpu, *sc, t);
        return t;
    }
    Tcb& running(u8 priority)
    {
        Tcb& t = thread(priority, &context());
        restart(cpu, t);
        go();
        return t;
    }
    Reply& reply() { return replies.emplace_back(); }

    /// Lets the kernel choose, after `passed` ticks.
    void go(Ticks passed = 0)
    {
        fake::machine.clock += passed;
        update_time(cpu);
        check_budget(cpu);
        schedule(cpu);
        check();
    }
    /// Makes `t` the current thread, whatever the scheduler would choose.
    void run(Tcb& t)
    {
        if (cpu.current == &t) return;
        if (is_schedulable(*cpu.current)) enqueue_front(cpu, *cpu.current);
        dequeue(cpu, t);
        commit_time(cpu);
        cpu.current = &t;
        if (t.sc != nullptr) cpu.current_sc = t.sc;
        if (t.state == ThreadState::restart) t.state = ThreadState::running;
    }

    void call(Tcb& t, Endpoint& to, u64 badge = 0)
    {
        send_ipc(cpu, t, to, badge,
                 {.blocking = true,
                  .call = true,
                  .grant = true,
                  .grant_reply = true,
                  .may_donate = true});
    }
    void send(Tcb& t, Endpoint& to, u64 badge = 0)
    {
        send_ipc(cpu, t, to, badge,
                 {.blocking = true,
                  .call = false,
                  .grant = false,
                  .grant_reply = false,
                  .may_donate = false});
    }
    void receive(Tcb& t, Endpoint& from, Reply* r) { receive_ipc(cpu, t, from, true, true, r); }
    void answer(Tcb& t, Reply& r) { reply_stack::answer(cpu, t, r, true); }

    void check() const;

private:
    void check_thread(Tcb const& t) const;
    void check_queue(Endpoint const& e) const;
    void check_ready(PriorityQueues const& queues, unsigned priority) const;
};

inline void World::check_thread(Tcb const& t) const
{
    if (t.sc != nullptr) REQUIRE(t.sc->tcb == &t);
    if (t.reply != nullptr) {
        REQUIRE(t.reply->tcb == &t);
        REQUIRE((t.state == ThreadState::blocked_on_receive ||
                 t.state == ThreadState::blocked_on_reply));
    }
    if (t.state == ThreadState::blocked_on_reply) REQUIRE(t.reply != nullptr);
    if (t.in_ready_queue) {
        REQUIRE(is_schedulable(t));
        REQUIRE_FALSE(t.in_release_queue);
    }
    if (t.in_release_queue) REQUIRE(t.sc != nullptr);
}

inline void World::check_queue(Endpoint const& e) const
{
    REQUIRE((e.head() == nullptr) == (e.state() == Endpoint::State::idle));
    u8 last = 255;
    for (Tcb const* t = e.head(); t != nullptr; t = t->wait_link.next) {
        REQUIRE(t->blocked_on == &e);
        REQUIRE(t->priority <= last);
        last = t->priority;
        REQUIRE(t->state == (e.state() == Endpoint::State::send ? ThreadState::blocked_on_send
                                                                : ThreadState::blocked_on_receive));
    }
}

inline void World::check_ready(PriorityQueues const& queues, unsigned priority) const
{
    for (u64 left = queues.filled; left != 0; left &= left - 1) {
        unsigned const q = unsigned(std::countr_zero(left));
        Tcb const* const head = queues.head[q];
        REQUIRE(head != nullptr);
        Tcb const* t = head;
        bool good = true;
        do {
            Feedback const& f = t->sc->feedback;
            Tcb const* const next = t->sched_link.next;
            good = good && t->in_ready_queue && t->priority == priority && t->ready_queue == q;
            good = good && f.queue == q && next->sched_link.prev == t;
            good = good && (t->sc->is_feedback() ? f.level <= 4 && !f.asleep : q == 0);
            good = good && (q == 0 || next == head || f.since <= next->sc->feedback.since);
            t = next;
        } while (t != head);
        REQUIRE(good);
    }
}

inline void World::check() const
{
    for (unsigned i = 0; i < owned.table.size(); ++i) {
        PriorityQueues const& queues = owned.table[i];
        u64 filled = 0;
        for (unsigned q = 0; q < PriorityQueues::count; ++q)
            filled |= u64{queues.head[q] != nullptr} << q;
        if (filled != queues.filled) FAIL("priority " << i << ": bits and heads differ");
        if (filled != 0) check_ready(queues, i % ReadyQueues::priorities);
    }
    for (Tcb const& t : threads) check_thread(t);
    for (TestContext const& c : contexts) {
        if (c.sc.tcb != nullptr) REQUIRE(c.sc.tcb->sc == &c.sc);
        // The call stack is well linked, and everybody in it waits for an answer.
        Reply const* newer = nullptr;
        for (Reply const* r = c.sc.reply; r != nullptr; newer = r, r = r->prev) {
            REQUIRE(r->tcb != nullptr);
            REQUIRE(r->tcb->state == ThreadState::blocked_on_reply);
            REQUIRE(r->next() == newer);
            REQUIRE(r->is_top() == (newer == nullptr));
            if (newer == nullptr) REQUIRE(r->sched_context() == &c.sc);
        }
    }
    for (Reply const& r : replies)
        if (r.tcb != nullptr) REQUIRE(r.tcb->reply == &r);
    check_queue(ep);
    check_queue(ep2);
    Ticks last = 0;
    for (Tcb const* t = cpu.release_head; t != nullptr; t = t->sched_link.next) {
        REQUIRE(t->in_release_queue);
        REQUIRE(t->sc->head().time >= last);
        last = t->sc->head().time;
    }
}

} // namespace mk

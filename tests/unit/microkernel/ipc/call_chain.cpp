// A client calls a chain of passive servers and gets its answers back. At every point of that,
// everything that can happen to one of the objects happens: a thread is suspended, resumed or
// deleted, a reply, an endpoint or the context is deleted or unbound, the untyped they all came
// from is revoked. World::check and the checks below must hold after each step, and what was
// deleted must be forgotten by everybody.
#include "world.hpp"

using namespace mk;

namespace {

struct Chain : World {
    static constexpr int length = 4; ///< the client and three servers: a lowest, middle, top reply
    static constexpr int points = 3 * (length - 1) + 2;

    Slot untyped, workplace;
    Slot tcb_slot[length], reply_slot[length - 1], endpoint_slot[length - 1], context_slot;
    Endpoint endpoints[length - 1];
    SchedContext* sc;

    Chain()
    {
        DerivationTree::insert_original(nullptr, untyped, Cap::untyped(0, 47, false));
        sc = &context(100000, 100000);
        own(context_slot, Cap::sched_context(sc, 8));
        for (int i = 0; i < length; ++i) {
            Tcb& t = thread(u8(10 + i), i == 0 ? sc : nullptr);
            own(tcb_slot[i], Cap::tcb(&t));
            if (i > 0) t.state = ThreadState::running; // as if it had lent a context to start
        }
        for (int i = 0; i + 1 < length; ++i) {
            own(reply_slot[i], Cap::reply(&reply(), Rights::all));
            own(endpoint_slot[i], Cap::endpoint(&endpoints[i], Rights::all, 0));
        }
        restart(cpu, threads[0]);
        go();
    }
    void own(Slot& slot, Cap cap) { DerivationTree::insert_original(&untyped, slot, cap); }
    bool lives(Slot const& slot) const { return !slot.empty(); }
    bool runs(int i) { return lives(tcb_slot[i]) && cpu.current == &threads[u64(i)]; }

    /// Server i (from 1) waits for a call; its reply object may be gone by now.
    void receive(int i)
    {
        if (!lives(endpoint_slot[i - 1])) return;
        World::receive(threads[u64(i)], endpoints[i - 1],
                       lives(reply_slot[i - 1]) ? &replies[u64(i - 1)] : nullptr);
    }
    /// The step of the story at this point, if who takes it still can.
    void step(int point)
    {
        constexpr int servers = length - 1;
        if (point < servers) {
            int const i = point + 1;
            if (lives(tcb_slot[i]) && threads[u64(i)].state == ThreadState::running &&
                threads[u64(i)].sc == nullptr)
                receive(i);
        } else if (point < 2 * servers) {
            int const i = point - servers;
            if (runs(i) && lives(endpoint_slot[i])) call(threads[u64(i)], endpoints[i]);
        } else if (point < 3 * servers) {
            int const i = 3 * servers - point;
            if (!runs(i)) return;
            if (lives(reply_slot[i - 1])) answer(threads[u64(i)], replies[u64(i - 1)]);
            receive(i);
        } else if (runs(0) && lives(endpoint_slot[0])) { // and once more
            call(threads[0], endpoints[0]);
        }
    }

    void take(int point)
    {
        step(point);
        go(1);
    }

    static constexpr int events = 3 * length + 2 * (length - 1) + 4;
    /// One of the things that can go wrong. Deleting what is gone does nothing.
    void event(int number)
    {
        auto const among = [&number](int count) {
            number -= count;
            return number < 0;
        };
        if (among(length)) return remove(tcb_slot[number + length]);
        if (among(length)) {
            int const i = number + length;
            if (lives(tcb_slot[i])) suspend(cpu, threads[u64(i)]);
            return;
        }
        if (among(length)) {
            int const i = number + length;
            if (lives(tcb_slot[i])) restart(cpu, threads[u64(i)]);
            return;
        }
        if (among(length - 1)) return remove(reply_slot[number + length - 1]);
        if (among(length - 1)) return remove(endpoint_slot[number + length - 1]);
        switch (number) {
        case 0:
            return remove(context_slot);
        case 1:
            if (lives(context_slot)) unbind_thread(cpu, *sc);
            return;
        case 2:
            if (lives(context_slot) && sc->tcb == nullptr && lives(tcb_slot[0]) &&
                threads[0].sc == nullptr)
                bind_thread(cpu, *sc, threads[0]);
            return;
        default:
            CHECK(revoke(cpu, untyped, workplace) == Progress::done);
        }
    }
    void remove(Slot& slot) { CHECK(delete_cap(cpu, slot) == Progress::done); }

    /// Lets the kernel go on, and looks at everything.
    void settle()
    {
        go(1);
        REQUIRE((cpu.current == &cpu.idle ||
                 (cpu.current->is_runnable() && cpu.current->sc == cpu.current_sc)));
        if (!lives(context_slot)) REQUIRE(cpu.current == &cpu.idle);
        for (int i = 0; i < length; ++i)
            if (!lives(tcb_slot[i])) check_forgotten(threads[u64(i)]);
        for (int i = 0; i + 1 < length; ++i) {
            if (!lives(reply_slot[i])) check_forgotten(replies[u64(i)]);
            if (!lives(endpoint_slot[i])) REQUIRE(endpoints[i].head() == nullptr);
        }
    }
    void check_forgotten(Tcb const& dead)
    {
        REQUIRE(dead.state == ThreadState::inactive);
        REQUIRE_FALSE((dead.in_ready_queue || dead.in_release_queue));
        REQUIRE((dead.sc == nullptr && dead.reply == nullptr));
        REQUIRE(sc->tcb != &dead);
        for (Reply const& r : replies) REQUIRE(r.tcb != &dead);
    }
    void check_forgotten(Reply const& dead)
    {
        REQUIRE((dead.tcb == nullptr && dead.prev == nullptr));
        REQUIRE((dead.next() == nullptr && dead.sched_context() == nullptr));
        REQUIRE(sc->reply != &dead);
        for (Reply const& r : replies) REQUIRE((r.prev != &dead && r.next() != &dead));
        for (Tcb const& t : threads) REQUIRE(t.reply != &dead);
    }
};

} // namespace

TEST_CASE("undisturbed, the answers come back and the chain serves again", "[reply]")
{
    Chain w;
    for (int point = 0; point < Chain::points; ++point) {
        w.step(point);
        w.settle();
        // The context is always with the one who works: down the chain, and up again.
        int const down = point - 2, up = 3 * (Chain::length - 1) - 1 - point;
        int const working = down <= 0 ? 0 : down <= 3 ? down : up >= 0 ? up : 1;
        REQUIRE(w.cpu.current == &w.threads[u64(working)]);
        REQUIRE(w.threads[u64(working)].sc == w.sc);
    }
}

TEST_CASE("one event at every point of a chain of calls", "[reply]")
{
    for (int at = 0; at < Chain::points; ++at)
        for (int event = 0; event < Chain::events; ++event) {
            INFO("event " << event << " before point " << at);
            Chain w;
            for (int point = 0; point < Chain::points; ++point) {
                if (point == at) {
                    w.event(event);
                    w.settle();
                }
                w.step(point);
                w.settle();
            }
        }
}

TEST_CASE("two events at every point of a chain of calls", "[reply]")
{
    for (int at = 0; at < Chain::points; ++at)
        for (int first = 0; first < Chain::events; ++first)
            for (int second = 0; second < Chain::events; ++second) {
                INFO("events " << first << ", " << second << " before point " << at);
                Chain w;
                for (int point = 0; point < at; ++point) w.take(point);
                for (int event : {first, second}) {
                    w.event(event);
                    w.settle();
                }
                for (int point = at; point < Chain::points; ++point) w.take(point);
                w.settle();
            }
}

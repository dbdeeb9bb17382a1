// The feedback class by its rules (docs/architecture/scheduler.md), then by what follows from them:
// the error of the response ratio, the bound on starvation, what plain contexts may expect.
#include "sched/feedback.hpp" // under test: first, so that a missing include shows
#include "../ipc/world.hpp"
#include <algorithm>
#include <array>
#include <random>

using namespace mk;

namespace {

constexpr Ticks slice = 1000;

/// Time here is in microseconds: one tick each.
struct Levels : World {
    /// A stopped thread on a context of the class, or a plain one.
    Tcb& sharer(u8 priority, bool in_class = true, Ticks budget = slice)
    {
        SchedContext& sc = context(budget, budget);
        feedback::configure(sc, in_class);
        return thread(priority, &sc);
    }
    Tcb& started(u8 priority, bool in_class = true, Ticks budget = slice)
    {
        Tcb& t = sharer(priority, in_class, budget);
        restart(cpu, t);
        go();
        return t;
    }
    /// Stands at the level from now on, in the right queue.
    void put(Tcb& t, u8 level, u32 service = 0)
    {
        bool const queued = t.in_ready_queue;
        dequeue(cpu, t);
        t.sc->feedback.level = level;
        t.sc->feedback.service = service;
        feedback::make_ready(cpu, *t.sc);
        if (queued) enqueue_back(cpu, t);
    }
    /// The current thread blocks until `wake`.
    void block()
    {
        cpu.current->state = ThreadState::blocked_on_notification;
        go_without_check();
    }
    void wake(Tcb& t)
    {
        t.state = ThreadState::running;
        possible_switch_to(cpu, t);
        go_without_check();
    }
    void go_without_check(Ticks passed = 0)
    {
        fake::machine.clock += passed;
        update_time(cpu);
        check_budget(cpu);
        schedule(cpu);
    }
    unsigned level(Tcb const& t) const { return t.sc->feedback.level; }
    /// Runs until `t` has the CPU; answers how long that took.
    Ticks until_runs(Tcb const& t, Ticks step = slice)
    {
        Ticks const start = cpu.now;
        while (cpu.current != &t) go_without_check(step);
        return cpu.now - start;
    }
};

} // namespace

TEST_CASE("a hog sinks one level for each allotment, twice as long each time", "[feedback]")
{
    Levels w;
    Tcb& hog = w.started(10);
    for (unsigned level = 0; level < feedback::last_level; ++level) {
        REQUIRE(w.level(hog) == level);
        for (unsigned part = 1; part < 1u << level; ++part) {
            w.go(slice);
            REQUIRE(w.level(hog) == level);
        }
        w.go(slice);
    }
    CHECK(w.level(hog) == feedback::last_level);
    for (unsigned i = 0; i < 100; ++i) w.go(slice);
    CHECK(w.level(hog) == feedback::last_level);
    CHECK(hog.sc->feedback.burst == 115 * slice);
}

TEST_CASE("a better level goes first, and a context that wakes on one preempts", "[feedback]")
{
    Levels w;
    Tcb& interactive = w.started(10);
    w.block();
    Tcb& hog = w.started(10);
    for (int i = 0; i < 3; ++i) w.go(slice);
    REQUIRE(w.cpu.current == &hog);
    REQUIRE(w.level(hog) == 2);
    fake::machine.clock += 100;
    update_time(w.cpu);
    w.wake(interactive);
    CHECK(w.cpu.current == &interactive);
    CHECK(hog.in_ready_queue);
    CHECK(hog.sc->feedback.used == 100);
    w.block();
    CHECK(w.cpu.current == &hog);
    SECTION("but not on the same level")
    {
        w.put(interactive, 2);
        w.wake(interactive);
        CHECK(w.cpu.current == &hog);
        w.go(4 * slice); // the hog's turn is over
        CHECK(w.cpu.current == &interactive);
    }
    SECTION("nor at level 0 a plain one, nor a plain one it")
    {
        Tcb& plain = w.started(10, false);
        REQUIRE(w.cpu.current == &plain);
        w.wake(interactive);
        CHECK(w.cpu.current == &plain);
        w.go(slice);
        CHECK(w.cpu.current == &interactive);
    }
}

TEST_CASE("a preempted context goes on before its equals, with its turn's rest", "[feedback]")
{
    for (u8 level = 0; level <= feedback::last_level; ++level) {
        Levels w;
        Tcb& first = w.started(10);
        Tcb& second = w.started(10);
        w.put(second, level);
        w.put(first, level);
        first.sc->feedback.since = second.sc->feedback.since;
        w.go(slice / 2);
        REQUIRE(w.cpu.current == &first);
        Ticks const since = first.sc->feedback.since;
        Tcb& high = w.started(20);
        REQUIRE(w.cpu.current == &high);
        CHECK(first.sc->feedback.since == since);
        suspend(w.cpu, high);
        w.go();
        CHECK(w.cpu.current == &first);
        CHECK(first.sc->head().amount == slice / 2);
    }
}

TEST_CASE("sleeping before a slice ends does not keep a context up", "[feedback]")
{
    Levels w;
    Tcb& cheat = w.started(10);
    Tcb& other = w.started(10, false);
    suspend(w.cpu, other);
    for (int i = 0; i < 100 && w.level(cheat) < feedback::last_level; ++i) {
        REQUIRE(w.cpu.current == &cheat);
        w.go_without_check(slice * 9 / 10);
        w.block();
        fake::machine.clock += slice / 10;
        update_time(w.cpu);
        w.wake(cheat);
    }
    CHECK(w.level(cheat) == feedback::last_level);
}

TEST_CASE("who mostly waits for something else rises, who waits for the CPU does not", "[feedback]")
{
    Levels w;
    Tcb& t = w.started(10);
    w.put(t, 2);
    auto const cycle = [&](Ticks runs, Ticks sleeps) {
        w.go_without_check(runs);
        w.block();
        fake::machine.clock += sleeps;
        update_time(w.cpu);
        w.wake(t);
    };
    SECTION("less than a quarter of the time on the CPU, over four allotments")
    {
        for (int i = 0; i < 15; ++i) {
            cycle(slice / 5, slice * 4 / 5);
            REQUIRE(w.level(t) == 2);
        }
        cycle(slice / 5, slice * 4 / 5);
        CHECK(w.level(t) == 1);
        CHECK(t.sc->feedback.used == 0);
        CHECK(t.sc->feedback.blocked == 0);
    }
    SECTION("more than that")
    {
        for (int i = 0; i < 40; ++i) cycle(slice / 3, slice * 2 / 3);
        CHECK(w.level(t) > 2);
    }
    SECTION("waiting in the queue")
    {
        Tcb& plain = w.started(10, false);
        REQUIRE(w.cpu.current == &plain);
        for (int i = 0; i < 50; ++i) w.go(slice);
        CHECK(t.sc->feedback.blocked == 0);
        CHECK(w.level(t) == 2);
    }
    SECTION("one level at a time, however long the sleep")
    {
        cycle(1, 1'000'000'000);
        CHECK(w.level(t) == 1);
        cycle(1, Ticks{1} << 40); // more than the counter holds
        CHECK(w.level(t) == 0);
        cycle(1, 1000);
        CHECK(w.level(t) == 0);
    }
}

TEST_CASE("CPU time of less than a microsecond adds up", "[feedback]")
{
    Levels w;
    w.cpu.ticks_per_us = 3000;
    Tcb& t = w.thread(10, &w.context(3'000'000, 3'000'000));
    feedback::configure(*t.sc, true);
    for (int i = 0; i < 10; ++i) feedback::charge(w.cpu, *t.sc, 1700);
    CHECK(t.sc->feedback.used == 5);
    CHECK(t.sc->feedback.rest == 2000);
    feedback::charge(w.cpu, *t.sc, ~Ticks{0} / 2);
    CHECK(t.sc->feedback.used == ~u32{0});
}

TEST_CASE("the service is an average of bursts, and at least the one that goes on", "[feedback]")
{
    Levels w;
    Tcb& t = w.started(10);
    w.go_without_check(800);
    w.block();
    CHECK(t.sc->feedback.service == 200);
    w.wake(t);
    w.go_without_check(100);
    w.block();
    CHECK(t.sc->feedback.service == 175);
    w.wake(t);
    for (int i = 0; i < 10; ++i) w.go(slice);
    CHECK(t.sc->feedback.service >= 5 * slice);
    CHECK(t.sc->feedback.service <= t.sc->feedback.burst);
}

TEST_CASE("a yield ends the turn and costs what was used", "[feedback]")
{
    Levels w;
    Tcb& a = w.started(10);
    Tcb& b = w.started(10);
    w.put(b, 3);
    w.put(a, 3);
    a.sc->feedback.since = b.sc->feedback.since;
    w.go(10);
    REQUIRE(w.cpu.current == &a);
    fake::machine.clock += 50;
    update_time(w.cpu);
    REQUIRE(check_budget(w.cpu));
    mk::yield(w.cpu);
    schedule(w.cpu);
    CHECK(w.cpu.current == &b);
    CHECK(w.level(a) == 3);
    CHECK(a.sc->feedback.used == 60);
    CHECK(take_consumed_us(w.cpu, *a.sc) == 60);
    for (int i = 0; i < 200; ++i) {
        fake::machine.clock += slice / 2;
        update_time(w.cpu);
        REQUIRE(check_budget(w.cpu));
        mk::yield(w.cpu);
        schedule(w.cpu);
    }
    CHECK(w.level(a) == 3); // yielding does not demote by itself ...
    w.until_runs(a);
    w.go(slice);
    CHECK(w.level(a) == 4); // ... nor does it save from it
}

TEST_CASE("YieldTo gives one slice before all others and changes no level", "[feedback]")
{
    Levels w;
    Tcb& low = w.started(10);
    w.put(low, 4, 5000);
    Tcb& plain = w.started(10, false);
    Tcb& third = w.started(10, false);
    REQUIRE(w.cpu.current == &plain);
    dequeue(w.cpu, low);
    enqueue_first(w.cpu, low);
    CHECK(low.ready_queue == 0);
    w.go(slice);
    REQUIRE(w.cpu.current == &low);
    SECTION("ended by its end")
    {
        w.go(slice);
        CHECK(w.cpu.current != &low);
        CHECK(low.ready_queue >= PriorityQueues::fifo_levels);
    }
    SECTION("interrupted, it still is")
    {
        Tcb& high = w.started(20);
        CHECK(low.ready_queue == 0);
        suspend(w.cpu, high);
        w.go();
        CHECK(w.cpu.current == &low);
        w.go(slice);
        CHECK(w.cpu.current != &low);
    }
    SECTION("ended by sleep")
    {
        w.block();
        w.wake(low);
        CHECK(low.ready_queue >= PriorityQueues::fifo_levels);
    }
    CHECK(w.level(low) == 4);
    CHECK(is_schedulable(third));
}

TEST_CASE("a change of priority sends a queued context to the end", "[feedback]")
{
    Levels w;
    Tcb& runs = w.started(20);
    std::array<Tcb*, 3> t{&w.started(10), &w.started(10), &w.started(9)};
    for (Tcb* each : t) w.put(*each, 2);
    w.go(50);
    set_priority(w.cpu, *t[0], 9);
    w.go();
    CHECK(t[0]->ready_queue == 2);
    CHECK(w.cpu.ready[0].of(9).head[2] == t[2]);
    CHECK(t[0]->sc->feedback.since == w.cpu.now);
    CHECK(w.cpu.current == &runs);
}

TEST_CASE("a server works at the level of its client's context", "[feedback]")
{
    Levels w;
    Tcb& server = w.thread(10);
    restart(w.cpu, server);
    Reply& reply = w.reply();
    w.receive(server, w.ep, &reply);
    Tcb& client = w.started(10);
    w.put(client, 2);
    w.go(100);
    REQUIRE(w.cpu.current == &client);
    SchedContext& sc = *client.sc;
    w.call(client, w.ep);
    w.go();
    REQUIRE(w.cpu.current == &server);
    w.go(200);
    Tcb& plain = w.started(10, false);
    CHECK(sc.feedback.burst == 300); // a call is no block
    CHECK(w.cpu.current == &plain);
    CHECK(server.ready_queue == 2);
    suspend(w.cpu, plain);
    w.go();
    REQUIRE(w.cpu.current == &server);
    w.answer(server, reply);
    w.receive(server, w.ep, &reply);
    w.go();
    CHECK(w.cpu.current == &client);
    w.go(50);
    w.block();
    CHECK(sc.feedback.used == 350);
    CHECK(sc.feedback.service == 350 / 4);
}

// --- highest response ratio next ---

namespace {

double exact_service(Tcb const& t)
{
    return std::clamp<double>(t.sc->feedback.service, feedback::least_service_us,
                              feedback::most_service_us);
}

} // namespace

TEST_CASE("the choice's waiting per service is at least 2/3 of the best", "[feedback]")
{
    std::mt19937_64 random{16};
    double worst = 1;
    for (int round = 0; round < 40; ++round) {
        Levels w;
        std::vector<Tcb*> all;
        unsigned const count = 2 + unsigned(random() % 200);
        Ticks const gap = 1 + random() % 5000;
        for (unsigned i = 0; i < count; ++i) {
            w.cpu.now = fake::machine.clock += random() % gap;
            Tcb& t = w.sharer(10);
            t.sc->feedback.level = feedback::last_level;
            t.sc->feedback.service = u32(random() >> (64 - 1 - random() % 22));
            t.state = ThreadState::running;
            enqueue_back(w.cpu, t);
            all.push_back(&t);
        }
        w.check();
        ReadyQueues& ready = w.cpu.ready[0];
        while (!all.empty()) {
            w.cpu.now += random() % gap;
            Tcb& chosen = feedback::choose(w.cpu, ready, 10);
            auto const ratio = [&](Tcb const& t) {
                return double(w.cpu.now - t.sc->feedback.since) / exact_service(t);
            };
            double best = 0;
            for (Tcb* t : all) best = std::max(best, ratio(*t));
            REQUIRE(ratio(chosen) * 1.5 >= best * (1 - 1e-12));
            if (best > 0) worst = std::min(worst, ratio(chosen) / best);
            // Never more heads to compare than buckets, whatever the number of threads.
            REQUIRE(std::popcount(ready.of(10).filled) <= int(PriorityQueues::buckets));
            if (random() % 4 == 0) { // comes back later, with another service
                ready.remove(chosen);
                chosen.sc->feedback.service = u32(random() % (1u << (random() % 22)));
                enqueue_back(w.cpu, chosen);
                continue;
            }
            ready.remove(chosen);
            std::erase(all, &chosen);
        }
    }
    CHECK(worst < 0.9); // the loads do reach the difference between the exact order and ours
}

// The feedback class rule by rule (docs/architecture/scheduler.md). What follows from the rules:
// feedback_bounds.cpp.
#include "sched/feedback.hpp" // under test: first, so that a missing include shows
#include "levels.hpp"
#include <array>
#include <string>

using namespace mk;

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
    auto const sleep = [&](Ticks slept) {
        w.block();
        fake::machine.clock += slept;
        update_time(w.cpu);
        w.wake(t);
    };
    w.go_without_check(800);
    sleep(800);
    CHECK(t.sc->feedback.service == 200);
    w.go_without_check(40);
    sleep(39); // together one burst of 100: it slept less than it had worked
    w.go_without_check(60);
    CHECK(t.sc->feedback.service == 200);
    sleep(100);
    CHECK(t.sc->feedback.service == 175);
    CHECK(t.sc->feedback.burst == 0);
    for (int i = 0; i < 10; ++i) w.go(slice);
    CHECK(t.sc->feedback.service >= 5 * slice);
    CHECK(t.sc->feedback.service <= t.sc->feedback.burst);
}

TEST_CASE("who is woken by one that blocks takes the CPU over on level 0 only", "[feedback]")
{
    for (u8 level = 0; level <= feedback::last_level; ++level) {
        Levels w;
        Tcb& woken = w.started(10);
        w.block();
        Tcb& waits = w.started(10);
        w.put(waits, level, 20);
        w.put(woken, level, 40'000);
        Tcb& high = w.started(20);
        REQUIRE(w.cpu.current == &high);
        fake::machine.clock += 500;
        update_time(w.cpu);
        high.state = ThreadState::blocked_on_notification;
        w.wake(woken);
        CHECK(w.cpu.current == (level == 0 ? &woken : &waits));
        w.check();
    }
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
    for (int i = 0; i < 30; ++i) {
        mk::yield(w.cpu);
        schedule(w.cpu);
    }
    CHECK(w.level(a) == 3); // giving time away costs none
    for (int i = 0; i < 30; ++i) {
        fake::machine.clock += slice * 9 / 10;
        update_time(w.cpu);
        REQUIRE(check_budget(w.cpu));
        mk::yield(w.cpu);
        schedule(w.cpu);
    }
    CHECK(w.level(a) == feedback::last_level); // nor does it save from sinking
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

TEST_CASE("who was stopped in its turn has not starved, who waits behind it may have", "[feedback]")
{
    Levels w;
    Tcb& first = w.started(10, true, 40 * slice);
    Tcb& second = w.started(10, true, 40 * slice);
    w.put(second, 3);
    w.put(first, 3);
    for (int i = 0; i < 180; ++i) w.go(slice);
    Tcb& stopped = *w.cpu.current;
    Tcb& behind = &stopped == &first ? second : first;
    REQUIRE(w.level(stopped) == 3);
    Tcb& plain = w.started(10, false);
    REQUIRE(w.cpu.current == &plain);
    CHECK(stopped.ready_queue == 3);
    CHECK(behind.ready_queue == 0); // lifted at once: it has waited for 180 ms
    for (int i = 0; i < 100; ++i) w.go(slice);
    CHECK(w.cpu.current != &stopped);
    while (w.cpu.current != &stopped) w.go(slice); // starves now as well
    CHECK(w.level(stopped) == 3);
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
    CHECK(sc.feedback.burst == 350);
    CHECK(sc.feedback.asleep);
}

TEST_CASE("the worked example of docs/architecture/scheduler.md", "[feedback]")
{
    constexpr Ticks ms = 1000;
    Levels w;
    // A and B compute for ever, C works 2 ms and sleeps 20; D is plain and works 4 ms once.
    Tcb& a = w.sharer(10, true, 10 * ms);
    Tcb& b = w.sharer(10, true, 10 * ms);
    Tcb& c = w.sharer(10, true, 10 * ms);
    Tcb& d = w.sharer(10, false, 10 * ms);
    for (Tcb* hog : {&a, &b}) {
        hog->state = ThreadState::running;
        enqueue_back(w.cpu, *hog);
    }
    reschedule_required(w.cpu);
    Ticks c_sleeps_at = 0, c_wakes_at = 45;
    std::string seen;
    Tcb const* before = nullptr;
    for (Ticks t = 0; t <= 120; ++t) {
        update_time(w.cpu);
        check_budget(w.cpu);
        if (w.cpu.current == &c && t == c_sleeps_at) {
            c.state = ThreadState::blocked_on_notification;
            c_wakes_at = t + 20;
        }
        if (w.cpu.current == &d && t == 99) d.state = ThreadState::blocked_on_notification;
        Tcb* const wakes = t == c_wakes_at ? &c : t == 95 ? &d : nullptr;
        if (wakes == &c) c_sleeps_at = t + 2;
        if (wakes != nullptr) {
            wakes->state = ThreadState::running;
            possible_switch_to(w.cpu, *wakes);
        }
        schedule(w.cpu);
        if (w.cpu.current != before) {
            char const name = w.cpu.current == &a   ? 'A'
                              : w.cpu.current == &b ? 'B'
                              : w.cpu.current == &c ? 'C'
                                                    : 'D';
            seen += std::to_string(t) + name + std::to_string(w.level(*w.cpu.current)) + ' ';
        }
        before = w.cpu.current;
        fake::machine.clock += ms;
    }
    CHECK(seen == "0A0 10B0 20A1 40B1 45C0 47B1 62A2 67C0 69A2 89C0 91A2 95D0 99A2 110B2 111C0 "
                  "113B2 ");
    CHECK(w.level(a) == 3);
    CHECK(a.sc->feedback.service == 70 * ms);
}

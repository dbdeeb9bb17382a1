// Built with three domains (tests/unit/meson.build): the schedule, and that nothing crosses it.
#include "../ipc/world.hpp"
#include "sched/scheduler.hpp" // under test: first, so that a missing include shows

using namespace mk;

static_assert(domain_count == 3);

namespace {

struct Domains : World {
    Tcb* t[3];

    Domains()
    {
        cpu.domain_schedule[0] = {0, 5000};
        cpu.domain_schedule[1] = {1, 3000};
        cpu.domain_schedule[2] = {2, 1000};
        start_domain_schedule(cpu);
        for (u8 d = 0; d < 3; ++d) {
            // The highest priority lies in the last domain: priorities do not cross domains.
            t[d] = &thread(u8(10 + d), &context(100'000, 100'000));
            t[d]->domain = d;
            restart(cpu, *t[d]);
        }
        go();
    }
};

} // namespace

TEST_CASE("domains take turns by the schedule, whatever their priorities", "[domain]")
{
    Domains w;
    for (int round = 0; round < 3; ++round) {
        CHECK(w.cpu.current == w.t[0]);
        CHECK(fake::machine.deadline == w.cpu.now + w.cpu.domain_left);
        w.go(4999);
        CHECK(w.cpu.current == w.t[0]);
        w.go(1);
        CHECK(w.cpu.current == w.t[1]);
        w.go(3000);
        CHECK(w.cpu.current == w.t[2]);
        w.go(1000);
    }
    CHECK(w.cpu.current == w.t[0]);
}

TEST_CASE("a thread that wakes in another domain waits for its turn", "[domain]")
{
    Domains w;
    suspend(w.cpu, *w.t[1]);
    w.go(100);
    restart(w.cpu, *w.t[1]);
    w.go(100);
    CHECK(w.cpu.current == w.t[0]);
    CHECK(w.t[1]->in_ready_queue);
    w.go(4800);
    CHECK(w.cpu.current == w.t[1]);
}

TEST_CASE("a domain without ready threads idles for its time", "[domain]")
{
    Domains w;
    suspend(w.cpu, *w.t[1]);
    w.go(5000);
    CHECK(w.cpu.current == &w.cpu.idle);
    CHECK(w.cpu.domain == 1);
    CHECK(fake::machine.deadline == w.cpu.now + 3000);
    w.go(3000);
    CHECK(w.cpu.current == w.t[2]);
}

TEST_CASE("a running thread that moves to another domain stops until that one's turn", "[domain]")
{
    Domains w;
    set_domain(w.cpu, *w.t[0], 2);
    w.go();
    CHECK(w.cpu.current == &w.cpu.idle);
    w.go(8000); // beyond both: one switch for each look
    w.go(3000);
    CHECK(w.cpu.domain == 2);
    CHECK((w.cpu.current == w.t[2] || w.cpu.current == w.t[0]));
}

TEST_CASE("an end marker and a new start make a shorter round", "[domain]")
{
    Domains w;
    w.cpu.domain_schedule[2] = {};
    w.go(5000);
    CHECK(w.cpu.current == w.t[1]);
    w.go(3000);
    CHECK(w.cpu.current == w.t[0]);
    w.cpu.domain_start = 1;
    start_domain_schedule(w.cpu);
    reschedule_required(w.cpu);
    w.go();
    CHECK(w.cpu.current == w.t[1]);
    w.go(3000);
    CHECK(w.cpu.current == w.t[1]);
}

TEST_CASE("a schedule that begins anew sets the timer, also when the same thread goes on",
          "[domain]")
{
    Domains w;
    w.cpu.domain_schedule[0].duration = 100;
    start_domain_schedule(w.cpu);
    reschedule_required(w.cpu);
    w.go();
    CHECK(w.cpu.current == w.t[0]);
    CHECK(fake::machine.deadline == w.cpu.now + 100);
}

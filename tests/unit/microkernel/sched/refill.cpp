#include "sched/refill.hpp" // under test: first, so that a missing include shows
#include "../ipc/world.hpp"
#include <random>

using namespace mk;

namespace {

Ticks total(SchedContext const& sc)
{
    Ticks sum = 0;
    for (unsigned i = sc.refill_head;; i = i + 1 == sc.refill_max ? 0 : i + 1) {
        sum += sc.refills()[i].amount;
        if (i == sc.refill_tail) return sum;
    }
}

void check_order(SchedContext const& sc)
{
    for (unsigned i = sc.refill_head; i != sc.refill_tail;) {
        unsigned const next = i + 1 == sc.refill_max ? 0 : i + 1;
        REQUIRE(sc.refills()[i].time + sc.refills()[i].amount <= sc.refills()[next].time);
        i = next;
    }
}

} // namespace

TEST_CASE("a new context has its whole budget at once", "[refill]")
{
    World w;
    SchedContext& sc = w.context(100, 1000);
    CHECK(refill::has_budget(w.cpu, sc));
    CHECK(sc.head().amount == 100);
    CHECK_FALSE(sc.is_round_robin());
    CHECK(w.context(100, 100).is_round_robin());
}

TEST_CASE("what is used comes back one period after it could first be used", "[refill]")
{
    World w;
    SchedContext& sc = w.context(100, 1000);
    Ticks const start = sc.head().time;
    refill::charge(w.cpu, sc, 40);
    CHECK(sc.head().time == start + 40);
    CHECK(sc.head().amount == 60);
    CHECK(sc.tail().time == start + 1000);
    CHECK(sc.tail().amount == 40);
    refill::charge(w.cpu, sc, 60);
    CHECK(sc.head().time == start + 1000);
    CHECK(sc.head().amount == 100); // the two pieces touch and are one again
}

TEST_CASE("a rest below the least budget waits for its successor", "[refill]")
{
    World w;
    SchedContext& sc = w.context(100, 1000);
    Ticks const start = sc.head().time;
    refill::charge(w.cpu, sc, 95);
    CHECK(sc.head().amount == 100);
    CHECK(sc.head().time == start + 1000 - 5);
}

TEST_CASE("round robin renews its slice and keeps the used part for its next turn", "[refill]")
{
    World w;
    SchedContext& sc = w.context(100, 100);
    refill::use_round_robin(sc, 30);
    CHECK(sc.head().amount == 70);
    CHECK(total(sc) == 100);
    refill::renew_round_robin(sc);
    CHECK(sc.head().amount == 100);
}

TEST_CASE("random use never loses budget, never exceeds it in a window of one period", "[refill]")
{
    std::mt19937 random{7};
    for (unsigned room = 2; room <= 10; ++room) {
        World w;
        SchedContext& sc = w.contexts.emplace_back().sc;
        Ticks const budget = 300, period = 1000;
        refill::configure(w.cpu, sc, u16(room), budget, period);
        std::deque<Refill> used; // time and amount of every use
        for (int step = 0; step < 3000; ++step) {
            if (!refill::has_budget(w.cpu, sc)) {
                w.cpu.now = sc.head().time;
            } else {
                refill::unblock(w.cpu, sc); // as the scheduler does at each switch to it
                Ticks const amount = 1 + random() % sc.head().amount;
                refill::charge(w.cpu, sc, amount);
                used.push_back({w.cpu.now, amount});
                w.cpu.now += amount + random() % 200;
            }
            REQUIRE(total(sc) == budget);
            REQUIRE(sc.head().amount >= refill::min_budget(w.cpu));
            check_order(sc);
        }
        // The sliding window, with the time by which a refill counts as ready too early.
        for (usize i = 0; i < used.size(); ++i) {
            Ticks sum = 0;
            for (usize j = i;
                 j < used.size() && used[j].time + used[j].amount <= used[i].time + period; ++j)
                sum += used[j].amount;
            REQUIRE(sum <= budget + refill::kernel_wcet_us * w.cpu.ticks_per_us);
        }
    }
}

TEST_CASE("a thread out of budget waits in the release queue until its refill", "[refill]")
{
    World w;
    Tcb& low = w.running(5);
    Tcb& high = w.thread(10, &w.context(100, 1000));
    restart(w.cpu, high);
    w.go();
    REQUIRE(w.cpu.current == &high);
    w.go(100);
    CHECK(high.in_release_queue);
    CHECK(w.cpu.current == &low);
    CHECK(fake::machine.deadline == high.sc->head().time);
    w.go(fake::machine.deadline - w.cpu.now);
    CHECK(w.cpu.current == &high);
}

TEST_CASE("equals take turns, a higher one runs at once and a lower one never", "[sched]")
{
    World w;
    Tcb& a = w.running(10);
    Tcb& b = w.running(10);
    Tcb& low = w.running(3);
    Tcb* const first = w.cpu.current;
    w.go(1000);
    CHECK(w.cpu.current == (first == &a ? &b : &a));
    w.go(1000);
    CHECK(w.cpu.current == first);
    Tcb& high = w.running(20);
    CHECK(w.cpu.current == &high);
    suspend(w.cpu, high);
    w.go();
    CHECK(w.cpu.current == first);
    CHECK(low.in_ready_queue);
    suspend(w.cpu, a);
    suspend(w.cpu, b);
    w.go();
    CHECK(w.cpu.current == &low);
    suspend(w.cpu, low);
    w.go();
    CHECK(w.cpu.current == &w.cpu.idle);
}

TEST_CASE("yield gives the rest of the slice away and is not charged for it", "[sched]")
{
    World w;
    Tcb& a = w.running(10);
    Tcb& b = w.running(10);
    Tcb* const first = w.cpu.current;
    Tcb* const second = first == &a ? &b : &a;
    fake::machine.clock += 50;
    update_time(w.cpu);
    REQUIRE(check_budget(w.cpu));
    mk::yield(w.cpu);
    schedule(w.cpu);
    CHECK(w.cpu.current == second);
    CHECK(take_consumed_us(w.cpu, *first->sc) == 50);
}

TEST_CASE("a large object has no more refills than its indices can count", "[refill]")
{
    CHECK(max_refills(7) == 2);
    CHECK(max_refills(20) == 65530);
    for (unsigned bits = 21; bits <= 47; ++bits) CHECK(max_refills(bits) == 65535);
}

TEST_CASE("the longest period does not wrap round to a refill that is ready", "[refill]")
{
    World w;
    Ticks const period = refill::max_period_us(w.cpu);
    SchedContext& sc = w.context(20, period);
    refill::charge(w.cpu, sc, 20 * 20); // as after a long stay in the kernel
    CHECK(total(sc) == 20);
    CHECK(sc.head().time > period);
    CHECK_FALSE(refill::ready(w.cpu, sc));
    sc.head().time = w.cpu.now;
    for (int i = 0; i < 20; ++i) {
        refill::charge(w.cpu, sc, 20);
        CHECK_FALSE(refill::ready(w.cpu, sc));
    }
}

TEST_CASE("a clock that is set back charges nothing", "[refill]")
{
    World w;
    Tcb& t = w.running(10);
    Ticks const before = t.sc->head().amount;
    fake::machine.clock -= 500;
    w.go();
    CHECK(w.cpu.current == &t);
    CHECK(t.sc->head().amount == before);
}

#include "sched/refill.hpp"

namespace mk::refill {
namespace {

/// A time that never comes. Far enough from the end that adding a budget or a period (less than an
/// eighth of all times, max_period_us) does not wrap.
constexpr Ticks never = Ticks{1} << 63;

Ticks one_period_after(Ticks time, Ticks period)
{
    return time < never - period ? time + period : never;
}

unsigned next_index(SchedContext const& sc, unsigned i)
{
    return i + 1 == sc.refill_max ? 0 : i + 1;
}
bool is_single(SchedContext const& sc)
{
    return sc.refill_head == sc.refill_tail;
}
bool is_full(SchedContext const& sc)
{
    return next_index(sc, sc.refill_tail) == sc.refill_head;
}
Refill& second(SchedContext& sc)
{
    return sc.refills()[next_index(sc, sc.refill_head)];
}

Refill pop_head(SchedContext& sc)
{
    Refill const head = sc.head();
    sc.refill_head = u16(next_index(sc, sc.refill_head));
    return head;
}

void push_tail(SchedContext& sc, Refill refill)
{
    sc.refill_tail = u16(next_index(sc, sc.refill_tail));
    sc.tail() = refill;
}

/// Adds a replenishment behind all others. It is merged into the tail when they touch, or when
/// there is no room: then the tail moves later, so that never more than the bandwidth is given.
void add_replenishment(SchedContext& sc, Refill refill)
{
    Refill& tail = sc.tail();
    if (refill.time <= tail.time + tail.amount) {
        tail.amount += refill.amount;
    } else if (!is_full(sc)) {
        push_tail(sc, refill);
    } else {
        tail.time = refill.time - tail.amount;
        tail.amount += refill.amount;
    }
}

/// Joins the head to its successor, keeping the head's end where the successor begins or earlier.
void merge_head(SchedContext& sc)
{
    Refill const old = pop_head(sc);
    sc.head().time -= old.amount;
    sc.head().amount += old.amount;
}

void set_parameters(SchedContext& sc, u16 max, Ticks budget, Ticks period)
{
    sc.period = period;
    sc.refill_max = max;
    sc.set_flag(SchedContext::round_robin, budget == period);
}

} // namespace

u64 max_period_us(Cpu const& cpu)
{
    return ~u64{0} / cpu.ticks_per_us / 8;
}

void configure(Cpu& cpu, SchedContext& sc, u16 max, Ticks budget, Ticks period)
{
    set_parameters(sc, max, budget, period);
    sc.refill_head = sc.refill_tail = 0;
    sc.head() = {cpu.now, budget};
    if (sc.is_round_robin()) push_tail(sc, {cpu.now, 0});
}

void reconfigure(Cpu& cpu, SchedContext& sc, u16 max, Ticks budget, Ticks period)
{
    Refill head = sc.head();
    if (ready(cpu, sc)) head.time = cpu.now;
    set_parameters(sc, max, budget, period);
    sc.refill_head = sc.refill_tail = 0;
    if (head.amount >= budget) {
        sc.head() = {head.time, budget};
        if (sc.is_round_robin()) push_tail(sc, {cpu.now, 0});
        return;
    }
    sc.head() = head;
    Ticks const missing = budget - head.amount;
    if (sc.is_round_robin())
        push_tail(sc, {head.time, missing});
    else
        add_replenishment(sc, {one_period_after(head.time, period), missing});
    while (sc.head().amount < min_budget(cpu)) merge_head(sc);
}

void charge(Cpu& cpu, SchedContext& sc, Ticks usage)
{
    // Whole refills: each comes back one period after it could first be used.
    while (sc.head().amount <= usage) {
        usage -= sc.head().amount;
        if (is_single(sc)) {
            sc.head().time = one_period_after(sc.head().time, sc.period);
        } else {
            Refill used = pop_head(sc);
            used.time = one_period_after(used.time, sc.period);
            add_replenishment(sc, used);
        }
    }
    if (usage > 0) {
        Refill const used{one_period_after(sc.head().time, sc.period), usage};
        sc.head().time += usage;
        sc.head().amount -= usage;
        add_replenishment(sc, used);
    }
    // What is left may be too little to run on; it then waits for its successor.
    while (sc.head().amount < min_budget(cpu)) merge_head(sc);
}

void merge_ready(Cpu& cpu, SchedContext& sc)
{
    if (!ready(cpu, sc)) return;
    sc.head().time = cpu.now;
    cpu.reprogram_timer = true;
    while (!is_single(sc) && second(sc).time <= cpu.now + sc.head().amount) {
        Ticks const amount = pop_head(sc).amount;
        sc.head() = {cpu.now, sc.head().amount + amount};
    }
}

} // namespace mk::refill

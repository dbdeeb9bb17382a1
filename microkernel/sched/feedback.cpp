#include "sched/feedback.hpp"

#include <bit>

namespace mk::feedback {
namespace {

constexpr unsigned first_bucket = PriorityQueues::fifo_levels;

void add(u32& sum, u64 part)
{
    sum = u32(part < ~u32{0} - sum ? sum + part : ~u32{0});
}

u32 service_of(SchedContext const& sc)
{
    u32 const service = sc.feedback.service;
    return service < least_service_us  ? least_service_us
           : service > most_service_us ? most_service_us
                                       : service;
}

/// The octave and the highest bit below: services of one bucket differ by less than 1.5.
unsigned bucket_of(u32 service)
{
    constexpr unsigned least_octave = std::bit_width(least_service_us) - 1;
    unsigned const octave = unsigned(std::bit_width(service)) - 1;
    return (octave - least_octave) * 2 + (service >> (octave - 1) & 1);
}
static_assert((std::bit_width(most_service_us) - std::bit_width(least_service_us) + 1) * 2 ==
              PriorityQueues::buckets);

/// Whether `sum` microseconds are 2^doublings budgets or more.
bool covers_budget(Cpu const& cpu, SchedContext const& sc, u64 sum, unsigned doublings)
{
    return sum >> doublings >= sc.period / cpu.ticks_per_us;
}

void change_level(SchedContext& sc, u8 level)
{
    sc.feedback.level = level;
    sc.feedback.used = sc.feedback.blocked = 0;
}

/// From here on the context waits for a new turn, behind its equals.
void begin_wait(Cpu const& cpu, SchedContext& sc)
{
    Feedback& f = sc.feedback;
    f.since = cpu.now;
    f.queue = f.level < last_level ? f.level : u8(first_bucket + bucket_of(service_of(sc)));
}

/// A context that waited for something else three quarters of the time of four allotments rises.
void wake(Cpu const& cpu, SchedContext& sc)
{
    Feedback& f = sc.feedback;
    f.asleep = false;
    add(f.blocked, (cpu.now - f.since) / cpu.ticks_per_us);
    if (f.level > 0 && f.blocked / 3 >= f.used &&
        covers_budget(cpu, sc, u64{f.used} + f.blocked, f.level + 2u))
        change_level(sc, u8(f.level - 1));
}

} // namespace

void configure(SchedContext& sc, bool enabled)
{
    sc.feedback = {};
    sc.flags =
        u16(enabled ? sc.flags | SchedContext::in_feedback : sc.flags & ~SchedContext::in_feedback);
}

void charge(Cpu const& cpu, SchedContext& sc, Ticks used)
{
    Feedback& f = sc.feedback;
    Ticks const total = used + f.rest;
    u64 const microseconds = total / cpu.ticks_per_us;
    f.rest = u16(total % cpu.ticks_per_us);
    add(f.used, microseconds);
    add(f.burst, microseconds);
}

void leave(Cpu const& cpu, SchedContext& sc)
{
    if (sc.tcb != nullptr && sc.tcb->is_runnable()) return;
    Feedback& f = sc.feedback;
    f.service = u32(i64{f.service} + (i64{f.burst} - i64{f.service}) / 4);
    f.burst = 0;
    f.since = cpu.now;
    f.asleep = true;
}

void make_ready(Cpu const& cpu, SchedContext& sc)
{
    if (sc.feedback.asleep) wake(cpu, sc);
    begin_wait(cpu, sc);
}

void enqueue(Cpu& cpu, Tcb& tcb)
{
    SchedContext& sc = *tcb.sc;
    unsigned const queue = sc.feedback.queue;
    Tcb const* const head = cpu.ready[tcb.domain].of(tcb.priority).head[queue];
    bool const keeps_order =
        queue == 0 || head == nullptr || sc.feedback.since <= head->sc->feedback.since;
    if (&sc == cpu.current_sc && keeps_order) return cpu.ready[tcb.domain].push_front(tcb);
    make_ready(cpu, sc);
    cpu.ready[tcb.domain].push_back(tcb);
}

void enqueue_first(Cpu& cpu, Tcb& tcb)
{
    tcb.sc->feedback.queue = 0;
    cpu.ready[tcb.domain].push_front(tcb);
}

void end_slice(Cpu& cpu, Tcb& tcb, bool yields)
{
    SchedContext& sc = *tcb.sc;
    Feedback& f = sc.feedback;
    bool const used_up = !yields && covers_budget(cpu, sc, f.used, f.level);
    bool const lifted = f.level > 0 && f.queue == 0;
    if (!used_up && !yields && !lifted && f.level > 0) return enqueue(cpu, tcb);
    if (used_up) {
        change_level(sc, f.level < last_level ? u8(f.level + 1) : last_level);
        // A burst that lasts longer than was thought is at least as long as it already is.
        if (f.service < f.burst) f.service = f.burst;
    }
    begin_wait(cpu, sc);
    cpu.ready[tcb.domain].push_back(tcb);
}

namespace {

/// Lifts the context that has been starved for longest, if any, of those behind queue `best`.
/// Only heads are looked at: each is the one of its queue that waits longest.
void lift_starved(Cpu const& cpu, ReadyQueues& ready, PriorityQueues& queues, unsigned best)
{
    Tcb* longest = nullptr;
    Ticks most_overdue = 0;
    for (u64 left = queues.filled >> best >> 1 << 1 << best; left != 0; left &= left - 1) {
        Tcb& head = *queues.head[std::countr_zero(left)];
        u32 const ratio_us = starved_ratio * service_of(*head.sc);
        Ticks const patience = (ratio_us > starved_us ? ratio_us : starved_us) * cpu.ticks_per_us;
        Ticks const waited = cpu.now - head.sc->feedback.since;
        if (waited < patience || waited - patience < most_overdue) continue;
        longest = &head;
        most_overdue = waited - patience;
    }
    queues.next_ageing = cpu.now + ageing_interval_us * cpu.ticks_per_us;
    if (longest == nullptr) return;
    ready.remove(*longest);
    longest->sc->feedback.queue = 0;
    ready.push_back(*longest);
}

/// The bucket head with the largest ratio of waiting to service, the response ratio less one.
Tcb& highest_response_ratio(Cpu const& cpu, PriorityQueues const& queues)
{
    constexpr Ticks longest_wait = Ticks{1} << 43; // times a service fits in 64 bits
    Tcb* best = nullptr;
    u64 best_wait = 0, best_service = 1;
    for (u64 left = queues.filled; left != 0; left &= left - 1) {
        Tcb* const head = queues.head[std::countr_zero(left)];
        Ticks const waited = cpu.now - head->sc->feedback.since;
        u64 const wait = waited < longest_wait ? waited : longest_wait;
        u64 const service = service_of(*head->sc);
        if (best != nullptr && wait * best_service <= best_wait * service) continue;
        best = head;
        best_wait = wait;
        best_service = service;
    }
    return *best;
}

} // namespace

Tcb& choose(Cpu const& cpu, ReadyQueues& ready, unsigned priority)
{
    PriorityQueues& queues = ready.of(priority);
    unsigned best = unsigned(std::countr_zero(queues.filled));
    if (best < first_bucket && cpu.now >= queues.next_ageing) {
        lift_starved(cpu, ready, queues, best);
        best = unsigned(std::countr_zero(queues.filled));
    }
    return best < first_bucket ? *queues.head[best] : highest_response_ratio(cpu, queues);
}

} // namespace mk::feedback

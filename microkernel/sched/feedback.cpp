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

void change_level(Cpu& cpu, SchedContext& sc, u8 level)
{
    if (level != sc.feedback.level)
        trace(cpu.events, level > sc.feedback.level ? Event::demote : Event::promote,
              {.thread = sc.tcb, .object = &sc, .level = level});
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

/// A context that slept three quarters of the time of four allotments rises. Its burst is over if
/// it slept as long as that took: a shorter sleep must not make a long job look like a short one.
void wake(Cpu& cpu, SchedContext& sc)
{
    Feedback& f = sc.feedback;
    u64 const slept = (cpu.now - f.since) / cpu.ticks_per_us;
    f.asleep = false;
    add(f.blocked, slept);
    bool const rises = f.level > 0 && f.blocked / 3 >= f.used &&
                       covers_budget(cpu, sc, u64{f.used} + f.blocked, f.level + 2u);
    if (rises) change_level(cpu, sc, u8(f.level - 1));
    if (!rises && slept < f.burst) return;
    f.service = u32(i64{f.service} + (i64{f.burst} - i64{f.service}) / 4);
    f.burst = 0;
}

} // namespace

void configure(SchedContext& sc, bool enabled)
{
    sc.feedback = {};
    sc.set_flag(SchedContext::in_feedback, enabled);
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
    sc.feedback.since = cpu.now;
    sc.feedback.asleep = true;
}

void make_ready(Cpu& cpu, SchedContext& sc)
{
    if (sc.feedback.asleep) wake(cpu, sc);
    begin_wait(cpu, sc);
}

namespace {

/// Whether a queued thread has begun its turn: it was stopped in it, after its wait.
bool in_turn(Tcb const& tcb)
{
    return tcb.queued_at != tcb.sc->feedback.since;
}

/// Whether a thread that was stopped in its turn may stand before `head` (null: nobody).
bool keeps_order(SchedContext const& sc, Tcb const* head)
{
    if (sc.feedback.queue == 0 || head == nullptr) return true;
    return sc.feedback.since <= head->sc->feedback.since && !in_turn(*head);
}

} // namespace

void enqueue(Cpu& cpu, Tcb& tcb)
{
    SchedContext& sc = *tcb.sc;
    ReadyQueues& ready = cpu.ready_of(tcb);
    tcb.queued_at = cpu.now;
    if (&sc == cpu.current_sc && keeps_order(sc, ready.of(tcb.priority).head[sc.feedback.queue]))
        return ready.push_front(tcb);
    make_ready(cpu, sc);
    ready.push_back(tcb);
}

void enqueue_first(Cpu& cpu, Tcb& tcb)
{
    tcb.sc->feedback.queue = 0;
    cpu.ready_of(tcb).push_front(tcb);
}

void end_slice(Cpu& cpu, Tcb& tcb, bool yields)
{
    SchedContext& sc = *tcb.sc;
    Feedback& f = sc.feedback;
    bool const used_up = covers_budget(cpu, sc, f.used, f.level);
    bool const lifted = f.level > 0 && f.queue == 0;
    if (!used_up && !yields && !lifted && f.level > 0) return enqueue(cpu, tcb);
    if (used_up) {
        change_level(cpu, sc, f.level < last_level ? u8(f.level + 1) : last_level);
        // A burst that lasts longer than was thought is at least as long as it already is.
        if (f.service < f.burst) f.service = f.burst;
    }
    begin_wait(cpu, sc);
    tcb.queued_at = cpu.now;
    cpu.ready_of(tcb).push_back(tcb);
}

namespace {

/// How long the threads of a queue wait before they count as starved. The same for all of a queue,
/// so that the head is the first to be.
Ticks patience(Cpu const& cpu, unsigned queue)
{
    u32 const bucket = queue - first_bucket;
    u32 const least = queue < first_bucket ? 0 : (2 | (bucket & 1)) << (bucket / 2 + 3);
    u32 const us = starved_ratio * least;
    return (us > starved_us ? us : starved_us) * cpu.ticks_per_us;
}

/// Lifts the context that has been starved for longest, if any, of those in the queues `among`.
/// The first of a queue to starve is its head, or the next one if the head was stopped in its turn.
void lift_starved(Cpu const& cpu, ReadyQueues& ready, PriorityQueues& queues, u64 among)
{
    Tcb* longest = nullptr;
    Ticks most_overdue = 0;
    auto const consider = [&](Tcb& tcb) {
        Ticks const waited = cpu.now - tcb.queued_at, patient = patience(cpu, tcb.ready_queue);
        if (waited < patient || waited - patient < most_overdue) return;
        longest = &tcb;
        most_overdue = waited - patient;
    };
    for (u64 left = among; left != 0; left &= left - 1) {
        Tcb& head = *queues.head[std::countr_zero(left)];
        consider(head);
        if (in_turn(head)) consider(*head.sched_link.next);
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
    if (cpu.now >= queues.next_ageing) {
        // Those that wait behind the level whose turn it is; the last one has its own order too.
        u64 const this_level = best < first_bucket ? u64{1} << best : 0;
        lift_starved(cpu, ready, queues, queues.filled & ~this_level);
        best = unsigned(std::countr_zero(queues.filled));
    }
    return best < first_bucket ? *queues.head[best] : highest_response_ratio(cpu, queues);
}

} // namespace mk::feedback

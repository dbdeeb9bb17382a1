// What follows from the rules of the feedback class: the error of the response ratio, the bound on
// starvation, what plain contexts may expect, and that nobody gets round the rules.
#include "levels.hpp"
#include "sched/feedback.hpp" // under test: first, so that a missing include shows
#include <algorithm>
#include <random>

using namespace mk;

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
        ready.of(10).next_ageing = ~Ticks{0};
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

// --- what follows from the rules, under random loads ---

namespace {

/// Threads of one priority that compute, sleep, yield and wake each other at random.
struct Load : Levels {
    std::mt19937_64 random;
    struct Job {
        Tcb* thread;
        Ticks wakes = 0;    ///< while asleep
        Ticks waits = 0;    ///< ready since; 0: not waiting
        Ticks total = 0;    ///< CPU time so far
        unsigned habit = 0; ///< 0 never sleeps; else how eagerly
    };
    std::vector<Job> jobs;
    Ticks step; ///< kernel entries come at least this often

    Load(u64 seed, unsigned plain, unsigned sharing, Ticks longest_step)
        : random{seed}, step{longest_step}
    {
        for (unsigned i = 0; i < plain + sharing; ++i) {
            Tcb& t = sharer(10, i >= plain, 200 + random() % 3000);
            jobs.push_back({.thread = &t, .habit = unsigned(random() % 4)});
            restart(cpu, t);
            go_without_check();
        }
    }
    Job& job(Tcb const& t)
    {
        return *std::find_if(jobs.begin(), jobs.end(),
                             [&](Job const& j) { return j.thread == &t; });
    }
    bool waits(Job const& j) const { return j.thread->in_ready_queue; }
    /// One kernel entry: time passes, sleepers wake, and the current thread may do something.
    void advance()
    {
        Ticks const passed = 1 + random() % step;
        fake::machine.clock += passed;
        update_time(cpu);
        if (cpu.current != &cpu.idle) job(*cpu.current).total += passed;
        if (check_budget(cpu) && cpu.current != &cpu.idle) act(job(*cpu.current));
        for (Job& j : jobs)
            if (j.wakes != 0 && j.wakes <= cpu.now) wake_job(j);
        schedule(cpu);
        if (random() % 64 == 0) check();
    }
    void wake_job(Job& j)
    {
        j.wakes = 0;
        j.thread->state = ThreadState::running;
        possible_switch_to(cpu, *j.thread);
    }
    void act(Job& j)
    {
        if (j.habit == 0) return;
        unsigned const chance = unsigned(random() % 100);
        if (chance < 2) {
            mk::yield(cpu);
        } else if (chance < 5 * j.habit) {
            j.thread->state = ThreadState::blocked_on_notification;
            j.wakes = cpu.now + 1 + random() % (chance % 2 ? 500 : 20'000);
            if (random() % 3 == 0) hand_over();
        }
    }
    /// A thread that blocks wakes another, which takes the CPU over where the rules allow it.
    void hand_over()
    {
        std::vector<Job*> asleep;
        for (Job& j : jobs)
            if (j.wakes != 0 && j.thread != cpu.current) asleep.push_back(&j);
        if (!asleep.empty()) wake_job(*asleep[random() % asleep.size()]);
    }
};

} // namespace

TEST_CASE("while a plain context waits, each peer has at most one slice", "[feedback]")
{
    // As among plain contexts: a feedback peer is never worse for a plain one than a plain peer.
    u64 waits = 0;
    for (unsigned seed = 0; seed < 30; ++seed) {
        Load w{seed, 1 + seed % 4, 1 + seed % 7, 50};
        struct Watch {
            bool waiting = false;
            std::vector<Ticks> before;
        };
        std::vector<Watch> watch(w.jobs.size());
        for (int step = 0; step < 20'000; ++step) {
            w.advance();
            for (usize p = 0; p < w.jobs.size(); ++p) {
                Load::Job const& plain = w.jobs[p];
                if (plain.thread->sc->is_feedback()) continue;
                Watch& of = watch[p];
                if (w.waits(plain) && !of.waiting) {
                    of.before.clear();
                    for (Load::Job const& j : w.jobs) of.before.push_back(j.total);
                    ++waits;
                }
                of.waiting = w.waits(plain);
                if (!of.waiting) continue;
                for (usize i = 0; i < w.jobs.size(); ++i) {
                    // A slice ends when less than the least budget is left, or an entry later.
                    Ticks const slice_length = w.jobs[i].thread->sc->period + w.step;
                    if (w.jobs[i].total - of.before[i] > slice_length)
                        FAIL("seed " << seed << ", step " << step << ": more than a slice");
                }
            }
        }
    }
    CHECK(waits > 5'000);
}

TEST_CASE("no context starves beyond the bound", "[feedback]")
{
    double longest = 0;
    for (unsigned seed = 0; seed < 12; ++seed) {
        unsigned const plain = 1 + seed % 3, sharing = 2 + seed * 3;
        Load w{seed, plain, sharing, 400};
        // The plain ones never sleep: nobody else would ever have a turn.
        for (unsigned i = 0; i < plain; ++i) w.jobs[i].habit = 0;
        Ticks round = 0;
        for (Load::Job const& j : w.jobs) round += j.thread->sc->period + w.step;
        for (usize i = plain; i < w.jobs.size(); ++i)
            w.put(*w.jobs[i].thread, u8(w.random() % 5), u32(w.random() % 60'000));
        for (int step = 0; step < 60'000; ++step) {
            w.advance();
            if (step % 8 != 0) continue;
            for (usize i = plain; i < w.jobs.size(); ++i) {
                Load::Job const& j = w.jobs[i];
                Feedback const& f = j.thread->sc->feedback;
                if (!w.waits(j) || f.level == 0) continue;
                double const ratio = f.level < feedback::last_level ? 0 : feedback::starved_ratio;
                Ticks const patience =
                    std::max<Ticks>(feedback::starved_us, Ticks(ratio * exact_service(*j.thread)));
                // Direct switches among equals can put a choice off for one slice of each.
                Ticks const bound =
                    patience + sharing * (feedback::ageing_interval_us + round) + round;
                Ticks const waited = w.cpu.now - j.thread->queued_at;
                if (waited > bound)
                    FAIL("seed " << seed << ", step " << step << ": " << waited << " > " << bound);
                longest = std::max(longest, double(waited) / double(bound));
            }
        }
        // Everybody had turns although level 0 was never empty.
        for (Load::Job const& j : w.jobs) CHECK(j.total > 0);
    }
    CHECK(longest > 0.3); // the loads do come near the bound
}

TEST_CASE("short sleeps do not make a long job a short one", "[feedback]")
{
    // Nine honest hogs and one that rests 20 us whenever it had the CPU for 950.
    Levels w;
    Tcb& cheat = w.started(10);
    for (int i = 0; i < 9; ++i) w.started(10);
    Ticks cheated = 0, ran = 0, wakes = 0;
    while (w.cpu.now < 20'000'000) {
        bool const runs = w.cpu.current == &cheat;
        w.go_without_check(50);
        if (runs) cheated += 50, ran += 50;
        if (w.cpu.current == &cheat && ran >= 950) {
            w.block();
            wakes = w.cpu.now + 20;
            ran = 0;
        }
        if (wakes != 0 && wakes <= w.cpu.now) {
            wakes = 0;
            w.wake(cheat);
        }
    }
    CHECK(cheated > 0);
    CHECK(cheated < 20'000'000 / 10);
}

TEST_CASE("a hog has its turns among many with short bursts on the last level", "[feedback]")
{
    Levels w;
    Tcb& hog = w.sharer(10);
    w.put(hog, feedback::last_level, 30'000);
    restart(w.cpu, hog);
    for (int i = 0; i < 50; ++i) {
        Tcb& t = w.sharer(10);
        w.put(t, feedback::last_level, 40);
        restart(w.cpu, t);
    }
    w.go();
    Ticks const bound =
        feedback::starved_ratio * 30'000 + 51 * (feedback::ageing_interval_us + slice) + 51 * slice;
    unsigned turns = 0;
    for (Ticks ran = w.cpu.now; w.cpu.now < 3'000'000;) {
        w.go_without_check(40);
        Tcb& t = *w.cpu.current;
        if (&t == &hog) {
            ran = w.cpu.now;
            hog.sc->feedback.used = 0; // stays where it is
            ++turns;
            continue;
        }
        REQUIRE(w.cpu.now - ran <= bound);
        w.block();
        t.sc->feedback.used = t.sc->feedback.burst = t.sc->feedback.blocked = 0;
        w.wake(t);
    }
    CHECK(turns > 0);
}

TEST_CASE("many with short bursts do not starve one with long ones", "[feedback]")
{
    // By the largest ratio the short ones would be lifted for two minutes before the long one is.
    Levels w;
    Tcb& plain = w.started(10, false);
    Tcb& longer = w.sharer(10);
    w.put(longer, feedback::last_level, 6000);
    restart(w.cpu, longer);
    for (int i = 0; i < 30; ++i) {
        Tcb& t = w.sharer(10);
        w.put(t, feedback::last_level, 16);
        restart(w.cpu, t);
    }
    w.go();
    Ticks const bound =
        feedback::starved_us + 31 * (feedback::ageing_interval_us + slice) + 32 * slice;
    for (Ticks ran = w.cpu.now; w.cpu.now < 5'000'000;) {
        w.go_without_check(50);
        if (w.cpu.current == &longer) ran = w.cpu.now;
        REQUIRE(w.cpu.now - ran <= bound);
        if (w.cpu.current == &plain || w.cpu.current == &longer) continue;
        Tcb& t = *w.cpu.current;
        w.block();
        w.wake(t);
    }
}

// The feedback class (docs/architecture/scheduler.md): the method that puts contexts into it, and
// what it does to running threads. Who is on which level is seen by who runs first: nothing here
// demands that something is fast. The rules one by one: tests/unit/microkernel/sched/feedback.cpp.
#include "abi/extensions.hpp"
#include "suites.hpp"
#include "thread.hpp"

#include <hypercore/extensions.h>

namespace kt {

namespace {

/// Long enough that 16 times as much never passes by accident between two looks.
constexpr Word slice_us = 20'000;

Word volatile counters[2];

void count(Word index)
{
    for (;;) counters[index] = counters[index] + 1;
}

seL4_Error set_feedback(Slot sc, Word enabled)
{
    return hypercore_SchedControl_ConfigureFeedback(sched_control(), sc, enabled);
}

ThreadConfig shared(Word budget = slice_us)
{
    ThreadConfig config;
    config.priority = below_priority;
    config.budget_us = config.period_us = budget;
    return config;
}

/// A thread of the class, not started.
Thread& make_sharer(Word budget = slice_us)
{
    Thread& thread = make_thread(shared(budget));
    REQUIRE_OK(set_feedback(thread.sc, 1));
    return thread;
}

Word consumed(Slot sc)
{
    auto const answer = seL4_SchedContext_Consumed(sc);
    REQUIRE_OK(answer.error);
    return answer.consumed;
}

/// Wakes the case again and again, so that it can look at what happens below it.
struct Ticker {
    Slot ntfn = make(seL4_NotificationObject);
    Thread* thread = nullptr;

    Ticker()
    {
        ThreadConfig config;
        config.priority = 220;
        config.budget_us = 500;
        config.period_us = 5000;
        thread = &spawn(
            [](Word signalled) {
                for (;;) {
                    seL4_Signal(signalled);
                    seL4_Yield();
                }
            },
            ntfn, config);
    }
    void tick() const { now(wait(ntfn)); }
};

/// Lets the threads below run until the context has been charged that much more.
void let_consume(Slot sc, Word microseconds)
{
    Ticker const ticker;
    consumed(sc);
    for (Word sum = 0; sum < microseconds; sum += consumed(sc)) ticker.tick();
    ticker.thread->suspend();
}

// --- the method -----------------------------------------------------------------------------

void a_round_robin_context_joins_and_leaves()
{
    Slot const sc = make_sc(10'000, 10'000);
    CHECK_OK(set_feedback(sc, 1));
    CHECK_OK(set_feedback(sc, 1));
    CHECK_OK(set_feedback(sc, 0));
    CHECK_OK(set_feedback(sc, 0));
    // A right is held by having the capability: it has no rights that could be taken away.
    Slot const bare = copy(sched_control(), rights(0)), bare_sc = copy(sc, rights(0));
    CHECK_OK(hypercore_SchedControl_ConfigureFeedback(bare, bare_sc, 1));
}

void only_a_budget_that_is_the_period_will_do()
{
    Slot const empty = make(seL4_SchedContextObject, seL4_MinSchedContextBits);
    CHECK_ERROR(set_feedback(empty, 1), seL4_InvalidArgument, 1);
    CHECK_OK(set_feedback(empty, 0));
    Slot const sporadic = make_sc(5000, 10'000);
    CHECK_ERROR(set_feedback(sporadic, 1), seL4_InvalidArgument, 1);
    CHECK_OK(set_feedback(sporadic, 0));
    CHECK_OK(seL4_SchedControl_ConfigureFlags(sched_control(), sporadic, 5000, 5000, 0, 0, 0));
    CHECK_OK(set_feedback(sporadic, 1));
    // Back to a budget with pauses: the class is left, so nothing keeps that from being legal.
    CHECK_OK(seL4_SchedControl_ConfigureFlags(sched_control(), sporadic, 5000, 9000, 0, 0, 0));
    CHECK_ERROR(set_feedback(sporadic, 1), seL4_InvalidArgument, 1);
}

void other_words_and_capabilities_are_refused()
{
    Slot const sc = make_sc(10'000, 10'000);
    CHECK_ERROR(set_feedback(sc, 2), seL4_RangeError, 0, 1);
    CHECK_ERROR(set_feedback(sc, ~Word{0}), seL4_RangeError, 0, 1);
    CHECK_ERROR(set_feedback(root_tcb, 1), seL4_InvalidCapability, 1);
    CHECK_ERROR(set_feedback(sched_control(), 2), seL4_InvalidCapability, 1);
    Word const label = as_word(abi::sched_control_configure_feedback);
    CHECK_EQ(invoke(sched_control(), label, {}, {sc}).label(), seL4_TruncatedMessage);
    CHECK_EQ(invoke(sched_control(), label, {1}).label(), seL4_TruncatedMessage);
    CHECK_EQ(invoke(sc, label, {1}, {sc}).label(), seL4_IllegalOperation);
    CHECK_EQ(invoke(root_tcb, label, {1}, {sc}).label(), seL4_IllegalOperation);
}

// --- what it does ---------------------------------------------------------------------------

/// A thread that sleeps until it is woken and then notes how far a hog has come.
struct Watcher {
    static inline Slot start, done, server;
    static inline Word volatile seen;
    Thread* thread = nullptr;

    /// `asks`: an endpoint whose server looks for it; 0: looks itself.
    explicit Watcher(Slot asks)
    {
        start = make(seL4_NotificationObject);
        done = make(seL4_NotificationObject);
        server = asks;
        thread = &make_sharer(1'000'000); // stays at level 0 even if the machine stands still
        thread->start([](Word) {
            now(wait(start));
            for (;;) {
                seen = server ? now(call(server, message(0, 0))).out[0] : Word{counters[0]};
                now(nb_send_wait(done, start)); // in one: sleeps when the case goes on
            }
        });
        look(); // until it sleeps for the first time
    }
    /// Whether the hog stood still from the watcher's waking to its look.
    bool look() const
    {
        Word const before = counters[0];
        seL4_Signal(start);
        now(wait(done));
        return seen == before;
    }
};

void who_wakes_runs_before_a_hog()
{
    Thread& hog = make_sharer();
    hog.start(count, 0);
    Watcher const watcher{0};
    let_consume(hog.sc, 2 * slice_us);
    CHECK(watcher.look());
    CHECK(watcher.look());
    // Joining again brings the hog back to level 0, where the one that comes later waits.
    CHECK_OK(set_feedback(hog.sc, 1));
    CHECK(!watcher.look());
    let_consume(hog.sc, 2 * slice_us);
    CHECK(watcher.look());
    // And so does leaving, either way.
    CHECK_OK(set_feedback(hog.sc, 0));
    CHECK(!watcher.look());
    let_consume(hog.sc, 2 * slice_us);
    CHECK(!watcher.look());
    CHECK_OK(set_feedback(hog.sc, 1));
    let_consume(hog.sc, 2 * slice_us);
    CHECK(watcher.look());
    CHECK_OK(
        seL4_SchedControl_ConfigureFlags(sched_control(), hog.sc, slice_us, slice_us, 0, 0, 0));
    CHECK(!watcher.look());
}

/// A passive server; it computes for ever on the time of who sends 1, and tells others how far.
struct Server {
    static inline Slot ep;
    static inline Slot replies[2];

    static void serve(Word index)
    {
        Operation request = now(recv(ep, replies[index]));
        for (;;) {
            if (request.out[0] == 1) count(0);
            request = now(reply_recv(ep, replies[index], message(0, 1), {counters[0]}));
        }
    }
    static void start(Word index)
    {
        replies[index] = make(seL4_ReplyObject);
        ThreadConfig config = shared();
        config.passive = true;
        Thread& thread = make_thread(config);
        thread.prepare(serve, index);
        // Started on a context of the highest priority there is, until it waits.
        Slot const sc = make_sc(10'000, 10'000);
        REQUIRE_OK(seL4_TCB_SetPriority(thread.tcb, root_tcb, helper_priority));
        REQUIRE_OK(seL4_SchedContext_Bind(sc, thread.tcb));
        thread.resume();
        REQUIRE_OK(seL4_SchedContext_UnbindObject(sc, thread.tcb));
        REQUIRE_OK(seL4_TCB_SetPriority(thread.tcb, root_tcb, below_priority));
    }
};

void a_server_has_the_level_of_its_client()
{
    counters[0] = 0;
    Server::ep = make(seL4_EndpointObject);
    Server::start(0);
    Server::start(1);
    Thread& hog = make_sharer();
    hog.start([](Word) { now(call(Server::ep, message(0, 1), {1})); });
    Watcher const watcher{Server::ep};
    let_consume(hog.sc, 2 * slice_us);
    CHECK(counters[0] != 0);
    // The hog's server stands below, the watcher and its server above: one code, two levels.
    CHECK(watcher.look());
    CHECK(watcher.look());
    CHECK_OK(set_feedback(hog.sc, 1));
    CHECK(!watcher.look());
    let_consume(hog.sc, 2 * slice_us);
    CHECK(watcher.look());
}

void a_plain_context_runs_before_a_hog_of_the_class()
{
    Thread& hog = make_sharer();
    hog.start(count, 0);
    let_consume(hog.sc, 2 * slice_us);
    Thread& plain = make_thread(shared());
    plain.start(count, 1);
    consumed(hog.sc);
    Word plain_sum = 0;
    Ticker const ticker;
    while (plain_sum < 4 * slice_us) {
        ticker.tick();
        plain_sum += consumed(plain.sc);
    }
    CHECK(consumed(hog.sc) <= plain_sum / 2);
}

void a_starved_hog_has_a_slice_now_and_then()
{
    Thread& hog = make_sharer(1000);
    hog.start(count, 0);
    let_consume(hog.sc, 4000);
    spawn(count, 1, shared(1000));
    // The watchdog ends a case in which the counter never moves.
    Ticker const ticker;
    for (Word round = 0; round < 2; ++round) {
        Word const before = counters[0];
        while (counters[0] == before) ticker.tick();
    }
    CHECK(counters[1] != 0);
}

constexpr Case cases[] = {
    {"a round-robin context joins the feedback class and leaves it",
     a_round_robin_context_joins_and_leaves},
    {"the class takes only contexts whose budget is their period",
     only_a_budget_that_is_the_period_will_do},
    {"configure_feedback refuses other words and capabilities",
     other_words_and_capabilities_are_refused},
    {"who wakes runs before a hog of the class", who_wakes_runs_before_a_hog},
    {"a server has the level of the client it works for", a_server_has_the_level_of_its_client},
    {"a plain context runs before a hog of the class",
     a_plain_context_runs_before_a_hog_of_the_class},
    {"a starved hog has a slice now and then", a_starved_hog_has_a_slice_now_and_then},
};

} // namespace

Suite const feedback_suite{cases};

} // namespace kt

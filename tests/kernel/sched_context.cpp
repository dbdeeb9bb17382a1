// SchedContext and SchedControl methods: bind, unbind, consumed, YieldTo, configure.
// What budgets do to running threads is in budget.cpp. [seL4 manual, "Scheduling Contexts"]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

Word volatile counter;

ThreadConfig passive(Word priority = helper_priority)
{
    ThreadConfig config;
    config.passive = true;
    config.priority = priority;
    return config;
}

void add_argument(Word argument)
{
    counter = counter + argument;
}

void a_thread_runs_when_it_gets_a_context()
{
    counter = 0;
    Thread& thread = spawn(add_argument, 5, passive());
    CHECK_EQ(counter, 0);
    CHECK_OK(seL4_SchedContext_Bind(make_sc(10'000, 10'000), thread.tcb));
    CHECK_EQ(counter, 5);
}

void an_empty_context_gives_no_time()
{
    counter = 0;
    Thread& thread = spawn(add_argument, 5, passive());
    Slot const sc = make(seL4_SchedContextObject, seL4_MinSchedContextBits);
    CHECK_OK(seL4_SchedContext_Bind(sc, thread.tcb));
    CHECK_EQ(counter, 0);
    CHECK_OK(seL4_SchedControl_ConfigureFlags(sched_control(), sc, 10'000, 10'000, 0, 0, 0));
    CHECK_EQ(counter, 5);
}

void binding_is_one_to_one()
{
    Thread &one = make_thread(passive()), &two = make_thread(passive());
    Slot const sc = make_sc(1000, 1000), other = make_sc(1000, 1000);
    Slot const ntfn = make(seL4_NotificationObject);
    CHECK_OK(seL4_SchedContext_Bind(sc, one.tcb));
    CHECK_EQ(seL4_SchedContext_Bind(sc, two.tcb), seL4_IllegalOperation);
    CHECK_EQ(seL4_SchedContext_Bind(other, one.tcb), seL4_IllegalOperation);
    CHECK_ERROR(seL4_SchedContext_Bind(sc, root_cnode), seL4_InvalidCapability, 1);
    CHECK_EQ(seL4_SchedContext_UnbindObject(sc, two.tcb), seL4_IllegalOperation);
    CHECK_EQ(seL4_SchedContext_UnbindObject(sc, ntfn), seL4_IllegalOperation);
    CHECK_OK(seL4_SchedContext_UnbindObject(sc, one.tcb));
    CHECK_EQ(seL4_SchedContext_UnbindObject(sc, one.tcb), seL4_IllegalOperation);
    CHECK_OK(seL4_SchedContext_Bind(sc, ntfn));
    CHECK_EQ(seL4_SchedContext_Bind(other, ntfn), seL4_IllegalOperation);
    CHECK_OK(seL4_SchedContext_UnbindObject(sc, ntfn));
    CHECK_OK(seL4_SchedContext_Unbind(sc)); // bound to nothing: fine
}

void unbind_stops_the_thread()
{
    counter = 0;
    ThreadConfig config;
    config.priority = below_priority;
    Thread& thread = spawn(add_argument, 1, config);
    CHECK_EQ(counter, 0);
    CHECK_OK(seL4_SchedContext_Unbind(thread.sc));
    CHECK_OK(seL4_TCB_SetPriority(thread.tcb, root_tcb, helper_priority));
    CHECK_EQ(counter, 0);
    CHECK_OK(seL4_SchedContext_Bind(thread.sc, thread.tcb));
    CHECK_EQ(counter, 1);
}

void nobody_unbinds_himself()
{
    CHECK_EQ(seL4_SchedContext_Unbind(own_sc()), seL4_IllegalOperation);
    CHECK_EQ(seL4_SchedContext_UnbindObject(own_sc(), own_tcb()), seL4_IllegalOperation);
}

void set_sched_params_binds_and_unbinds()
{
    Thread& thread = make_thread(passive());
    Slot const sc = make_sc(1000, 1000), other = make_sc(1000, 1000);
    counter = 0;
    thread.start(add_argument, 9);
    CHECK_OK(seL4_TCB_SetSchedParams(thread.tcb, root_tcb, 0, helper_priority, sc, 0));
    CHECK_EQ(counter, 9);
    // While it has one, another is refused, and the same as well.
    CHECK_EQ(seL4_TCB_SetSchedParams(thread.tcb, root_tcb, 0, helper_priority, sc, 0),
             seL4_IllegalOperation);
    CHECK_EQ(seL4_TCB_SetSchedParams(thread.tcb, root_tcb, 0, helper_priority, other, 0),
             seL4_IllegalOperation);
    // A null capability takes it away.
    CHECK_OK(seL4_TCB_SetSchedParams(thread.tcb, root_tcb, 0, helper_priority, 0, 0));
    CHECK_OK(seL4_SchedContext_Bind(sc, make_thread(passive()).tcb));
}

void consumed_counts_time_and_starts_again()
{
    Thread& thread = spawn([](Word) { spin(5000); }, 0);
    auto const first = seL4_SchedContext_Consumed(thread.sc);
    CHECK_EQ(first.error, 0);
    CHECK(first.consumed >= 4990); // it ran for 5 ms before us
    auto const second = seL4_SchedContext_Consumed(thread.sc);
    CHECK_EQ(second.error, 0);
    CHECK_EQ(second.consumed, 0);
    auto const fresh = seL4_SchedContext_Consumed(make_sc(1000, 1000));
    CHECK_EQ(fresh.consumed, 0);
    // Our own: what we used until another context was last current.
    seL4_SchedContext_Consumed(own_sc());
    spin(2000);
    spawn(add_argument);
    CHECK(seL4_SchedContext_Consumed(own_sc()).consumed >= 1990);
}

void yield_to_runs_an_equal_at_once()
{
    counter = 0;
    ThreadConfig config;
    config.priority = case_priority;
    spawn(add_argument, 1, config); // first in the queue
    Thread& thread = make_thread(config);
    static Word volatile at_switch;
    at_switch = ~Word{0};
    thread.start([](Word) {
        at_switch = counter;
        spin(1000);
    });
    CHECK_EQ(counter, 0);
    auto const result = seL4_SchedContext_YieldTo(thread.sc);
    CHECK_EQ(result.error, 0);
    CHECK_EQ(at_switch, 0); // it ran before the other one
    CHECK(result.consumed >= 990);
}

void yield_to_answers_at_once_when_nothing_can_run()
{
    ThreadConfig config;
    config.priority = below_priority;
    Thread& lower = make_thread(config);
    counter = 0;
    lower.start(add_argument, 1);
    auto const result = seL4_SchedContext_YieldTo(lower.sc);
    CHECK_EQ(result.error, 0);
    CHECK_EQ(result.consumed, 0);
    CHECK_EQ(counter, 0); // strict priorities hold
    Operation waiting = wait(never());
    Thread& blocked = run_operation(waiting);
    CHECK_EQ(seL4_SchedContext_YieldTo(blocked.sc).error, 0);
}

void yield_to_refuses_itself_unbound_and_above()
{
    CHECK_EQ(seL4_SchedContext_YieldTo(own_sc()).error, seL4_IllegalOperation);
    CHECK_EQ(seL4_SchedContext_YieldTo(make_sc(1000, 1000)).error, seL4_IllegalOperation);
    // A thread whose priority is above our maximum.
    Thread& high = make_thread();
    REQUIRE_OK(seL4_TCB_SetPriority(high.tcb, root_tcb, 200));
    REQUIRE_OK(seL4_TCB_SetMCPriority(own_tcb(), root_tcb, 150));
    Word const error = static_cast<Word>(seL4_SchedContext_YieldTo(high.sc).error);
    REQUIRE_OK(seL4_TCB_SetMCPriority(own_tcb(), root_tcb, 255));
    CHECK_EQ(error, seL4_IllegalOperation);
}

void deleting_a_context_leaves_a_passive_thread()
{
    counter = 0;
    ThreadConfig config;
    config.priority = below_priority;
    Thread& thread = spawn(add_argument, 3, config);
    remove(thread.sc);
    CHECK_OK(seL4_TCB_SetPriority(thread.tcb, root_tcb, helper_priority));
    CHECK_EQ(counter, 0);
    CHECK_OK(seL4_SchedContext_Bind(make_sc(1000, 1000), thread.tcb));
    CHECK_EQ(counter, 3);
}

void refills_are_limited_by_the_size()
{
    struct Row {
        Word bits, most;
    };
    for (Row row : {Row{7, 0}, Row{8, 8}, Row{10, 56}, Row{12, 248}}) {
        Slot const sc = make(seL4_SchedContextObject, row.bits);
        auto const configure = [&](Word extra, Word period) {
            return seL4_SchedControl_ConfigureFlags(sched_control(), sc, 1000, period, extra, 0, 0);
        };
        CHECK_OK(configure(row.most, 10'000));
        CHECK_ERROR(configure(row.most + 1, 10'000), seL4_RangeError, 0, row.most);
        CHECK_ERROR(configure(row.most + 1, 1000), seL4_RangeError, 0, row.most); // round-robin
        CHECK_ERROR(configure(~Word{0}, 10'000), seL4_RangeError, 0, row.most);
    }
}

void configure_checks_in_this_order()
{
    Slot const sc = make(seL4_SchedContextObject, seL4_MinSchedContextBits);
    auto const configure = [&](Word budget, Word period, Word extra) {
        return seL4_SchedControl_ConfigureFlags(sched_control(), sc, budget, period, extra, 0, 0);
    };
    CHECK_EQ(configure(19, 18, 99), seL4_RangeError);
    CHECK_EQ(seL4_GetMR(0), 20);
    Word const longest = seL4_GetMR(1);
    CHECK(longest > Word{3600} * 1'000'000); // more than an hour, whatever the clock
    CHECK_ERROR(configure(100, 19, 99), seL4_RangeError, 20, longest);
    CHECK_ERROR(configure(100, 99, 99), seL4_RangeError, 20, 99);
    CHECK_ERROR(configure(100, 100, 99), seL4_RangeError, 0, 0);
    CHECK_ERROR(configure(longest + 1, longest + 1, 0), seL4_RangeError, 20, longest);
    CHECK_OK(configure(100, longest, 0));
}

void a_running_thread_can_be_configured_anew()
{
    // Our own context: the call comes back and time goes on.
    for (Word budget : {Word{500}, Word{5000}, Word{10'000}})
        CHECK_OK(
            seL4_SchedControl_ConfigureFlags(sched_control(), own_sc(), budget, budget, 0, 0, 0));
    spin(1000);
}

constexpr Case cases[] = {
    {"a thread runs when it is given a scheduling context", a_thread_runs_when_it_gets_a_context},
    {"a context that is not configured gives no time until it is", an_empty_context_gives_no_time},
    {"a context is bound to one object, an object to one context", binding_is_one_to_one},
    {"Unbind stops the thread, Bind lets it go on", unbind_stops_the_thread},
    {"nobody takes his own context away", nobody_unbinds_himself},
    {"SetSchedParams binds a context, and unbinds it by a null capability",
     set_sched_params_binds_and_unbinds},
    {"Consumed gives the time used since it was last asked", consumed_counts_time_and_starts_again},
    {"YieldTo runs a thread of our priority before all others", yield_to_runs_an_equal_at_once},
    {"YieldTo to a lower or blocked thread comes back at once",
     yield_to_answers_at_once_when_nothing_can_run},
    {"YieldTo refuses itself, an unbound context and a thread above our maximum",
     yield_to_refuses_itself_unbound_and_above},
    {"deleting a context leaves a passive thread", deleting_a_context_leaves_a_passive_thread},
    {"extra refills are limited by the context's size", refills_are_limited_by_the_size},
    {"ConfigureFlags checks budget, period, their order, then refills",
     configure_checks_in_this_order},
    {"a running thread's context can be configured anew", a_running_thread_can_be_configured_anew},
};

} // namespace

Suite const sched_context_suite = cases;

} // namespace kt

// Budgets at work: round robin, sporadic replenishment, strict priorities, Yield, timeout faults.
// Nothing here demands that something is fast: only orders, and lower bounds on waiting.
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

Word volatile counters[4];

void count(Word index)
{
    for (;;) counters[index] = counters[index] + 1;
}

void reset_counters()
{
    for (Word volatile& counter : counters) counter = 0;
}

ThreadConfig timed(Word priority, Word budget, Word period)
{
    ThreadConfig config;
    config.priority = priority;
    config.budget_us = budget;
    config.period_us = period;
    return config;
}

/// Blocks the case until a periodic thread above everybody has run `periods` times.
void sleep_periods(Word periods, Word period_us = 5000)
{
    static Word left;
    static Slot ntfn;
    left = periods;
    ntfn = make(seL4_NotificationObject);
    spawn(
        [](Word) {
            while (left-- > 0) seL4_Yield(); // ends this period's budget
            seL4_Signal(ntfn);
        },
        0, timed(220, 500, period_us));
    now(wait(ntfn));
}

/// Sleeps until all these counters have moved. Time may pass without any work being done where the
/// emulator itself has to wait for a CPU, so no number of periods is enough for certain; a counter
/// that never moves ends the case by the watchdog.
void sleep_until_counted(std::span<Word const volatile> moving)
{
    static Slot ntfn;
    ntfn = make(seL4_NotificationObject);
    Thread& ticker = spawn(
        [](Word) {
            for (;;) {
                seL4_Signal(ntfn);
                seL4_Yield();
            }
        },
        0, timed(220, 500, 5000));
    for (Word const volatile& counter : moving)
        while (counter == 0) now(wait(ntfn));
    ticker.suspend();
}

void round_robin_shares_a_priority()
{
    reset_counters();
    for (Word i = 0; i < 3; ++i) spawn(count, i, timed(below_priority, 1000, 1000));
    sleep_until_counted({counters, 3});
}

void a_higher_priority_starves_a_lower()
{
    reset_counters();
    spawn(count, 0, timed(below_priority, 1000, 1000));
    spawn(count, 1, timed(below_priority - 1, 1000, 1000));
    sleep_until_counted({counters, 1});
    sleep_periods(4);
    CHECK_EQ(counters[1], 0);
}

void a_used_up_budget_lets_lower_priorities_run()
{
    reset_counters();
    spawn(count, 0, timed(below_priority, 1000, 20'000));
    spawn(count, 1, timed(below_priority - 1, 1000, 1000));
    sleep_until_counted({counters, 2});
}

void a_budget_bounds_the_use_of_time()
{
    // 1 ms in 10 ms, alone on its priority: over n periods it may use n + 1 budgets at most.
    Thread& thread = spawn(count, 0, timed(helper_priority, 1000, 10'000));
    Word const start = rdtsc();
    seL4_SchedContext_Consumed(thread.sc);
    sleep_periods(10, 10'000);
    Word const elapsed_us = (rdtsc() - start) / tsc_mhz();
    Word const used = seL4_SchedContext_Consumed(thread.sc).consumed;
    CHECK(used > 0);
    // A tick of the timer and the switch may be charged on top of each budget: 20 % is generous.
    CHECK(used <= (elapsed_us / 10'000 + 2) * 1200);
}

void yield_ends_a_round_robin_turn()
{
    static char volatile order[9];
    static Word volatile length;
    length = 0;
    auto const turn = [](Word letter) {
        for (int i = 0; i < 3; ++i) {
            order[length] = static_cast<char>(letter);
            length = length + 1;
            seL4_Yield();
        }
    };
    ThreadConfig const config = timed(below_priority, 50'000, 50'000);
    for (char letter : {'a', 'b', 'c'}) spawn(turn, static_cast<Word>(letter), config);
    sleep_periods(20);
    REQUIRE_EQ(length, 9);
    // Who comes first is not defined for threads that were made runnable from above; turns are.
    CHECK(order[0] != order[1] && order[1] != order[2] && order[0] != order[2]);
    for (int i = 3; i < 9; ++i) CHECK_EQ(order[i], order[i - 3]);
}

void yield_of_a_sporadic_thread_waits_for_the_next_period()
{
    static Word volatile times[4];
    static Slot ntfn;
    ntfn = make(seL4_NotificationObject);
    Word const start = rdtsc();
    spawn(
        [](Word) {
            for (Word volatile& time : times) {
                time = rdtsc();
                seL4_Yield();
            }
            seL4_Signal(ntfn);
        },
        0, timed(helper_priority, 1000, 10'000));
    now(wait(ntfn));
    // Its n-th turn cannot come before n periods have passed, less the budget it did not use; how
    // late it comes says nothing, since the emulator may have been without a CPU.
    for (Word i = 1; i < 4; ++i) CHECK(times[i] - start >= ticks(i * 10'000 - 1'000));
}

void a_timeout_fault_reports_badge_and_consumption()
{
    Slot const timeout_ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    reset_counters();
    ThreadConfig config = timed(below_priority, 2000, 1'000'000);
    config.timeout_ep = timeout_ep;
    config.sc_badge = 0xbad9e;
    Thread& thread = spawn(count, 0, config);
    Operation const fault = now(recv(timeout_ep, reply));
    CHECK_EQ(fault.label(), seL4_Fault_Timeout);
    CHECK_EQ(fault.length(), seL4_Timeout_Length);
    CHECK_EQ(fault.out[0], 0xbad9e);
    CHECK(fault.out[1] >= 1990);
    CHECK(counters[0] > 0);
    CHECK_EQ(seL4_SchedContext_Consumed(thread.sc).consumed, 0); // the fault has taken it
}

void a_timeout_handler_can_give_more_time()
{
    Slot const timeout_ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    reset_counters();
    ThreadConfig config = timed(below_priority, 2000, 10'000'000);
    config.timeout_ep = timeout_ep;
    Thread& thread = spawn(count, 0, config);
    REQUIRE_EQ(now(recv(timeout_ep, reply)).label(), seL4_Fault_Timeout);
    Word const before = counters[0];
    CHECK_OK(
        seL4_SchedControl_ConfigureFlags(sched_control(), thread.sc, 3000, 10'000'000, 0, 1, 0));
    now(send(reply, message(0, 0)));
    CHECK_EQ(now(recv(timeout_ep, reply)).label(), seL4_Fault_Timeout);
    CHECK(counters[0] > before);
}

void a_timeout_reply_can_set_registers()
{
    Slot const timeout_ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    reset_counters();
    ThreadConfig config = timed(below_priority, 2000, 10'000'000);
    config.timeout_ep = timeout_ep;
    Thread& thread = spawn(count, 0, config);
    REQUIRE_EQ(now(recv(timeout_ep, reply)).label(), seL4_Fault_Timeout);
    static Word volatile arrived;
    arrived = 0;
    seL4_UserContext context = thread.registers();
    context.rip = reinterpret_cast<Word>(+[] {
        arrived = 1;
        sleep_for_ever();
    });
    context.rsp = thread.stack_top() - 8;
    Word const* const words = &context.rip;
    for (int i = 4; i < seL4_TimeoutReply_Length; ++i) seL4_SetMR(i, words[i]);
    CHECK_OK(seL4_SchedControl_ConfigureFlags(sched_control(), thread.sc, 5000, 5000, 0, 1, 0));
    now(send(reply, message(0, seL4_TimeoutReply_Length),
             {words[0], words[1], words[2], words[3]}));
    sleep_until_counted({&arrived, 1});
    CHECK_EQ(arrived, 1);
}

void without_a_timeout_handler_the_thread_waits()
{
    reset_counters();
    Slot const fault_ep = make(seL4_EndpointObject);
    ThreadConfig config = timed(below_priority, 1000, 5000);
    config.fault_ep = fault_ep; // of the other kind
    spawn(count, 0, config);
    for (int period = 0; period < 4; ++period) {
        counters[0] = 0;
        sleep_until_counted({counters, 1});
        spin(1000); // what is left of its budget
    }
    CHECK_EQ(now(nb_recv(fault_ep, make(seL4_ReplyObject))).out_info, 0);
}

void a_passive_servers_timeout_names_the_client()
{
    // A server that works longer than its client's budget: the handler sees the client's badge.
    static Slot ep, reply;
    ep = make(seL4_EndpointObject);
    reply = make(seL4_ReplyObject);
    Slot const timeout_ep = make(seL4_EndpointObject), handler_reply = make(seL4_ReplyObject);
    ThreadConfig config;
    config.passive = true;
    config.priority = below_priority + 5;
    config.timeout_ep = timeout_ep;
    Thread& server = make_thread(config);
    Slot const start_sc = make_sc(10'000, 10'000);
    reset_counters();
    server.start([](Word) {
        now(recv(ep, reply));
        count(0);
    });
    REQUIRE_OK(seL4_TCB_SetPriority(server.tcb, root_tcb, helper_priority));
    REQUIRE_OK(seL4_SchedContext_Bind(start_sc, server.tcb));
    REQUIRE_OK(seL4_SchedContext_UnbindObject(start_sc, server.tcb));
    REQUIRE_OK(seL4_TCB_SetPriority(server.tcb, root_tcb, below_priority + 5));
    Operation caller = call(ep, message(1, 0));
    ThreadConfig client = timed(below_priority, 2000, 10'000'000);
    client.sc_badge = 0xc1;
    run_operation(caller, client);
    Operation const fault = now(recv(timeout_ep, handler_reply));
    CHECK_EQ(fault.label(), seL4_Fault_Timeout);
    CHECK_EQ(fault.out[0], 0xc1);
    CHECK(counters[0] > 0);
    // The handler answers the client in the server's stead, as the manual proposes.
    now(send(reply, message(5, 0)));
    REQUIRE_EQ(seL4_TCB_Suspend(server.tcb), seL4_NoError);
    CHECK(!caller.done); // answered, but its budget is used up
}

void many_sporadic_threads_share_the_cpu()
{
    reset_counters();
    for (Word i = 0; i < 4; ++i) {
        ThreadConfig config = timed(below_priority + i, 500, 5000 + i * 1000);
        config.extra_refills = 0;
        spawn(count, i, config);
    }
    sleep_until_counted(counters);
}

constexpr Case cases[] = {
    {"threads of one priority share the CPU in turns", round_robin_shares_a_priority},
    {"a thread that can always run starves lower priorities", a_higher_priority_starves_a_lower},
    {"a used-up budget lets lower priorities run", a_used_up_budget_lets_lower_priorities_run},
    {"no thread uses more than its budget in its period", a_budget_bounds_the_use_of_time},
    {"Yield ends a round-robin turn", yield_ends_a_round_robin_turn},
    {"Yield of a sporadic thread waits for its next period",
     yield_of_a_sporadic_thread_waits_for_the_next_period},
    {"a timeout fault reports the context's badge and what it used",
     a_timeout_fault_reports_badge_and_consumption},
    {"a timeout handler can give more time and resume", a_timeout_handler_can_give_more_time},
    {"a reply to a timeout can set the registers", a_timeout_reply_can_set_registers},
    {"without timeout handler a thread waits for its next period",
     without_a_timeout_handler_the_thread_waits},
    {"a passive server's timeout names the client it works for",
     a_passive_servers_timeout_names_the_client},
    {"sporadic threads of several priorities all get their share",
     many_sporadic_threads_share_the_cpu},
};

} // namespace

Suite const budget_suite = cases;

} // namespace kt

// Scheduling contexts that move over IPC: passive servers, nested calls, and where the context goes
// when a call ends in an unusual way. Who holds a context is seen from outside: SchedContext.Bind
// to a thread that has one is refused. [seL4 manual, "Scheduling Context Donation"]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

/// A passive thread in Recv on an endpoint of its own: started on a context that is taken away
/// again.
struct Server {
    Slot ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation ops[4];
    Thread* thread = nullptr;

    /// `count` operations: a Recv, then what ops[1..] say.
    void start(Word count, Word priority = helper_priority)
    {
        ops[0] = recv(ep, reply);
        ThreadConfig config;
        config.passive = true;
        config.priority = priority;
        thread = &make_thread(config);
        Slot const sc = make_sc(10'000, 10'000);
        REQUIRE_OK(seL4_SchedContext_Bind(sc, thread->tcb));
        rerun(*thread, {ops, count});
        REQUIRE(!ops[0].done);
        REQUIRE_OK(seL4_SchedContext_UnbindObject(sc, thread->tcb));
    }
};

/// Whether the thread holds a context: then a further one cannot be bound to it.
bool holds_context(Thread const& thread)
{
    static Slot spare;
    spare = make_sc(1000, 1000);
    Word const error = seL4_SchedContext_Bind(spare, thread.tcb);
    if (error == seL4_NoError) REQUIRE_OK(seL4_SchedContext_UnbindObject(spare, thread.tcb));
    return error != seL4_NoError;
}

void a_passive_server_runs_on_its_callers_time()
{
    Server server;
    server.ops[1] = reply_recv(server.ep, server.reply, message(7, 1), {70});
    server.start(2);
    CHECK(!holds_context(*server.thread));
    Operation caller = call(server.ep, message(1, 1), {5});
    Thread& client = run_operation(caller);
    CHECK(server.ops[0].done);
    CHECK_EQ(server.ops[0].out[0], 5);
    CHECK(caller.done);
    CHECK_EQ(caller.label(), 7);
    CHECK_EQ(caller.out[0], 70);
    CHECK(holds_context(client));
    CHECK(!holds_context(*server.thread));
}

/// A chain: the client calls the first server, each server calls the next, and the last one is
/// stopped before it answers.
struct Chain {
    Server servers[3];
    Operation caller;
    Thread* client = nullptr;

    void start()
    {
        for (Word i = 3; i-- > 0;) {
            servers[i].ops[1] =
                i == 2 ? wait(never()) : call(servers[i + 1].ep, message(10 + i, 0));
            servers[i].ops[2] = reply_recv(servers[i].ep, servers[i].reply, message(20 + i, 0));
            servers[i].start(3);
        }
        caller = call(servers[0].ep, message(9, 0));
        client = &run_operation(caller);
        for (Server& server : servers) REQUIRE(server.ops[0].done);
    }
    /// Lets server `i` answer, whatever it does now.
    void answer(Word i) { now(send(servers[i].reply, message(30 + i, 0))); }
};

void contexts_travel_down_and_up_a_chain()
{
    Chain chain;
    chain.start();
    CHECK(holds_context(*chain.servers[2].thread));
    CHECK(!holds_context(*chain.servers[1].thread));
    CHECK(!holds_context(*chain.servers[0].thread));
    CHECK(!holds_context(*chain.client));
    // The answer to server 1 wakes it with the context; it answers server 0, and so on up.
    chain.answer(2);
    CHECK_EQ(chain.servers[1].ops[1].label(), 32);
    CHECK(chain.servers[0].ops[1].done);
    CHECK_EQ(chain.servers[0].ops[1].label(), 21);
    CHECK(chain.caller.done);
    CHECK_EQ(chain.caller.label(), 20);
    CHECK(holds_context(*chain.client));
    for (Server& server : chain.servers) CHECK(!holds_context(*server.thread));
}

void an_answer_in_the_middle_keeps_the_context_below()
{
    Chain chain;
    chain.start();
    // Server 0 is answered by nobody yet; the client is answered out of order: it can run only
    // when the context comes back to it.
    chain.answer(0);
    CHECK(holds_context(*chain.servers[2].thread));
    CHECK(!chain.caller.done);
    chain.answer(2);
    CHECK(chain.servers[1].ops[1].done);
}

void deleting_a_middle_reply_keeps_the_chain()
{
    Chain chain;
    chain.start();
    remove(chain.servers[1].reply); // the call of server 0 to server 1
    CHECK(holds_context(*chain.servers[2].thread));
    CHECK(!chain.servers[0].ops[1].done);
    // The context still finds its way: from 2 to 1; then server 1's answer has nobody, and the
    // context is no longer server 1's once it blocks without a caller above it on the chain.
    chain.answer(2);
    CHECK(chain.servers[1].ops[1].done);
    CHECK(!chain.servers[0].ops[1].done);
}

void deleting_the_last_reply_returns_the_context()
{
    Chain chain;
    chain.start();
    remove(chain.servers[2].reply);
    CHECK(!holds_context(*chain.servers[2].thread));
    CHECK(holds_context(*chain.servers[1].thread));
    CHECK(!chain.servers[1].ops[1].done); // it has the time, but no answer
    chain.servers[2].thread->suspend();
}

void deleting_the_callee_returns_the_context()
{
    Chain chain;
    chain.start();
    remove(chain.servers[2].thread->tcb);
    // The reply object stays; through it the waiting server is answered and goes on.
    chain.answer(2);
    CHECK(chain.servers[1].ops[1].done);
    CHECK(!failed());
}

void deleting_the_client_leaves_the_servers_usable()
{
    for (bool suspend_only : {false, true}) {
        Chain chain;
        chain.start();
        if (suspend_only)
            chain.client->suspend();
        else
            remove(chain.client->tcb);
        CHECK(!chain.caller.done);
        chain.answer(2);
        chain.servers[2].thread->suspend();
        // Server 0 waits for the next caller: a new client gets through to it.
        CHECK(chain.servers[1].ops[1].done);
        CHECK(chain.servers[0].ops[1].done);
    }
}

void deleting_the_context_stops_the_chain_cleanly()
{
    Chain chain;
    chain.start();
    remove(chain.client->sc);
    for (Server& server : chain.servers) CHECK(!holds_context(*server.thread));
    chain.answer(2);
    CHECK(!chain.servers[1].ops[1].done); // answered, but without time
    Slot const sc = make_sc(10'000, 10'000);
    CHECK_OK(seL4_SchedContext_Bind(sc, chain.servers[1].thread->tcb));
    CHECK(chain.servers[1].ops[1].done);
}

void unbinding_the_context_stops_its_holder()
{
    Chain chain;
    chain.start();
    CHECK_OK(seL4_SchedContext_Unbind(chain.client->sc));
    CHECK(!holds_context(*chain.servers[2].thread));
    CHECK(!holds_context(*chain.client));
    CHECK(!chain.caller.done);
}

void revoking_everything_at_each_point_is_clean()
{
    // Whatever order things go in, the rest must stay consistent: the next case would show it.
    for (Word victim = 0; victim < 9; ++victim) {
        Chain chain;
        chain.start();
        Slot const slots[] = {
            chain.servers[0].reply,       chain.servers[1].reply,       chain.servers[2].reply,
            chain.servers[0].ep,          chain.servers[1].ep,          chain.servers[2].ep,
            chain.servers[0].thread->tcb, chain.servers[1].thread->tcb, chain.client->tcb};
        for (Word i = 0; i < std::size(slots); ++i) {
            remove(slots[(victim + i * 5) % std::size(slots)]);
            CHECK(!chain.caller.done);
        }
        chain.servers[2].thread->suspend();
        forget_threads(); // all of them have ended: their stacks can be used again
    }
}

void nb_send_recv_donates_for_good()
{
    Server server;
    server.ops[1] = wait(never());
    server.start(2);
    Slot const back = make(seL4_EndpointObject);
    Operation sender = nb_send_recv(server.ep, back, make(seL4_ReplyObject), message(3, 0));
    Thread& client = run_operation(sender);
    CHECK(server.ops[0].done);
    CHECK_EQ(server.ops[0].label(), 3);
    CHECK(holds_context(*server.thread));
    CHECK(!holds_context(client));
    CHECK(!sender.done);
}

void send_does_not_donate()
{
    Server server;
    server.start(1);
    now(send(server.ep, message(3, 0)));
    CHECK(!server.ops[0].done); // delivered, but it has no time
    Slot const sc = make_sc(10'000, 10'000);
    CHECK_OK(seL4_SchedContext_Bind(sc, server.thread->tcb));
    CHECK(server.ops[0].done);
    CHECK_EQ(server.ops[0].label(), 3);
}

void an_active_server_keeps_its_own_time()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation ops[] = {recv(ep, reply), wait(never())};
    Thread& server = run_operations(ops);
    Operation caller = call(ep, message(1, 0));
    Thread& client = run_operation(caller);
    CHECK(ops[0].done);
    CHECK(holds_context(server) && holds_context(client));
    CHECK_EQ(seL4_SchedContext_UnbindObject(client.sc, client.tcb), seL4_NoError);
}

void a_server_without_time_waits_for_it()
{
    // The reply goes to a caller whose context was taken away meanwhile.
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation caller = call(ep, message(1, 0));
    Thread& client = run_operation(caller);
    REQUIRE_EQ(now(nb_recv(ep, reply)).label(), 1);
    REQUIRE_OK(seL4_SchedContext_UnbindObject(client.sc, client.tcb));
    now(send(reply, message(2, 0)));
    CHECK(!caller.done);
    CHECK_OK(seL4_SchedContext_Bind(client.sc, client.tcb));
    CHECK(caller.done);
    CHECK_EQ(caller.label(), 2);
}

void a_fault_handler_may_be_passive()
{
    Server handler;
    handler.ops[1] = wait(never());
    handler.start(2);
    ThreadConfig config;
    config.fault_ep = handler.ep;
    Operation bad = recv(0, 0);
    Thread& faulter = run_operation(bad, config);
    CHECK(handler.ops[0].done);
    CHECK_EQ(handler.ops[0].label(), seL4_Fault_CapFault);
    CHECK(holds_context(*handler.thread));
    CHECK(!holds_context(faulter));
}

void a_notifications_context_serves_its_waiter()
{
    Slot const ntfn = make(seL4_NotificationObject), sc = make_sc(10'000, 10'000);
    ThreadConfig config;
    config.passive = true;
    Thread& thread = make_thread(config);
    Slot const start_sc = make_sc(10'000, 10'000);
    Operation ops[] = {wait(ntfn), wait(ntfn)};
    REQUIRE_OK(seL4_SchedContext_Bind(start_sc, thread.tcb));
    rerun(thread, ops);
    REQUIRE_OK(seL4_SchedContext_UnbindObject(start_sc, thread.tcb));
    REQUIRE_OK(seL4_SchedContext_Bind(sc, ntfn));
    seL4_Signal(ntfn);
    CHECK(ops[0].done && !ops[1].done);
    // It waits again: the context is back with the notification, and works again.
    CHECK(!holds_context(thread));
    seL4_Signal(ntfn);
    CHECK(ops[1].done);
}

constexpr Case cases[] = {
    {"a passive server runs on its caller's context and gives it back",
     a_passive_server_runs_on_its_callers_time},
    {"a context travels down a chain of calls and up again", contexts_travel_down_and_up_a_chain},
    {"an answer out of order does not take the context from below",
     an_answer_in_the_middle_keeps_the_context_below},
    {"deleting a reply object in the middle leaves the context where it is",
     deleting_a_middle_reply_keeps_the_chain},
    {"deleting the last reply object returns the context to its caller",
     deleting_the_last_reply_returns_the_context},
    {"deleting the last callee leaves the chain answerable",
     deleting_the_callee_returns_the_context},
    {"deleting or suspending the client leaves the servers going",
     deleting_the_client_leaves_the_servers_usable},
    {"deleting the context stops everybody on it until they get another",
     deleting_the_context_stops_the_chain_cleanly},
    {"Unbind takes a context from whoever borrowed it", unbinding_the_context_stops_its_holder},
    {"a chain can be taken apart in any order", revoking_everything_at_each_point_is_clean},
    {"NBSendRecv to a passive thread gives the context away", nb_send_recv_donates_for_good},
    {"Send gives no context", send_does_not_donate},
    {"a server with a context of its own borrows none", an_active_server_keeps_its_own_time},
    {"an answered caller without context runs when it gets one",
     a_server_without_time_waits_for_it},
    {"a passive fault handler runs on the context of the thread that faulted",
     a_fault_handler_may_be_passive},
    {"a notification's context serves the passive thread that waits on it",
     a_notifications_context_serves_its_waiter},
};

} // namespace

Suite const donation_suite = cases;

} // namespace kt

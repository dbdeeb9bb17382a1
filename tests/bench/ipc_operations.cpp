// Messages, signals and faults. A helper on a higher priority stands for the server, the receiver
// or the handler; it shares our memory also where it has an address space of its own, so either
// side finds the other's stamps.
#include "stopwatch.hpp"

namespace bench {

namespace {

using namespace kt;

/// What the threads of the running operation work with.
struct Shared {
    Slot ep, reply, ntfn;
    Word length; ///< words of a message
    Stamps client, server;
};
constinit Shared shared{};

void prepare(Word length = 0)
{
    shared = {make(seL4_EndpointObject),
              make(seL4_ReplyObject),
              make(seL4_NotificationObject),
              length,
              {},
              {}};
}

ThreadConfig helper(Slot vspace = root_vspace, Word priority = helper_priority)
{
    ThreadConfig config;
    config.priority = priority;
    config.vspace = vspace;
    config.budget_us = config.period_us = 10'000'000; // no turn ends within a measurement
    return config;
}

hypercore_registers message_to(Slot cap, Word length)
{
    return {cap, message(1, length), 0, 0, 0, 0};
}

/// Who pays for a server's work: its own scheduling context, or its caller's, which it is given.
enum class Server { active, passive };

/// Starts a server, which runs until it receives; a passive one is without a context from then on.
void start_server(Entry entry, ThreadConfig const& config, Server kind)
{
    Thread const& server = spawn(entry, 0, config);
    if (kind == Server::passive) REQUIRE_OK(seL4_SchedContext_Unbind(server.sc));
}

// --- Call and ReplyRecv -----------------------------------------------------------------------

void serve_timed(Word)
{
    hypercore_registers io = message_to(shared.ep, 0);
    timed_syscall<seL4_SysRecv>(io, shared.reply, shared.server);
    for (;;) {
        io = message_to(shared.ep, shared.length);
        timed_syscall<seL4_SysReplyRecv>(io, shared.reply, shared.server);
    }
}

/// There and back, each way apart.
void one_ways(Slot vspace, Word length, char const* there, char const* back,
              Server kind = Server::passive)
{
    prepare(length);
    start_server(serve_timed, helper(vspace), kind);
    for (begin(there); next_round();) {
        hypercore_registers io = message_to(shared.ep, length);
        timed_syscall<seL4_SysCall>(io, 0, shared.client);
        sample(between(shared.client, shared.server), 0);
        sample(between(shared.server, shared.client), 1);
    }
    report(there, 0);
    report(back, 1);
}

void calls_and_answers()
{
    one_ways(root_vspace, 0, "call_same_space", "reply_recv_same_space");
    Slot const other = make_vspace();
    one_ways(other, 0, "call_other_space", "reply_recv_other_space");
    one_ways(other, 10, "call_10_words", "reply_recv_10_words");
    one_ways(other, 0, "call_active", "reply_recv_active", Server::active);
}

void serve(Word)
{
    Word badge;
    seL4_Recv(shared.ep, &badge, shared.reply);
    for (;;) seL4_ReplyRecv(shared.ep, seL4_MessageInfo_new(0, 0, 0, 0), &badge, shared.reply);
}

/// There and back with libsel4's stubs on both sides.
void round_trip(Slot vspace, char const* name)
{
    prepare();
    start_server(serve, helper(vspace), Server::passive);
    for (begin(name); next_round();)
        sample(around([] { seL4_Call(shared.ep, seL4_MessageInfo_new(0, 0, 0, 0)); }));
    report(name);
}

void round_trips()
{
    round_trip(root_vspace, "round_trip_same_space");
    round_trip(make_vspace(), "round_trip_other_space");
}

// --- one-way messages and signals -------------------------------------------------------------

void receive_timed(Word)
{
    for (;;) {
        hypercore_registers io = message_to(shared.ep, 0);
        timed_syscall<seL4_SysRecv>(io, shared.reply, shared.server);
    }
}

void sends()
{
    prepare();
    spawn(receive_timed, 0, helper());
    for (begin("send_to_higher_priority"); next_round();) {
        hypercore_registers io = message_to(shared.ep, 0);
        timed_syscall<seL4_SysSend>(io, 0, shared.client);
        sample(between(shared.client, shared.server));
    }
    report("send_to_higher_priority");
}

void wait_timed(Word)
{
    for (;;) {
        hypercore_registers io = message_to(shared.ntfn, 0);
        timed_syscall<seL4_SysWait>(io, 0, shared.server);
    }
}

void signals_to_higher_priority()
{
    prepare();
    spawn(wait_timed, 0, helper());
    for (begin("signal_to_higher_priority"); next_round();) {
        hypercore_registers io = message_to(shared.ntfn, 0);
        timed_syscall<seL4_SysSend>(io, 0, shared.client);
        sample(between(shared.client, shared.server));
    }
    report("signal_to_higher_priority");
}

/// The waiter is below us: the signal only makes it runnable. It waits again while we sleep.
void signals_to_lower_priority()
{
    static Slot go;
    prepare();
    go = make(seL4_NotificationObject);
    spawn(wait_timed, 0, helper(root_vspace, below_priority));
    spawn(
        [](Word) {
            for (;;) seL4_Signal(go); // whenever the waiter has blocked
        },
        0, helper(root_vspace, below_priority - 1));
    begin("signal_to_lower_priority");
    for (;;) {
        now(wait(go));
        if (!next_round()) break;
        sample(around([] { seL4_Signal(shared.ntfn); }));
    }
    report("signal_to_lower_priority");
}

void signals_to_nobody()
{
    prepare();
    for (begin("signal_to_nobody"); next_round();) sample(around([] { seL4_Signal(shared.ntfn); }));
    report("signal_to_nobody");
}

// --- faults -----------------------------------------------------------------------------------

/// The handler moves the faulting thread on behind its ud2, which is two bytes long.
hypercore_registers move_on(hypercore_registers const& fault)
{
    return {shared.ep, message(0, 1), fault.mr0 + 2, 0, 0, 0};
}

void handle_timed(Word)
{
    hypercore_registers io = message_to(shared.ep, 0);
    timed_syscall<seL4_SysRecv>(io, shared.reply, shared.server);
    for (;;) {
        io = move_on(io);
        timed_syscall<seL4_SysReplyRecv>(io, shared.reply, shared.server);
    }
}

void handle(Word)
{
    hypercore_registers io = message_to(shared.ep, 0);
    hypercore_syscall(seL4_SysRecv, &io, shared.reply, 0);
    for (;;) {
        io = move_on(io);
        hypercore_syscall(seL4_SysReplyRecv, &io, shared.reply, 0);
    }
}

void fault_in_rounds(Word)
{
    while (next_round()) {
        timed_fault(shared.client);
        sample(between(shared.client, shared.server, Way::fault, Way::syscall), 0);
        sample(between(shared.server, shared.client, Way::syscall, Way::fault), 1);
        sample(between(shared.client, shared.client, Way::fault, Way::fault), 2);
    }
}

/// Runs the faulting thread to its end, above us and below its handler.
void fault_with(Entry handler, Server kind, char const* operation)
{
    prepare();
    start_server(handler, helper(root_vspace, helper_priority + 1), kind);
    ThreadConfig config = helper();
    config.fault_ep = shared.ep;
    begin(operation);
    spawn(fault_in_rounds, 0, config);
}

void faults()
{
    fault_with(handle_timed, Server::active, "fault");
    report("fault_to_handler", 0);
    report("reply_to_faulter", 1);
    fault_with(handle, Server::active,
               "fault_round_trip"); // the same without readings in the handler
    report("fault_round_trip", 2);
}

void faults_to_passive_handler()
{
    fault_with(handle_timed, Server::passive, "fault_passive");
    report("fault_to_passive", 0);
    report("reply_from_passive", 1);
    fault_with(handle, Server::passive, "fault_round_trip_passive");
    report("fault_round_trip_passive", 2);
}

constexpr Case cases[] = {
    {"calls and answers, one way", calls_and_answers},
    {"calls and answers, there and back", round_trips},
    {"sends", sends},
    {"signals to a higher priority", signals_to_higher_priority},
    {"signals to a lower priority", signals_to_lower_priority},
    {"signals to nobody", signals_to_nobody},
    {"faults and their answers", faults},
    {"faults and a passive handler's answers", faults_to_passive_handler},
};

} // namespace

Suite const ipc_operations = cases;

} // namespace bench

// Endpoints: rendezvous, blocking and not, queue order, badges, rights, and what becomes of the
// waiting when an endpoint or a thread goes. Contents of messages: transfer.cpp; replies:
// reply.cpp.
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

void a_send_waits_for_its_receiver()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation sender = send(mint(ep, 21), message(7, 2), {100, 200});
    run_operation(sender);
    CHECK(!sender.done);
    Operation const got = now(recv(ep, reply));
    CHECK(sender.done);
    CHECK_EQ(got.badge, 21);
    CHECK_EQ(got.label(), 7);
    CHECK_EQ(got.length(), 2);
    CHECK_EQ(got.out[0], 100);
    CHECK_EQ(got.out[1], 200);
}

void a_receiver_waits_for_its_sender()
{
    Slot const ep = make(seL4_EndpointObject);
    Operation receiver = recv(ep, make(seL4_ReplyObject));
    run_operation(receiver);
    CHECK(!receiver.done);
    now(send(mint(ep, 22), message(8, 1), {300}));
    CHECK(receiver.done);
    CHECK_EQ(receiver.badge, 22);
    CHECK_EQ(receiver.label(), 8);
    CHECK_EQ(receiver.out[0], 300);
}

void non_blocking_forms_never_wait()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    now(nb_send(ep, message(9, 0))); // nobody there: lost
    CHECK_EQ(now(nb_recv(ep, reply)).badge, 0);
    CHECK_EQ(now(nb_wait(ep)).badge, 0);
    Operation receiver = recv(ep, reply);
    run_operation(receiver);
    now(nb_send(mint(ep, 1), message(10, 0)));
    CHECK(receiver.done);
    CHECK_EQ(receiver.label(), 10);
}

void wait_receives_without_a_reply_object()
{
    Slot const ep = make(seL4_EndpointObject);
    Operation sender = send(mint(ep, 5), message(11, 1), {1});
    run_operation(sender);
    Operation const got = now(wait(ep));
    CHECK_EQ(got.badge, 5);
    CHECK_EQ(got.label(), 11);
    Operation waiter = wait(ep);
    run_operation(waiter);
    now(send(ep, message(12, 0)));
    CHECK(waiter.done);
    CHECK_EQ(waiter.label(), 12);
    // A call that is taken by Wait can never be answered: the caller stops.
    Operation caller = call(ep, message(13, 0));
    run_operation(caller);
    CHECK_EQ(now(nb_wait(ep)).label(), 13);
    CHECK(!caller.done);
}

void senders_are_served_in_order_of_arrival()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation senders[5];
    for (Word i = 0; i < 5; ++i) {
        senders[i] = send(ep, message(20 + i, 0));
        run_operation(senders[i]);
    }
    for (Word i = 0; i < 5; ++i) CHECK_EQ(now(nb_recv(ep, reply)).label(), 20 + i);
}

void queues_are_ordered_by_priority()
{
    // MCS: among those who wait the highest priority comes first, then who came first.
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    constexpr Word priorities[] = {120, 140, 110, 140, 130};
    constexpr Word expected[] = {1, 3, 4, 0, 2};
    Operation senders[5];
    for (Word i = 0; i < 5; ++i) {
        senders[i] = send(ep, message(30 + i, 0));
        ThreadConfig config;
        config.priority = priorities[i];
        run_operation(senders[i], config);
    }
    for (Word index : expected) CHECK_EQ(now(nb_recv(ep, reply)).label(), 30 + index);
    Operation receivers[5];
    for (Word i = 0; i < 5; ++i) {
        receivers[i] = recv(ep, make(seL4_ReplyObject));
        ThreadConfig config;
        config.priority = priorities[i];
        run_operation(receivers[i], config);
    }
    for (Word index : expected) {
        now(send(ep, message(1, 0)));
        CHECK(receivers[index].done);
    }
}

void a_changed_priority_moves_the_waiting()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation first = send(ep, message(1, 0)), second = send(ep, message(2, 0));
    run_operation(first);
    Thread& thread = run_operation(second);
    REQUIRE_OK(seL4_TCB_SetPriority(thread.tcb, root_tcb, helper_priority + 10));
    CHECK_EQ(now(nb_recv(ep, reply)).label(), 2);
    CHECK_EQ(now(nb_recv(ep, reply)).label(), 1);
}

void sending_without_write_has_no_effect()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation receiver = recv(ep, reply);
    run_operation(receiver);
    Slot const read_only = copy(ep, rights(2));
    now(send(read_only, message(1, 0)));
    now(nb_send(read_only, message(1, 0)));
    CHECK(!receiver.done);
    // A Call answers with an error instead.
    Operation const answer = now(call(read_only, message(1, 0)));
    CHECK_EQ(answer.label(), seL4_InvalidCapability);
    CHECK_EQ(answer.out[0], 0);
    CHECK(!receiver.done);
    // On an empty slot too.
    Slot const empty = new_slots();
    now(send(empty, message(1, 0)));
    now(nb_send(empty, message(1, 0)));
    CHECK_EQ(now(call(empty, message(1, 0))).label(), seL4_InvalidCapability);
}

void calling_without_grant_stops_the_caller()
{
    Slot const ep = make(seL4_EndpointObject);
    Operation caller = call(copy(ep, rights(1)), message(4, 0));
    run_operation(caller);
    Slot const reply = make(seL4_ReplyObject);
    CHECK_EQ(now(nb_recv(ep, reply)).label(), 4);
    now(send(reply, message(5, 0))); // goes nowhere
    CHECK(!caller.done);
}

void suspending_takes_a_thread_out_of_the_queue()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation blocked = send(ep, message(1, 0)), other = send(ep, message(2, 0));
    Thread& thread = run_operation(blocked);
    run_operation(other);
    thread.suspend();
    CHECK_EQ(now(nb_recv(ep, reply)).label(), 2);
    CHECK_EQ(now(nb_recv(ep, reply)).badge, 0);
    CHECK(!blocked.done);
    // Resumed, it makes the same system call again.
    thread.resume();
    CHECK_EQ(now(nb_recv(ep, reply)).label(), 1);
    CHECK(blocked.done);
}

void suspending_a_receiver_restarts_its_receive()
{
    Slot const ep = make(seL4_EndpointObject);
    Operation blocked = recv(ep, make(seL4_ReplyObject));
    Thread& thread = run_operation(blocked);
    thread.suspend();
    now(nb_send(ep, message(3, 0)));
    CHECK(!blocked.done);
    thread.resume();
    now(nb_send(ep, message(4, 0)));
    CHECK(blocked.done);
    CHECK_EQ(blocked.label(), 4);
}

void deleting_the_endpoint_wakes_the_waiting()
{
    for (bool sending : {true, false}) {
        Slot const ep = make(seL4_EndpointObject), fault_ep = make(seL4_EndpointObject);
        ThreadConfig config;
        config.fault_ep = fault_ep;
        Operation blocked = sending ? send(ep, message(1, 0)) : recv(ep, make(seL4_ReplyObject));
        run_operation(blocked, config);
        remove(ep);
        // The system call starts again and meets an empty slot: a Send is lost, a Recv faults.
        CHECK_EQ(blocked.done, sending);
        Operation const fault = now(nb_recv(fault_ep, make(seL4_ReplyObject)));
        CHECK_EQ(fault.label(), sending ? seL4_Fault_NullFault : seL4_Fault_CapFault);
    }
}

void deleting_a_thread_takes_it_out_of_the_queue()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation blocked[3];
    Thread* threads[3];
    for (Word i = 0; i < 3; ++i) {
        blocked[i] = send(ep, message(40 + i, 0));
        threads[i] = &run_operation(blocked[i]);
    }
    remove(threads[1]->tcb);
    CHECK_EQ(now(nb_recv(ep, reply)).label(), 40);
    remove(threads[2]->tcb);
    CHECK_EQ(now(nb_recv(ep, reply)).badge, 0);
    CHECK(blocked[0].done && !blocked[1].done && !blocked[2].done);
}

void nb_send_recv_sends_and_receives()
{
    Slot const out = make(seL4_EndpointObject), in = make(seL4_EndpointObject);
    Operation receiver = recv(out, make(seL4_ReplyObject));
    run_operation(receiver);
    Operation sender = send(mint(in, 3), message(6, 1), {66});
    run_operation(sender);
    Operation const both =
        now(nb_send_recv(mint(out, 4), in, make(seL4_ReplyObject), message(5, 1), {55}));
    CHECK(receiver.done && sender.done);
    CHECK_EQ(receiver.badge, 4);
    CHECK_EQ(receiver.label(), 5);
    CHECK_EQ(receiver.out[0], 55);
    CHECK_EQ(both.badge, 3);
    CHECK_EQ(both.label(), 6);
    CHECK_EQ(both.out[0], 66);
    // Nobody there: the message is lost, the receive blocks.
    Operation blocked = nb_send_recv(out, in, make(seL4_ReplyObject), message(5, 0));
    run_operation(blocked);
    CHECK(!blocked.done);
    now(send(in, message(7, 0)));
    CHECK(blocked.done);
    CHECK_EQ(blocked.label(), 7);
}

void nb_send_wait_sends_and_waits()
{
    Slot const out = make(seL4_EndpointObject), ntfn = make(seL4_NotificationObject);
    Operation receiver = recv(out, make(seL4_ReplyObject));
    run_operation(receiver);
    seL4_Signal(mint(ntfn, 0x10));
    Operation const both = now(nb_send_wait(out, ntfn, message(5, 1), {55}));
    CHECK(receiver.done);
    CHECK_EQ(receiver.label(), 5);
    CHECK_EQ(receiver.out[0], 55);
    CHECK_EQ(both.badge, 0x10);
}

void a_signal_by_send_and_call()
{
    // Sending to a notification in any form is a signal; only Call takes no harm but no answer.
    Slot const ntfn = make(seL4_NotificationObject), badged = mint(ntfn, 1);
    now(send(badged, message(99, 4), {1, 2, 3, 4}));
    CHECK_EQ(now(nb_wait(ntfn)).badge, 1);
    now(nb_send(badged));
    CHECK_EQ(now(nb_wait(ntfn)).badge, 1);
    now(nb_send_wait(badged, ntfn));
    CHECK_EQ(now(nb_wait(ntfn)).badge, 0);
}

constexpr Case cases[] = {
    {"a Send waits for its receiver and delivers badge, label and words",
     a_send_waits_for_its_receiver},
    {"a Recv waits for its sender", a_receiver_waits_for_its_sender},
    {"NBSend, NBRecv and NBWait never wait", non_blocking_forms_never_wait},
    {"Wait receives messages without a reply object", wait_receives_without_a_reply_object},
    {"senders of one priority are served in order of arrival",
     senders_are_served_in_order_of_arrival},
    {"senders and receivers are queued by priority", queues_are_ordered_by_priority},
    {"a changed priority moves a waiting thread in the queue",
     a_changed_priority_moves_the_waiting},
    {"sending without Write has no effect, and Call says so", sending_without_write_has_no_effect},
    {"a Call without Grant and GrantReply delivers, and stops the caller",
     calling_without_grant_stops_the_caller},
    {"a suspended sender leaves the queue and sends again when resumed",
     suspending_takes_a_thread_out_of_the_queue},
    {"a suspended receiver receives again when resumed",
     suspending_a_receiver_restarts_its_receive},
    {"deleting an endpoint restarts those who wait on it", deleting_the_endpoint_wakes_the_waiting},
    {"deleting a thread takes it out of the queue", deleting_a_thread_takes_it_out_of_the_queue},
    {"NBSendRecv sends without waiting, then receives", nb_send_recv_sends_and_receives},
    {"NBSendWait sends without waiting, then waits", nb_send_wait_sends_and_waits},
    {"Send and NBSend to a notification are signals", a_signal_by_send_and_call},
};

} // namespace

Suite const endpoint_suite = cases;

} // namespace kt

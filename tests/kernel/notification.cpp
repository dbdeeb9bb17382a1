// Notifications: signals that merge, waiting in order of priority, notifications bound to a thread,
// rights. [seL4 manual, "Notifications"]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

void badges_merge_until_read()
{
    Slot const ntfn = make(seL4_NotificationObject);
    seL4_Signal(mint(ntfn, 0x01));
    seL4_Signal(mint(ntfn, 0x10));
    seL4_Signal(mint(ntfn, Word{1} << 63));
    CHECK_EQ(now(wait(ntfn)).badge, Word{1} << 63 | 0x11);
    CHECK_EQ(now(nb_wait(ntfn)).badge, 0);
}

void an_unbadged_signal_wakes_with_badge_zero()
{
    Slot const ntfn = make(seL4_NotificationObject);
    seL4_Signal(ntfn);
    Operation waiting = wait(ntfn);
    run_operation(waiting);
    CHECK(waiting.done);
    CHECK_EQ(waiting.badge, 0);
}

void a_signal_wakes_one_waiter_by_priority()
{
    Slot const ntfn = make(seL4_NotificationObject);
    constexpr Word priorities[] = {120, 140, 110, 140};
    constexpr Word expected[] = {1, 3, 0, 2};
    Operation waiting[4];
    for (Word i = 0; i < 4; ++i) {
        waiting[i] = wait(ntfn);
        ThreadConfig config;
        config.priority = priorities[i];
        run_operation(waiting[i], config);
        CHECK(!waiting[i].done);
    }
    Word badge = 1;
    for (Word index : expected) {
        seL4_Signal(mint(ntfn, badge));
        CHECK(waiting[index].done);
        CHECK_EQ(waiting[index].badge, badge++);
    }
    CHECK_EQ(now(nb_wait(ntfn)).badge, 0);
}

void rights_are_needed()
{
    Slot const ntfn = make(seL4_NotificationObject), fault_ep = make(seL4_EndpointObject);
    seL4_Signal(copy(ntfn, rights(2))); // no Write: no effect
    CHECK_EQ(now(nb_wait(ntfn)).badge, 0);
    CHECK_EQ(now(call(copy(ntfn, rights(2)))).label(), seL4_InvalidCapability);
    ThreadConfig config;
    config.fault_ep = fault_ep;
    Slot const write_only = copy(ntfn, rights(1));
    for (Operation refused : {wait(write_only), nb_wait(write_only)}) {
        Operation waiting = refused;
        run_operation(waiting, config);
        CHECK(!waiting.done);
        Operation const fault = now(nb_recv(fault_ep, make(seL4_ReplyObject)));
        CHECK_EQ(fault.label(), seL4_Fault_CapFault);
        CHECK_EQ(fault.length(), 5);
        CHECK_EQ(fault.out[1], write_only);
        CHECK_EQ(fault.out[2], 1);
        CHECK_EQ(fault.out[3], seL4_MissingCapability);
    }
}

struct Bound {
    Slot ntfn = make(seL4_NotificationObject), ep = make(seL4_EndpointObject);
    Slot reply = make(seL4_ReplyObject);
    Operation op;
    Thread* thread = nullptr;

    void start(Operation what)
    {
        op = what;
        thread = &make_thread();
        REQUIRE_OK(seL4_TCB_BindNotification(thread->tcb, ntfn));
        rerun(*thread, {&op, 1});
    }
};

void a_bound_notification_wakes_a_receiver()
{
    Bound bound;
    bound.start(recv(bound.ep, bound.reply));
    CHECK(!bound.op.done);
    seL4_Signal(mint(bound.ntfn, 0x80));
    CHECK(bound.op.done);
    CHECK_EQ(bound.op.badge, 0x80);
    // It is out of the endpoint's queue: a message does not reach it any more.
    now(nb_send(bound.ep, message(1, 0)));
    CHECK_EQ(bound.op.badge, 0x80);
}

void a_pending_bound_notification_comes_first()
{
    Bound bound;
    seL4_Signal(mint(bound.ntfn, 0x40));
    Operation sender = send(bound.ep, message(5, 0));
    run_operation(sender);
    bound.start(recv(bound.ep, bound.reply));
    CHECK(bound.op.done);
    CHECK_EQ(bound.op.badge, 0x40);
    CHECK(!sender.done);
    // The next receive takes the message.
    Operation next = recv(bound.ep, bound.reply);
    rerun(*bound.thread, {&next, 1});
    CHECK_EQ(next.label(), 5);
    CHECK(sender.done);
}

void nb_recv_takes_a_bound_notification()
{
    Bound bound;
    seL4_Signal(mint(bound.ntfn, 0x20));
    bound.start(nb_recv(bound.ep, bound.reply));
    CHECK(bound.op.done);
    CHECK_EQ(bound.op.badge, 0x20);
    REQUIRE_OK(seL4_TCB_UnbindNotification(bound.thread->tcb));
    CHECK_EQ(now(nb_wait(bound.ntfn)).badge, 0);
}

void a_bound_thread_that_does_not_receive_is_not_disturbed()
{
    Bound bound;
    Slot const elsewhere = make(seL4_NotificationObject);
    bound.start(wait(elsewhere));
    seL4_Signal(mint(bound.ntfn, 1));
    CHECK(!bound.op.done);
    REQUIRE_OK(seL4_TCB_UnbindNotification(bound.thread->tcb));
    CHECK_EQ(now(nb_wait(bound.ntfn)).badge, 1);
    Bound sender;
    sender.start(send(sender.ep, message(1, 0)));
    seL4_Signal(mint(sender.ntfn, 2));
    CHECK(!sender.op.done);
}

void unbinding_leaves_the_receiver_waiting()
{
    Bound bound;
    bound.start(recv(bound.ep, bound.reply));
    REQUIRE_OK(seL4_TCB_UnbindNotification(bound.thread->tcb));
    seL4_Signal(mint(bound.ntfn, 4));
    CHECK(!bound.op.done);
    now(send(bound.ep, message(6, 0)));
    CHECK(bound.op.done);
    CHECK_EQ(bound.op.label(), 6);
}

void only_its_thread_waits_on_a_bound_notification()
{
    Bound bound;
    bound.start(wait(bound.ntfn));
    CHECK(!bound.op.done);
    ThreadConfig config;
    config.fault_ep = make(seL4_EndpointObject);
    Operation stranger = nb_wait(bound.ntfn);
    run_operation(stranger, config);
    CHECK(!stranger.done);
    CHECK_EQ(now(nb_recv(config.fault_ep, make(seL4_ReplyObject))).label(), seL4_Fault_CapFault);
    seL4_Signal(mint(bound.ntfn, 0x33));
    CHECK(bound.op.done);
    CHECK_EQ(bound.op.badge, 0x33);
}

void deleting_the_notification_restarts_waiters()
{
    Slot const ntfn = make(seL4_NotificationObject), fault_ep = make(seL4_EndpointObject);
    ThreadConfig config;
    config.fault_ep = fault_ep;
    Operation waiting = wait(ntfn);
    run_operation(waiting, config);
    remove(ntfn);
    CHECK(!waiting.done);
    CHECK_EQ(now(nb_recv(fault_ep, make(seL4_ReplyObject))).label(), seL4_Fault_CapFault);
    // A bound receiver just loses its notification.
    Bound bound;
    bound.start(recv(bound.ep, bound.reply));
    remove(bound.ntfn);
    now(send(bound.ep, message(7, 0)));
    CHECK(bound.op.done);
    CHECK_EQ(bound.op.label(), 7);
}

void deleting_a_bound_thread_frees_the_notification()
{
    Bound bound;
    bound.start(recv(bound.ep, bound.reply));
    remove(bound.thread->tcb);
    seL4_Signal(mint(bound.ntfn, 8));
    CHECK_EQ(now(nb_wait(bound.ntfn)).badge, 8);
    CHECK_OK(seL4_TCB_BindNotification(make_thread().tcb, bound.ntfn));
}

void a_suspended_waiter_misses_nothing()
{
    Slot const ntfn = make(seL4_NotificationObject);
    Operation waiting = wait(ntfn);
    Thread& thread = run_operation(waiting);
    thread.suspend();
    seL4_Signal(mint(ntfn, 3));
    CHECK(!waiting.done);
    thread.resume();
    CHECK(waiting.done);
    CHECK_EQ(waiting.badge, 3);
}

void recv_on_a_notification_is_a_wait()
{
    Slot const ntfn = make(seL4_NotificationObject);
    seL4_Signal(mint(ntfn, 6));
    CHECK_EQ(now(recv(ntfn, make(seL4_ReplyObject))).badge, 6);
    seL4_Signal(mint(ntfn, 7));
    CHECK_EQ(now(nb_recv(ntfn, 0)).badge, 7); // no reply object is needed
}

constexpr Case cases[] = {
    {"signals merge their badges until somebody reads them", badges_merge_until_read},
    {"an unbadged signal wakes with badge 0", an_unbadged_signal_wakes_with_badge_zero},
    {"a signal wakes one waiter, the highest priority first",
     a_signal_wakes_one_waiter_by_priority},
    {"signalling needs Write, waiting needs Read", rights_are_needed},
    {"a bound notification wakes its thread from an endpoint",
     a_bound_notification_wakes_a_receiver},
    {"a pending bound notification comes before a waiting message",
     a_pending_bound_notification_comes_first},
    {"NBRecv takes a pending bound notification", nb_recv_takes_a_bound_notification},
    {"a bound thread that does something else is not disturbed",
     a_bound_thread_that_does_not_receive_is_not_disturbed},
    {"unbinding leaves the thread in the endpoint's queue", unbinding_leaves_the_receiver_waiting},
    {"only its own thread can wait on a bound notification",
     only_its_thread_waits_on_a_bound_notification},
    {"deleting a notification restarts its waiters", deleting_the_notification_restarts_waiters},
    {"deleting a bound thread frees its notification",
     deleting_a_bound_thread_frees_the_notification},
    {"a signal to a suspended waiter waits for it", a_suspended_waiter_misses_nothing},
    {"Recv on a notification is a Wait and needs no reply object",
     recv_on_a_notification_is_a_wait},
};

} // namespace

Suite const notification_suite = cases;

} // namespace kt

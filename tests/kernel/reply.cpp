// Reply objects without donation: who is answered, once only, and what becomes of a call when its
// caller, callee, reply object or endpoint goes, at each point of the call. Everybody here has a
// scheduling context of his own; calls on borrowed time are in donation.cpp.
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

struct Exchange {
    Slot ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Operation op = call(ep, message(1, 1), {10});
    Thread* caller = nullptr;

    /// The caller is blocked on the endpoint.
    void begin() { caller = &run_operation(op); }
    /// We have received its call.
    void receive()
    {
        Operation const got = now(nb_recv(ep, reply));
        REQUIRE_EQ(got.label(), 1);
        REQUIRE_EQ(got.out[0], 10);
    }
    void answer(Word label = 2) const { now(send(reply, message(label, 1), {20})); }
};

void a_call_is_answered()
{
    Exchange x;
    x.begin();
    CHECK(!x.op.done);
    x.receive();
    CHECK(!x.op.done);
    x.answer();
    CHECK(x.op.done);
    CHECK_EQ(x.op.label(), 2);
    CHECK_EQ(x.op.out[0], 20);
    CHECK_EQ(x.op.badge, 0);
}

void a_reply_works_once()
{
    Exchange x;
    x.begin();
    x.receive();
    x.answer();
    Operation again = call(x.ep, message(1, 1), {10});
    rerun(*x.caller, {&again, 1});
    x.answer(3); // the old answer reaches nobody
    CHECK(!again.done);
    CHECK_EQ(now(nb_recv(x.ep, x.reply)).label(), 1);
    x.answer(4);
    CHECK(again.done);
    CHECK_EQ(again.label(), 4);
}

void a_call_to_a_fresh_reply_object_does_nothing()
{
    Slot const reply = make(seL4_ReplyObject);
    now(send(reply, message(1, 0)));
    now(nb_send(reply, message(1, 0)));
    CHECK(!failed());
}

void reply_recv_answers_and_takes_the_next()
{
    Exchange x;
    x.begin();
    x.receive();
    Operation next = call(mint(x.ep, 8), message(5, 0));
    run_operation(next);
    Operation const got = now(reply_recv(x.ep, x.reply, message(2, 1), {20}));
    CHECK(x.op.done);
    CHECK_EQ(x.op.out[0], 20);
    CHECK_EQ(got.badge, 8);
    CHECK_EQ(got.label(), 5);
    x.answer(6);
    CHECK(next.done);
    CHECK_EQ(next.label(), 6);
}

void replies_may_come_in_any_order()
{
    Slot const ep = make(seL4_EndpointObject);
    Slot replies[3];
    Operation callers[3];
    for (Word i = 0; i < 3; ++i) {
        replies[i] = make(seL4_ReplyObject);
        callers[i] = call(ep, message(1 + i, 0));
        run_operation(callers[i]);
        CHECK_EQ(now(nb_recv(ep, replies[i])).label(), 1 + i);
    }
    for (Word i : {Word{1}, Word{2}, Word{0}}) {
        CHECK(!callers[i].done);
        now(send(replies[i], message(50 + i, 0)));
        CHECK(callers[i].done);
        CHECK_EQ(callers[i].label(), 50 + i);
    }
}

void a_reply_object_in_use_forgets_its_caller()
{
    Exchange x;
    x.begin();
    x.receive();
    Operation second = call(x.ep, message(1, 1), {10});
    run_operation(second);
    x.receive(); // into the same reply object
    x.answer();
    CHECK(second.done);
    CHECK(!x.op.done);
    // The forgotten caller stands still until somebody resumes it; then it calls again.
    x.caller->resume();
    CHECK(!x.op.done);
    x.receive();
    x.answer();
    CHECK(x.op.done);
}

void a_blocked_receivers_reply_object_can_be_taken()
{
    Slot const ep = make(seL4_EndpointObject), other = make(seL4_EndpointObject);
    Slot const reply = make(seL4_ReplyObject);
    Operation receiver = recv(ep, reply);
    run_operation(receiver);
    CHECK_EQ(now(nb_recv(other, reply)).badge, 0);
    // Whoever of the two keeps it: a call arrives at most once, and we can still receive.
    Operation caller = call(other, message(3, 0));
    run_operation(caller);
    CHECK_EQ(now(nb_recv(other, reply)).label(), 3);
    now(send(reply, message(4, 0)));
    CHECK(caller.done);
    CHECK_EQ(caller.label(), 4);
}

void a_wrong_reply_capability_is_a_fault()
{
    Slot const ep = make(seL4_EndpointObject), fault_ep = make(seL4_EndpointObject);
    ThreadConfig config;
    config.fault_ep = fault_ep;
    for (Slot wrong : {Slot{0}, root_tcb, ep, new_slots()}) {
        Operation receiver = recv(ep, wrong);
        run_operation(receiver, config);
        Operation const fault = now(nb_recv(fault_ep, make(seL4_ReplyObject)));
        CHECK_EQ(fault.label(), seL4_Fault_CapFault);
        CHECK_EQ(fault.out[1], wrong);
        CHECK_EQ(fault.out[2], 1);
        CHECK(!receiver.done);
    }
}

// --- what goes, and when -----------------------------------------------------------------------

enum class Point { queued, received }; ///< the caller waits for a receiver, or for the answer

void bring_to(Exchange& x, Point point)
{
    x.begin();
    if (point == Point::received) x.receive();
}

/// The endpoint works for others still.
void check_usable(Slot ep)
{
    Slot const reply = make(seL4_ReplyObject);
    Operation op = call(ep, message(77, 0));
    run_operation(op);
    Operation got;
    do got = now(nb_recv(ep, reply));
    while (got.label() != 77 && got.out_info != 0);
    CHECK_EQ(got.label(), 77);
    now(send(reply, message(78, 0)));
    CHECK(op.done);
    CHECK_EQ(op.label(), 78);
}

void the_caller_is_deleted()
{
    for (Point point : {Point::queued, Point::received}) {
        Exchange x;
        bring_to(x, point);
        remove(x.caller->tcb);
        x.answer();
        CHECK(!x.op.done);
        check_usable(x.ep);
    }
}

void the_caller_is_suspended()
{
    for (Point point : {Point::queued, Point::received}) {
        Exchange x;
        bring_to(x, point);
        x.caller->suspend();
        x.answer(); // to nobody
        CHECK(!x.op.done);
        CHECK_EQ(now(nb_recv(x.ep, make(seL4_ReplyObject))).out_info, 0);
        // It calls again when it is resumed.
        x.caller->resume();
        CHECK(!x.op.done);
        x.receive();
        x.answer();
        CHECK(x.op.done);
    }
}

void the_reply_object_is_deleted()
{
    Exchange x;
    x.begin();
    x.receive();
    remove(x.reply);
    CHECK(!x.op.done);
    x.reply = make(seL4_ReplyObject);
    check_usable(x.ep);
    x.caller->resume(); // makes its call again
    x.receive();
    x.answer();
    CHECK(x.op.done);
}

void the_reply_object_is_revoked_with_its_untyped()
{
    Exchange x;
    Slot const untyped = make(seL4_UntypedObject, seL4_ReplyBits);
    x.reply = new_slots();
    REQUIRE_OK(try_make(untyped, seL4_ReplyObject, 0, x.reply));
    Slot const second = copy(x.reply);
    x.begin();
    x.receive();
    remove(x.reply); // one capability is left
    CHECK_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    CHECK(is_empty(second));
    CHECK(!x.op.done);
    CHECK_OK(try_make(untyped, seL4_ReplyObject, 0, x.reply));
    x.answer();
    CHECK(!x.op.done);
    check_usable(x.ep);
}

void the_endpoint_is_deleted()
{
    {
        Exchange x; // the caller is queued: its call starts again, on an empty slot
        x.begin();
        remove(x.ep);
        CHECK(x.op.done);
        CHECK_EQ(x.op.label(), seL4_InvalidCapability);
    }
    Exchange x; // received: the answer does not need the endpoint
    x.begin();
    x.receive();
    remove(x.ep);
    CHECK(!x.op.done);
    x.answer();
    CHECK(x.op.done);
    CHECK_EQ(x.op.label(), 2);
}

void the_callee_is_deleted()
{
    Exchange x;
    Operation callee = recv(x.ep, x.reply);
    Thread& server = run_operation(callee);
    x.begin();
    CHECK(callee.done);
    remove(server.tcb);
    CHECK(!x.op.done);
    x.answer(); // the reply object lives on: anybody who holds it may answer
    CHECK(x.op.done);
    CHECK_EQ(x.op.label(), 2);
}

void the_callee_is_deleted_while_it_waits()
{
    Exchange x;
    Operation callee = recv(x.ep, x.reply);
    Thread& server = run_operation(callee);
    remove(server.tcb);
    x.begin();
    CHECK(!callee.done && !x.op.done);
    x.receive();
    x.answer();
    CHECK(x.op.done);
}

void the_reply_object_of_a_waiting_callee_is_deleted()
{
    Exchange x;
    Operation callee = recv(x.ep, x.reply);
    Thread& server = run_operation(callee);
    remove(x.reply);
    x.reply = make(seL4_ReplyObject);
    // The receiver is out of the queue, or takes the call without being able to answer; in both
    // cases nothing breaks.
    server.suspend();
    check_usable(x.ep);
}

void a_reply_goes_to_the_caller_not_the_endpoint()
{
    // Two calls on two endpoints, answered crosswise by one server.
    Exchange x, y;
    x.begin();
    y.begin();
    y.receive();
    x.receive();
    x.answer(31);
    CHECK(x.op.done && !y.op.done);
    CHECK_EQ(x.op.label(), 31);
    y.answer(32);
    CHECK_EQ(y.op.label(), 32);
}

constexpr Case cases[] = {
    {"a Call is answered through the reply object", a_call_is_answered},
    {"a reply object answers each call once", a_reply_works_once},
    {"sending to a reply object without caller does nothing",
     a_call_to_a_fresh_reply_object_does_nothing},
    {"ReplyRecv answers and receives the next call", reply_recv_answers_and_takes_the_next},
    {"replies may come in any order", replies_may_come_in_any_order},
    {"receiving into a reply object in use leaves its old caller unanswered",
     a_reply_object_in_use_forgets_its_caller},
    {"a reply object that a blocked receiver holds can be used by another",
     a_blocked_receivers_reply_object_can_be_taken},
    {"Recv with anything but a Reply capability is a fault", a_wrong_reply_capability_is_a_fault},
    {"a deleted caller gets no answer", the_caller_is_deleted},
    {"a suspended caller gets no answer and calls again when resumed", the_caller_is_suspended},
    {"deleting the reply object stops the caller", the_reply_object_is_deleted},
    {"revoking the reply object's untyped stops the caller",
     the_reply_object_is_revoked_with_its_untyped},
    {"deleting the endpoint restarts a queued Call and leaves a received one",
     the_endpoint_is_deleted},
    {"deleting the callee leaves the answer to whoever has the reply object",
     the_callee_is_deleted},
    {"deleting a waiting callee leaves its endpoint usable", the_callee_is_deleted_while_it_waits},
    {"deleting the reply object of a waiting callee leaves the endpoint usable",
     the_reply_object_of_a_waiting_callee_is_deleted},
    {"answers find their callers, not their endpoints",
     a_reply_goes_to_the_caller_not_the_endpoint},
};

} // namespace

Suite const reply_suite = cases;

} // namespace kt

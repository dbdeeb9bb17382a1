#include "ipc/reply_stack.hpp" // under test: first, so that a missing include shows
#include "ipc/fault.hpp"
#include "world.hpp"
#include <random>

using namespace mk;

namespace {

/// Client calls server 1 calls server 2 ..., all servers passive, each with its own endpoint use.
struct Chain : World {
    static constexpr int length = 4;
    Tcb* thread_at[length];
    Reply* reply_at[length]; // reply_at[i]: thread i waits on it for thread i + 1
    Endpoint endpoint[length];
    SchedContext* sc;

    Chain()
    {
        thread_at[0] = &running(10);
        sc = thread_at[0]->sc;
        for (int i = 1; i < length; ++i) {
            thread_at[i] = &thread(u8(10 + i));
            thread_at[i]->state = ThreadState::running;
            reply_at[i - 1] = &reply();
            receive(*thread_at[i], endpoint[i], reply_at[i - 1]);
        }
        for (int i = 1; i < length; ++i) {
            call(*thread_at[i - 1], endpoint[i]);
            go();
        }
    }
};

} // namespace

TEST_CASE("a call donates along a chain of passive servers, and answers bring it back", "[reply]")
{
    Chain w;
    for (int at = Chain::length - 1; at > 0; --at) {
        CHECK(w.cpu.current == w.thread_at[at]);
        CHECK(w.thread_at[at]->sc == w.sc);
        CHECK(w.sc->reply == w.reply_at[at - 1]);
        w.answer(*w.thread_at[at], *w.reply_at[at - 1]);
        w.thread_at[at]->state = ThreadState::inactive;
        w.go();
    }
    CHECK(w.cpu.current == w.thread_at[0]);
    CHECK(w.thread_at[0]->sc == w.sc);
    CHECK(w.sc->reply == nullptr);
}

TEST_CASE("clearing the top reply returns the context to its caller, stopped", "[reply]")
{
    Chain w;
    reply_stack::clear(w.cpu, *w.reply_at[2]);
    w.go();
    CHECK(w.thread_at[2]->sc == w.sc);
    CHECK(w.thread_at[2]->state == ThreadState::inactive);
    CHECK(w.thread_at[3]->sc == nullptr);
    CHECK(w.sc->reply == w.reply_at[1]);
}

TEST_CASE("clearing a reply in the middle keeps the context and joins the stack", "[reply]")
{
    Chain w;
    reply_stack::clear(w.cpu, *w.reply_at[1]);
    w.go();
    CHECK(w.thread_at[3]->sc == w.sc);
    CHECK(w.thread_at[1]->state == ThreadState::inactive);
    CHECK(w.reply_at[2]->prev == w.reply_at[0]);
    // The last answer still finds the way back to the client.
    w.answer(*w.thread_at[3], *w.reply_at[2]);
    w.thread_at[3]->state = ThreadState::inactive;
    w.go();
    CHECK(w.thread_at[2]->sc == w.sc);
    w.answer(*w.thread_at[2], *w.reply_at[0]);
    w.thread_at[2]->state = ThreadState::inactive;
    w.go();
    CHECK(w.thread_at[0]->sc == w.sc);
}

TEST_CASE("a caller that is suspended breaks the stack; the context stays where it is", "[reply]")
{
    Chain w;
    suspend(w.cpu, *w.thread_at[1]);
    w.go();
    CHECK(w.thread_at[3]->sc == w.sc);
    CHECK(w.reply_at[1]->tcb == nullptr);
    CHECK(w.reply_at[2]->prev == nullptr);
    CHECK(w.reply_at[0]->next() == nullptr);
    CHECK(w.thread_at[0]->state == ThreadState::blocked_on_reply);
}

TEST_CASE("an active server keeps its own context when it is called", "[reply]")
{
    World w;
    Tcb& client = w.running(10);
    Tcb& server = w.running(20);
    Reply& reply = w.reply();
    w.run(server);
    w.receive(server, w.ep, &reply);
    w.go();
    w.call(client, w.ep, 7);
    w.go();
    CHECK(w.cpu.current == &server);
    CHECK(server.context.rdi == 7);
    CHECK(client.sc != nullptr);
    CHECK(client.state == ThreadState::blocked_on_reply);
    CHECK(reply.next() == nullptr);
    w.answer(server, reply);
    w.go();
    CHECK(client.is_runnable());
}

TEST_CASE("a caller without budget when it is answered faults and does not call again", "[reply]")
{
    World w;
    Tcb& client = w.thread(10, &w.context(100, 1000));
    Tcb& server = w.thread(20);
    Tcb& handler = w.running(30);
    Reply &reply = w.reply(), &fault_reply = w.reply();
    Endpoint timeouts;
    DerivationTree::insert_original(nullptr, client.slot(Tcb::timeout_handler),
                                    Cap::endpoint(&timeouts, Rights::all, 0));
    w.receive(handler, timeouts, &fault_reply);
    server.state = ThreadState::running;
    w.receive(server, w.ep, &reply);
    client.context.rip = 0x1002;
    client.context.fault_ip = 0x1000;
    client.state = ThreadState::running;
    enqueue_back(w.cpu, client);
    w.go();
    REQUIRE(w.cpu.current == &client);
    w.call(client, w.ep);
    w.go();
    REQUIRE(w.cpu.current == &server);
    // Another one answers in its place, after the client's budget went.
    w.go(100);
    REQUIRE(w.cpu.current == &w.cpu.idle);
    w.answer(handler, reply);
    w.go();
    REQUIRE(w.cpu.current == &handler);
    CHECK(client.fault.kind == abi::FaultLabel::timeout);
    set_message_info(handler, abi::MessageInfo{});
    w.answer(handler, fault_reply);
    handler.state = ThreadState::inactive;
    w.go(1000);
    REQUIRE(w.cpu.current == &client);
    CHECK(client.context.rip == 0x1002);
}

TEST_CASE("receiving with a reply object that still owes an answer ends the caller's wait",
          "[reply]")
{
    World w;
    Tcb& client = w.running(10);
    Tcb& server = w.running(20);
    Reply& reply = w.reply();
    w.receive(server, w.ep, &reply);
    w.go();
    w.call(client, w.ep);
    w.go();
    w.receive(server, w.ep, &reply);
    w.go();
    CHECK(client.state == ThreadState::inactive);
    CHECK(reply.tcb == &server);
}

TEST_CASE("a call without a reply object stops the caller", "[reply]")
{
    World w;
    Tcb& client = w.running(10);
    Tcb& server = w.running(20);
    w.receive(server, w.ep, nullptr);
    w.go();
    w.call(client, w.ep);
    w.go();
    CHECK(client.state == ThreadState::inactive);
    CHECK(w.cpu.current == &server);
}

TEST_CASE("everything stays linked through random calls, answers, suspends and deletes", "[reply]")
{
    std::mt19937 random{20261122};
    for (int round = 0; round < 60; ++round) {
        World w;
        for (int i = 0; i < 7; ++i) w.thread(u8(10 + random() % 5), i < 4 ? &w.context() : nullptr);
        for (int i = 0; i < 5; ++i) w.reply();
        for (Tcb& t : w.threads) restart(w.cpu, t);
        w.go();
        for (int step = 0; step < 400; ++step) {
            Tcb& t = w.cpu.current == &w.cpu.idle ? w.threads[random() % 7] : *w.cpu.current;
            Tcb& any = w.threads[random() % 7];
            Reply& reply = w.replies[random() % 5];
            Endpoint& ep = random() % 2 ? w.ep : w.ep2;
            bool const runs = t.is_runnable() && &t == w.cpu.current;
            switch (random() % 12) {
            case 0:
            case 1:
                if (runs) w.call(t, ep);
                break;
            case 2:
            case 3:
                if (runs) w.receive(t, ep, random() % 4 ? &reply : nullptr);
                break;
            case 4:
            case 5:
                if (runs) w.answer(t, reply);
                break;
            case 6:
                if (runs) w.send(t, ep);
                break;
            case 7:
                suspend(w.cpu, any);
                break;
            case 8:
                restart(w.cpu, any);
                break;
            case 9:
                reply_stack::clear(w.cpu, reply);
                break;
            case 10:
                if (random() % 4 == 0) cancel_all_ipc(w.cpu, ep);
                break;
            default:
                set_priority(w.cpu, any, u8(10 + random() % 5));
                break;
            }
            w.go(random() % 300);
        }
    }
}

TEST_CASE("a fault that nobody could answer is forgotten when the thread is resumed", "[reply]")
{
    World w;
    Tcb& thread = w.running(10);
    Tcb& handler = w.thread(20, &w.context());
    handler.state = ThreadState::running;
    w.receive(handler, w.ep, nullptr); // without a reply object
    DerivationTree::insert_original(nullptr, thread.slot(Tcb::fault_handler),
                                    Cap::endpoint(&w.ep, Rights::all, 0));
    Fault fault;
    fault.kind = abi::FaultLabel::vm_fault;
    raise_fault(w.cpu, thread, fault);
    REQUIRE(thread.state == ThreadState::inactive);
    restart(w.cpu, thread);
    CHECK_FALSE(thread.fault.exists()); // or its next message would be the fault's
}

// System calls as the kernel sees them: registers of the current thread in, effects out.
#include "api/syscall.hpp" // under test: first, so that a missing include shows
#include "../ipc/world.hpp"
#include "abi/labels.hpp"
#include "abi/syscalls.hpp"
#include "api/debug_syscall.hpp"

using namespace mk;

namespace mk {
bool debug_syscall(Cpu&, abi::Syscall)
{
    return false;
}
} // namespace mk

namespace {

/// A world whose threads share one CSpace of 16 slots: address n is slot n.
struct Space : World {
    Slot node[16];

    Tcb& in_space(Tcb& t)
    {
        t.slot(Tcb::cspace).update(Cap::cnode(node, 4, 0, 60));
        return t;
    }
    void put(unsigned n, Cap const& cap) { DerivationTree::insert_original(nullptr, node[n], cap); }
    void system_call(abi::Syscall number, CPtr target, abi::MessageInfo info)
    {
        Context& c = cpu.current->context;
        c.rdx = u64(number);
        c.rdi = target;
        c.rsi = info.word();
        handle_syscall(cpu, c.rdi, c.rsi, i64(c.rdx));
        check();
    }
};

} // namespace

TEST_CASE("a Call on a Reply capability sends the message, then is answered empty", "[syscall]")
{
    Space w;
    Tcb& client = w.in_space(w.running(10));
    Tcb& server = w.in_space(w.running(20));
    Reply& reply = w.reply();
    w.run(server);
    w.put(1, Cap::reply(&reply, Rights::grant));
    w.receive(server, w.ep, &reply);
    w.go();
    w.call(client, w.ep);
    w.go();
    REQUIRE(w.cpu.current == &server);
    server.context.r10 = 0x1234;
    w.system_call(abi::Syscall::call, 1, abi::MessageInfo{7, 0, 0, 1});
    CHECK(abi::MessageInfo{client.context.rsi} == abi::MessageInfo{7, 0, 0, 1});
    CHECK(client.context.r10 == 0x1234);
    CHECK(abi::MessageInfo{server.context.rsi} == abi::MessageInfo{});
}

TEST_CASE("a fault reply by Call keeps its label: not 0 leaves the thread stopped", "[syscall]")
{
    Space w;
    Tcb& faulter = w.in_space(w.running(10));
    Tcb& handler = w.in_space(w.running(20));
    Reply& reply = w.reply();
    w.put(1, Cap::reply(&reply, Rights::grant));
    DerivationTree::insert_original(nullptr, faulter.slot(Tcb::fault_handler),
                                    Cap::endpoint(&w.ep, Rights::all, 0));
    w.run(handler);
    w.receive(handler, w.ep, &reply);
    w.go();
    REQUIRE(w.cpu.current == &faulter);
    handle_user_exception(w.cpu, 6, 0);
    REQUIRE(w.cpu.current == &handler);
    w.system_call(abi::Syscall::call, 1, abi::MessageInfo{1, 0, 0, 0});
    CHECK(faulter.state == ThreadState::inactive);
}

TEST_CASE("a thread that sets its own domain and then stops is in no ready queue", "[syscall]")
{
    Space w;
    Tcb& thread = w.in_space(w.running(10));
    Tcb& other = w.in_space(w.running(5));
    fake::Memory page{12};
    w.put(1, Cap::singleton(CapType::domain));
    w.put(2, Cap::tcb(&thread));
    thread.slot(Tcb::ipc_buffer)
        .update(Cap::frame(page.physical(), FrameSize::small, Rights::all, false));
    page.at<abi::IpcBuffer>(0)->caps_or_badges[0] = 2;
    w.run(thread);
    // The send phase is carried out, the receive phase is a fault that nobody handles.
    thread.context.r12 = 1;
    w.system_call(abi::Syscall::reply_recv, 3,
                  abi::MessageInfo{u64(abi::Label::domain_set_set), 0, 1, 1});
    CHECK(thread.state == ThreadState::inactive);
    CHECK_FALSE(thread.in_ready_queue);
    CHECK(w.cpu.current == &other);
}

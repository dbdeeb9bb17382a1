// What is measured. A helper on a higher priority stands for the server or the receiver; both ends
// of a measurement are in user code, so a figure is one way through the kernel with both stubs.
#include "bench.hpp"

namespace bench {

namespace {

using namespace kt;

/// What the helper of the running benchmark works with.
struct Shared {
    Slot ep, reply, ntfn;
    Word length; ///< words of a message
};
Shared shared;

void prepare(Word length = 0)
{
    shared = {make(seL4_EndpointObject), make(seL4_ReplyObject), make(seL4_NotificationObject),
              length};
}

ThreadConfig helper(Slot vspace = root_vspace)
{
    ThreadConfig config;
    config.vspace = vspace;
    config.budget_us = config.period_us = 10'000'000; // no turn ends within a measurement
    return config;
}

hypercore_registers io_of(Slot cap, Word length)
{
    return {cap, message(1, length), 0, 0, 0, 0};
}

/// Serves for ever, and does nothing else.
void serve(Word)
{
    hypercore_registers io = io_of(shared.ep, 0);
    hypercore_syscall(seL4_SysRecv, &io, shared.reply, 0);
    for (;;) {
        io.cap_or_badge = shared.ep;
        io.info = message(2, shared.length);
        hypercore_syscall(seL4_SysReplyRecv, &io, shared.reply, 0);
    }
}

void round_trip(char const* name, Slot vspace, Word length)
{
    prepare(length);
    spawn(serve, 0, helper(vspace));
    for (begin(); !enough();) {
        hypercore_registers io = io_of(shared.ep, length);
        start();
        hypercore_syscall(seL4_SysCall, &io, 0, 0);
        stop();
    }
    report(name);
}

void round_trips()
{
    round_trip("call_reply_recv_same_space_0", root_vspace, 0);
    round_trip("call_reply_recv_same_space_10", root_vspace, 10);
    Slot const other = make_vspace();
    round_trip("call_reply_recv_other_space_0", other, 0);
    round_trip("call_reply_recv_other_space_10", other, 10);
}

/// Receives; stops the time on arrival.
void serve_and_stop(Word)
{
    hypercore_registers io = io_of(shared.ep, 0);
    hypercore_syscall(seL4_SysRecv, &io, shared.reply, 0);
    for (;;) {
        stop();
        io.cap_or_badge = shared.ep;
        io.info = message(2, 0);
        hypercore_syscall(seL4_SysReplyRecv, &io, shared.reply, 0);
    }
}

/// Starts the time before it answers.
void serve_and_start(Word)
{
    hypercore_registers io = io_of(shared.ep, 0);
    hypercore_syscall(seL4_SysRecv, &io, shared.reply, 0);
    for (;;) {
        io.cap_or_badge = shared.ep;
        io.info = message(2, 0);
        start();
        hypercore_syscall(seL4_SysReplyRecv, &io, shared.reply, 0);
    }
}

void one_ways()
{
    prepare();
    spawn(serve_and_stop, 0, helper());
    for (begin(); !enough();) {
        hypercore_registers io = io_of(shared.ep, 0);
        start();
        hypercore_syscall(seL4_SysCall, &io, 0, 0);
    }
    report("call");
    prepare();
    spawn(serve_and_start, 0, helper());
    for (begin(); !enough();) {
        hypercore_registers io = io_of(shared.ep, 0);
        hypercore_syscall(seL4_SysCall, &io, 0, 0);
        stop();
    }
    report("reply_recv");
    prepare();
    spawn(
        [](Word) {
            for (;;) {
                hypercore_registers io = io_of(shared.ep, 0);
                hypercore_syscall(seL4_SysRecv, &io, shared.reply, 0);
                stop();
            }
        },
        0, helper());
    for (begin(); !enough();) {
        hypercore_registers io = io_of(shared.ep, 0);
        start();
        hypercore_syscall(seL4_SysSend, &io, 0, 0);
    }
    report("send");
}

void signals()
{
    prepare();
    spawn(
        [](Word) {
            for (;;) {
                hypercore_registers io = io_of(shared.ntfn, 0);
                hypercore_syscall(seL4_SysWait, &io, 0, 0);
                stop();
            }
        },
        0, helper());
    for (begin(); !enough();) {
        start();
        seL4_Signal(shared.ntfn);
    }
    report("signal_to_higher_priority");

    // The waiter is below us: the signal only makes it runnable. It waits again while we sleep.
    prepare();
    ThreadConfig config = helper();
    config.priority = below_priority;
    static Slot go;
    go = make(seL4_NotificationObject);
    spawn(
        [](Word) {
            for (;;) {
                hypercore_registers io = io_of(shared.ntfn, 0);
                hypercore_syscall(seL4_SysWait, &io, 0, 0);
            }
        },
        0, config);
    config.priority = below_priority - 1;
    spawn(
        [](Word) {
            for (;;) seL4_Signal(go); // whenever the waiter has blocked
        },
        0, config);
    for (begin(); !enough();) {
        now(wait(go));
        start();
        seL4_Signal(shared.ntfn);
        stop();
    }
    report("signal_to_lower_priority");
}

void fault_and_reply()
{
    // The handler moves the faulting thread on behind its ud2, which is two bytes long.
    prepare();
    ThreadConfig config = helper();
    config.priority = helper_priority + 1;
    spawn(
        [](Word) {
            hypercore_registers io = io_of(shared.ep, 0);
            hypercore_syscall(seL4_SysRecv, &io, shared.reply, 0);
            for (;;) {
                io.cap_or_badge = shared.ep;
                io.mr0 += 2;
                io.info = message(0, 1);
                hypercore_syscall(seL4_SysReplyRecv, &io, shared.reply, 0);
            }
        },
        0, config);
    config = helper();
    config.fault_ep = shared.ep;
    begin();
    spawn(
        [](Word) {
            while (!enough()) {
                start();
                asm volatile("ud2" ::: "memory");
                stop();
            }
        },
        0, config);
    report("fault_and_reply");
}

void yields()
{
    begin();
    ThreadConfig config = helper();
    config.priority = below_priority;
    static Slot done;
    done = make(seL4_NotificationObject);
    for (Word i = 0; i < 2; ++i)
        spawn(
            [](Word index) {
                // One starts the time, the other stops it.
                while (!enough()) {
                    if (index == 0)
                        start();
                    else
                        stop();
                    seL4_Yield();
                }
                seL4_Signal(done);
            },
            i, config);
    now(wait(done));
    report("yield");
}

void mappings()
{
    map_tables(root_vspace, free_region);
    Slot const frame = make(seL4_X86_4K);
    auto const map = [&](seL4_CapRights_t some_rights) {
        return seL4_X86_Page_Map(frame, root_vspace, free_region, some_rights,
                                 seL4_X86_Default_VMAttributes);
    };
    for (begin(); !enough(); seL4_X86_Page_Unmap(frame)) {
        start();
        map(seL4_AllRights);
        stop();
    }
    report("map_4k");
    map(seL4_AllRights);
    for (begin(); !enough();) {
        start();
        map(seL4_AllRights);
        stop();
    }
    report("remap_4k");
    for (begin(); !enough(); map(seL4_AllRights)) {
        start();
        seL4_X86_Page_Unmap(frame);
        stop();
    }
    report("unmap_4k");
}

void capabilities()
{
    Slot const ep = make(seL4_EndpointObject), target = new_slots();
    for (begin(); !enough(); remove(target)) {
        start();
        seL4_CNode_Copy(root_cnode, target, depth, root_cnode, ep, depth, seL4_AllRights);
        stop();
    }
    report("cnode_copy");
    for (begin(); !enough();) {
        seL4_CNode_Copy(root_cnode, target, depth, root_cnode, ep, depth, seL4_AllRights);
        start();
        seL4_CNode_Delete(root_cnode, target, depth);
        stop();
    }
    report("cnode_delete");
    for (begin(); !enough(); remove(target)) {
        start();
        try_make(case_untyped(), seL4_NotificationObject, 0, target);
        stop();
    }
    report("retype_notification");
}

void revokes()
{
    Slot const ep = make(seL4_EndpointObject), slots = new_slots(300);
    for (begin();;) {
        for (Word i = 0; i < 300; ++i)
            seL4_CNode_Mint(root_cnode, slots + i, depth, root_cnode, ep, depth, seL4_AllRights,
                            i + 1);
        if (enough()) break;
        start();
        seL4_CNode_Revoke(root_cnode, ep, depth);
        stop();
    }
    report("revoke_300");
}

void smallest_calls()
{
    Slot const ntfn = make(seL4_NotificationObject);
    for (begin(); !enough();) {
        start();
        seL4_Signal(ntfn);
        stop();
    }
    report("signal_to_nobody");
    Slot const tcb = make_thread().tcb;
    for (begin(); !enough();) {
        start();
        seL4_TCB_Suspend(tcb);
        stop();
    }
    report("call_of_a_method");
}

constexpr Case cases[] = {
    {"calls and answers", round_trips},
    {"one way", one_ways},
    {"signals", signals},
    {"a fault and its answer", fault_and_reply},
    {"yield between two threads", yields},
    {"mappings", mappings},
    {"capabilities", capabilities},
    {"revoke", revokes},
    {"the smallest system calls", smallest_calls},
};

} // namespace

std::span<Case const> const operations = cases;

} // namespace bench

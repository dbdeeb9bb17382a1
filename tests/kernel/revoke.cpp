// Revoke and delete under load: many children, nested and recursive CNodes, threads running inside
// what is revoked, a timer thread that must get the CPU meanwhile.
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

void three_hundred_badged_copies_go()
{
    Slot const ep = make(seL4_EndpointObject), slots = new_slots(300);
    for (Word i = 0; i < 300; ++i)
        REQUIRE_OK(seL4_CNode_Mint(root_cnode, slots + i, depth, root_cnode, ep, depth,
                                   seL4_AllRights, i + 1));
    CHECK_OK(seL4_CNode_Revoke(root_cnode, ep, depth));
    for (Word i = 0; i < 300; ++i) REQUIRE(is_empty(slots + i));
    CHECK(!is_empty(ep));
}

void deep_derivations_go()
{
    // Untyped in untyped, twenty levels deep.
    Slot top = make(seL4_UntypedObject, 21), untyped = top;
    Slot slots[17];
    for (Word bits = 20; bits >= 4; --bits) {
        slots[20 - bits] = new_slots();
        REQUIRE_OK(try_make(untyped, seL4_UntypedObject, bits, slots[20 - bits]));
        untyped = slots[20 - bits];
    }
    CHECK_OK(seL4_CNode_Revoke(root_cnode, slots[3], depth));
    for (Word i = 0; i < 17; ++i) CHECK_EQ(is_empty(slots[i]), i > 3);
    CHECK_OK(seL4_CNode_Revoke(root_cnode, top, depth));
    for (Slot slot : slots) CHECK(is_empty(slot));
}

void nested_cnodes_go_with_their_contents()
{
    Slot const untyped = make(seL4_UntypedObject, 18), ep = make(seL4_EndpointObject);
    // A chain of CNodes, each holding the only capability to the next, and a badge of ep.
    Slot const first = new_slots();
    REQUIRE_OK(try_make(untyped, seL4_CapTableObject, 4, first));
    Slot next = new_slots(), holder = first;
    Slot const badged = mint(ep, 5);
    for (int level = 0; level < 40; ++level) {
        REQUIRE_OK(try_make(untyped, seL4_CapTableObject, 4, next));
        REQUIRE_OK(seL4_CNode_Copy(holder, 1, 4, root_cnode, badged, depth, seL4_AllRights));
        if (level > 0) {
            // The holder's own capability goes into its parent: out of our sight from then on.
            REQUIRE_OK(seL4_CNode_Copy(next, 0, 4, root_cnode, holder, depth, seL4_AllRights));
            remove(holder);
        }
        holder = next;
        next = new_slots();
    }
    remove(holder); // the last capability to the head of the chain: all the rest follows
    CHECK_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    CHECK(is_empty(first));
    CHECK_OK(seL4_CNode_Revoke(root_cnode, ep, depth));
    CHECK(is_empty(badged));
    CHECK_OK(try_make(untyped, seL4_UntypedObject, 18, first));
}

void recursive_cnodes_go()
{
    Slot const untyped = make(seL4_UntypedObject, 14), one = new_slots(2), two = one + 1;
    REQUIRE_OK(try_make(untyped, seL4_CapTableObject, 4, one));
    REQUIRE_OK(try_make(untyped, seL4_CapTableObject, 4, two));
    // Each contains itself and the other; then the outside lets go of both.
    for (Slot holder : {one, two})
        for (Word i = 0; i < 2; ++i)
            REQUIRE_OK(seL4_CNode_Copy(holder, i, 4, root_cnode, one + i, depth, seL4_AllRights));
    remove(one);
    remove(two);
    CHECK_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    CHECK_OK(try_make(untyped, seL4_UntypedObject, 14, one));
}

void a_cnode_that_holds_its_own_last_capability_goes()
{
    Slot const untyped = make(seL4_UntypedObject, 12), cnode = new_slots();
    REQUIRE_OK(try_make(untyped, seL4_CapTableObject, 4, cnode));
    REQUIRE_OK(seL4_CNode_Move(cnode, 3, 4, root_cnode, cnode, depth));
    CHECK(is_empty(cnode));
    CHECK_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    CHECK_OK(try_make(untyped, seL4_UntypedObject, 12, cnode));
}

void a_running_threads_cspace_goes()
{
    Slot const untyped = make(seL4_UntypedObject, 16), cnode = new_slots();
    Slot const fault_ep = make(seL4_EndpointObject), ntfn = make(seL4_NotificationObject);
    REQUIRE_OK(try_make(untyped, seL4_CapTableObject, 4, cnode));
    REQUIRE_OK(seL4_CNode_Copy(cnode, 2, 4, root_cnode, ntfn, depth, seL4_AllRights));
    ThreadConfig config;
    config.cspace = cnode;
    config.cspace_data = 60;
    config.priority = below_priority;
    config.fault_ep = fault_ep;
    spawn(
        [](Word) {
            for (;;) now(call(2)); // a signal, and after the revoke a lookup that fails
        },
        0, config);
    now(wait(ntfn));
    CHECK_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    Operation const fault = now(recv(fault_ep, make(seL4_ReplyObject)));
    CHECK_EQ(fault.label(), seL4_Fault_CapFault);
    CHECK_EQ(fault.out[3], seL4_InvalidRoot);
}

void threads_inside_the_revoked_memory_stop()
{
    Slot const untyped = make(seL4_UntypedObject, 18);
    static Word volatile counters[4];
    Thread* threads[4];
    for (Word i = 0; i < 4; ++i) {
        counters[i] = 0;
        // The objects of a helper lie in the case's untyped; move the TCB into ours by hand.
        ThreadConfig config;
        config.priority = below_priority;
        config.budget_us = config.period_us = 1000;
        threads[i] = &make_thread(config);
        Slot const tcb = new_slots();
        REQUIRE_OK(try_make(untyped, seL4_TCBObject, 0, tcb));
        REQUIRE_OK(seL4_SchedContext_Unbind(threads[i]->sc));
        REQUIRE_OK(seL4_TCB_Configure(tcb, root_cnode, 0, root_vspace, 0,
                                      reinterpret_cast<Word>(threads[i]->buffer),
                                      image_frame(threads[i]->buffer)));
        REQUIRE_OK(seL4_TCB_SetSchedParams(tcb, root_tcb, 0, below_priority, threads[i]->sc, 0));
        threads[i]->tcb = tcb;
        threads[i]->start(
            [](Word index) {
                for (;;) counters[index] = counters[index] + 1;
            },
            i);
    }
    static Slot wake;
    wake = make(seL4_NotificationObject);
    ThreadConfig config;
    config.priority = 200;
    config.budget_us = 200;
    config.period_us = 10'000;
    spawn(
        [](Word) {
            for (int i = 0; i < 3; ++i) seL4_Yield();
            seL4_Signal(wake);
        },
        0, config);
    now(wait(wake));
    for (Word volatile& counter : counters) CHECK(counter > 0);
    CHECK_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    Word seen[4];
    for (Word i = 0; i < 4; ++i) seen[i] = counters[i];
    CHECK_OK(seL4_TCB_SetPriority(own_tcb(), root_tcb, 10));
    spin(3000);
    for (Word i = 0; i < 4; ++i) CHECK_EQ(counters[i], seen[i]);
}

Word volatile timer_turns;

void count_turns(Word)
{
    for (;;) {
        timer_turns = timer_turns + 1;
        seL4_Yield();
    }
}

/// Starts a thread above us with a period of 1 ms.
void start_timer()
{
    timer_turns = 0;
    ThreadConfig config;
    config.priority = 200;
    config.budget_us = 100;
    config.period_us = 1000;
    spawn(count_turns, 0, config);
}

/// Whether the timer thread ran inside one long system call. A kernel that is not preemptible lets
/// it run once, behind the call; a second turn is a period later and could be chance, a third is
/// not. Where the call was too short, or the emulator had no CPU to raise the timer, it must be
/// repeated: a call that never lets the thread in ends the case by the watchdog.
template <class Call> bool lets_timer_run(Call const& long_call)
{
    Word const turns = timer_turns;
    long_call();
    return timer_turns - turns >= 3;
}

void a_long_revoke_lets_a_timer_run()
{
    start_timer();
    Slot const ep = make(seL4_EndpointObject), cnode = make(seL4_CapTableObject, 14);
    bool seen = false;
    while (!seen) {
        for (Word i = 0; i < 16'000; ++i)
            REQUIRE_OK(seL4_CNode_Mint(cnode, i, 14, root_cnode, ep, depth, seL4_AllRights, i + 1));
        seen = lets_timer_run([&] { REQUIRE_OK(seL4_CNode_Revoke(root_cnode, ep, depth)); });
        // All are gone, whoever ran meanwhile.
        Slot const out = new_slots();
        for (Word i : {Word{0}, Word{7'777}, Word{15'999}})
            REQUIRE_EQ(seL4_CNode_Move(root_cnode, out, depth, cnode, i, 14), seL4_FailedLookup);
    }
}

void clearing_large_memory_lets_a_timer_run()
{
    start_timer();
    Slot const untyped = make(seL4_UntypedObject, 25), frames = new_slots(16);
    bool seen = false;
    while (!seen) {
        seen = lets_timer_run(
            [&] { REQUIRE_OK(try_make(untyped, seL4_X86_LargePageObject, 0, frames, 16)); });
        REQUIRE_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    }
}

void a_revoke_of_waiting_threads_wakes_nobody_wrongly()
{
    Slot const untyped = make(seL4_UntypedObject, 14), ep = new_slots(), ntfn = new_slots();
    REQUIRE_OK(try_make(untyped, seL4_EndpointObject, 0, ep));
    REQUIRE_OK(try_make(untyped, seL4_NotificationObject, 0, ntfn));
    Operation operations[] = {send(ep), call(ep), wait(ntfn), send(mint(ep, 1))};
    for (Operation& operation : operations) run_operation(operation);
    CHECK_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    // They try again on empty slots: sends are lost, the call is answered, the wait faults.
    CHECK(operations[0].done);
    CHECK_EQ(operations[1].label(), seL4_InvalidCapability);
    CHECK(!operations[2].done);
    CHECK(operations[3].done);
}

constexpr Case cases[] = {
    {"300 badged copies go at once", three_hundred_badged_copies_go},
    {"twenty levels of untypeds go with the top", deep_derivations_go},
    {"a chain of 40 CNodes goes with its contents", nested_cnodes_go_with_their_contents},
    {"CNodes that contain each other go", recursive_cnodes_go},
    {"a CNode that holds its own last capability goes",
     a_cnode_that_holds_its_own_last_capability_goes},
    {"a running thread whose CSpace goes gets a fault", a_running_threads_cspace_goes},
    {"threads inside revoked memory stop", threads_inside_the_revoked_memory_stop},
    {"a timer thread runs during a long revoke", a_long_revoke_lets_a_timer_run},
    {"a timer thread runs while memory is cleared", clearing_large_memory_lets_a_timer_run},
    {"threads that wait on revoked objects make their system call again",
     a_revoke_of_waiting_threads_wakes_nobody_wrongly},
};

} // namespace

Suite const revoke_suite = cases;

} // namespace kt

// The kernel event ring: what is recorded, that a reader knows what it lost, and that the kernel
// lets go of the frame before its memory can become anything else.
// [docs/kernel-api/extensions/event-ring.md]
#include "sys/event_ring.hpp"
#include "suites.hpp"
#include "thread.hpp"

#include <hypercore/extensions.h>

namespace kt {

namespace {

using abi::Event;

constexpr Word ring_address = free_region + 0x4000'0000;

seL4_Error set_ring(Slot frame)
{
    return hypercore_SchedControl_SetEventRing(sched_control(), frame);
}

/// A new frame in the case's untyped, mapped read-only through a second capability.
Slot mapped_frame(Word type = seL4_X86_4K)
{
    Slot const frame = make(type);
    map_tables(root_vspace, ring_address, type == seL4_X86_4K ? seL4_PageBits : seL4_LargePageBits);
    REQUIRE_OK(seL4_X86_Page_Map(copy(frame, rights(2)), root_vspace, ring_address, seL4_CanRead,
                                 seL4_X86_Default_VMAttributes));
    return frame;
}

Word physical_address(Slot frame)
{
    return seL4_X86_Page_GetAddress(frame).paddr;
}

sys::EventReader reader()
{
    sys::EventReader const ring{reinterpret_cast<void const*>(ring_address)};
    REQUIRE(ring.is_ring());
    return ring;
}

/// The next record of that kind and thread (0: any); ends the case when there is none. The watchdog
/// may run at any time, so kinds that it causes need a thread.
abi::EventRecord find(sys::EventReader& ring, Event kind, u32 thread = 0)
{
    abi::EventRecord record{};
    while (ring.next(record))
        if (record.kind == kind && (thread == 0 || record.thread == thread)) return record;
    fail(__FILE_NAME__, __LINE__, "no such event", 0, as_word(kind));
    end_case();
}

/// A helper whose thread and context are named by what the case knows about its memory.
struct Known {
    Thread* thread;
    u32 tcb, sc;
};
Known known_thread(ThreadConfig const& config = {})
{
    // The case's memory is handed out in ascending order.
    Word const here = physical_address(make(seL4_X86_4K)) + 4096;
    Thread& thread = make_thread(config);
    return {&thread, abi::event_object_id(here), abi::event_object_id(here + 2048)};
}

void a_switch_is_recorded()
{
    Known const helper = known_thread();
    Slot const frame = mapped_frame();
    REQUIRE_OK(set_ring(frame));
    helper.thread->start([](Word) {});
    REQUIRE_OK(set_ring(0));
    auto ring = reader();
    CHECK_EQ(ring.capacity(), (4096 - 64) / 32);
    CHECK_EQ(ring.ticks_per_us(), tsc_mhz());

    abi::EventRecord const invocation = find(ring, Event::invocation);
    CHECK_EQ(invocation.value, TCBWriteRegisters);
    u32 const self = invocation.thread;
    abi::EventRecord const wake = find(ring, Event::wake, helper.tcb);
    CHECK_EQ(wake.other, self);
    CHECK_EQ(wake.object, helper.sc);
    abi::EventRecord const there = find(ring, Event::dispatch, helper.tcb);
    CHECK_EQ(there.object, helper.sc);
    CHECK_EQ(there.detail, helper_priority);
    CHECK_EQ(there.level, 0);
    CHECK(there.time > wake.time && wake.time > invocation.time);
    CHECK_EQ(find(ring, Event::syscall, helper.tcb).value, static_cast<u32>(seL4_SysWait));
    abi::EventRecord const block = find(ring, Event::block, helper.tcb);
    CHECK_EQ(block.detail, abi::BlockedOn::notification);
    CHECK(block.object != 0);
    CHECK(find(ring, Event::dispatch, self).time > block.time);
    CHECK_EQ(ring.lost(), 0);

    auto again = reader(); // who ran before is who was dispatched before
    u32 running = self;
    abi::EventRecord record{};
    while (again.next(record)) {
        if (record.kind != Event::dispatch) continue;
        CHECK_EQ(record.other, running);
        running = record.thread;
    }
    CHECK_EQ(running, self);
}

void messages_are_recorded()
{
    Word const ep_at = physical_address(make(seL4_X86_4K)) + 4096;
    Slot const ep = make(seL4_EndpointObject);
    Known const server = known_thread();
    Slot const reply = make(seL4_ReplyObject), frame = mapped_frame();
    static Operation serve[2];
    serve[0] = recv(ep, reply);
    serve[1] = send(reply);
    rerun(*server.thread, serve);
    REQUIRE_OK(set_ring(frame));
    now(call(ep));
    REQUIRE_OK(set_ring(0));
    auto ring = reader();
    abi::EventRecord const called = find(ring, Event::call);
    CHECK_EQ(called.other, server.tcb);
    CHECK_EQ(called.object, abi::event_object_id(ep_at));
    abi::EventRecord const block = find(ring, Event::block, called.thread);
    CHECK_EQ(block.detail, abi::BlockedOn::reply);
    abi::EventRecord const answered = find(ring, Event::reply);
    CHECK_EQ(answered.thread, server.tcb);
    CHECK_EQ(answered.other, called.thread);
    CHECK_EQ(answered.object, block.object);
}

void donations_are_recorded()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    ThreadConfig config;
    Known const server = known_thread(config);
    static Operation serve[1];
    serve[0] = recv(ep, reply);
    rerun(*server.thread, serve);
    REQUIRE_OK(seL4_SchedContext_Unbind(server.thread->sc)); // passive from now on
    Operation question = call(ep);
    Known const client = known_thread();
    Slot const frame = mapped_frame();
    REQUIRE_OK(set_ring(frame));
    rerun(*client.thread, {&question, 1});
    REQUIRE_OK(set_ring(0));
    auto ring = reader();
    abi::EventRecord const given = find(ring, Event::donate);
    CHECK_EQ(given.thread, server.tcb);
    CHECK_EQ(given.other, client.tcb);
    CHECK_EQ(given.object, client.sc);
}

void other_events_are_recorded()
{
    Word const ntfn_at = physical_address(make(seL4_X86_4K)) + 4096;
    Slot const ntfn = make(seL4_NotificationObject), fault_ep = make(seL4_EndpointObject);
    ThreadConfig config;
    config.fault_ep = fault_ep;
    Known const faulter = known_thread(config);
    Slot const frame = mapped_frame();
    REQUIRE_OK(set_ring(frame));
    seL4_Signal(ntfn);
    seL4_Yield();
    faulter.thread->start([](Word) { asm volatile("ud2"); });
    now(nb_recv(fault_ep, make(seL4_ReplyObject)));
    faulter.thread->suspend();
    REQUIRE_OK(set_ring(0));
    auto ring = reader();
    abi::EventRecord const signalled = find(ring, Event::signal);
    CHECK_EQ(signalled.object, abi::event_object_id(ntfn_at));
    u32 const self = signalled.thread;
    abi::EventRecord const given_up = find(ring, Event::yield, self);
    CHECK(given_up.object != 0);
    abi::EventRecord const fault = find(ring, Event::fault);
    CHECK_EQ(fault.thread, faulter.tcb);
    CHECK_EQ(fault.detail, seL4_Fault_UserException);
    CHECK_EQ(find(ring, Event::block, faulter.tcb).detail, abi::BlockedOn::send);
    abi::EventRecord const sent = find(ring, Event::send); // the fault message
    CHECK_EQ(sent.thread, faulter.tcb);
    CHECK_EQ(sent.other, self);
    CHECK_EQ(find(ring, Event::suspend).thread, faulter.tcb);
}

void budgets_are_recorded()
{
    ThreadConfig config;
    config.budget_us = 1'000;
    config.period_us = 4'000;
    Known const worker = known_thread(config);
    Slot const frame = mapped_frame();
    REQUIRE_OK(set_ring(frame));
    worker.thread->start([](Word) {
        for (;;) asm volatile("pause");
    });
    auto ring = reader();
    abi::EventRecord const begin = find(ring, Event::dispatch, worker.tcb);
    // It is the case's turn: the worker's budget is used up.
    abi::EventRecord const end = find(ring, Event::budget_end, worker.tcb);
    CHECK_EQ(end.object, worker.sc);
    CHECK(end.value >= ticks(900));
    CHECK_EQ(find(ring, Event::postpone, worker.tcb).object, worker.sc);
    abi::EventRecord again{};
    while (again.kind != Event::wake || again.thread != worker.tcb) ring.next(again);
    CHECK(again.time - begin.time >= ticks(3'900));
    REQUIRE_OK(set_ring(0));
}

void levels_are_recorded()
{
    ThreadConfig config;
    config.budget_us = config.period_us = 1'000;
    Known const worker = known_thread(config);
    REQUIRE_OK(hypercore_SchedControl_ConfigureFeedback(sched_control(), worker.thread->sc, 1));
    Slot const frame = mapped_frame();
    REQUIRE_OK(set_ring(frame));
    worker.thread->start([](Word) { spin(10'000); }); // alone: it keeps the CPU, and sinks
    REQUIRE_OK(set_ring(0));
    auto ring = reader();
    CHECK_EQ(find(ring, Event::dispatch, worker.tcb).level, 0);
    CHECK_EQ(find(ring, Event::budget_end, worker.tcb).object, worker.sc);
    abi::EventRecord const sunk = find(ring, Event::demote);
    CHECK_EQ(sunk.thread, worker.tcb);
    CHECK_EQ(sunk.object, worker.sc);
    CHECK_EQ(sunk.level, 1);
}

/// Makes `count` events and more, by system calls that do nothing else.
void make_events(Word count)
{
    for (Word i = 0; i < count; ++i) now(nb_wait(never()));
}

void a_full_ring_overwrites_the_oldest()
{
    Slot const frame = mapped_frame();
    REQUIRE_OK(set_ring(frame));
    auto ring = reader();
    make_events(10);
    abi::EventRecord record{};
    Word got = 0;
    while (got < 5 && ring.next(record)) CHECK_EQ(record.sequence, ++got);
    CHECK_EQ(ring.lost(), 0);
    make_events(3 * ring.capacity());
    REQUIRE_OK(set_ring(0));
    Word const written = ring.written();
    CHECK(written > 3 * ring.capacity());
    Word last = 0, time = 0;
    for (got = 5; ring.next(record); ++got) {
        if (last != 0) CHECK_EQ(record.sequence, last + 1);
        CHECK(record.time >= time);
        last = record.sequence;
        time = record.time;
    }
    CHECK_EQ(last, written); // the newest is there
    CHECK_EQ(got + ring.lost(), written);
    CHECK_EQ(ring.lost(), written - ring.capacity() - 5);
}

void a_detached_ring_is_left_alone()
{
    Slot const frame = mapped_frame();
    REQUIRE_OK(set_ring(frame));
    make_events(50);
    REQUIRE_OK(set_ring(0));
    Word const written = reader().written();
    CHECK(written >= 50);
    make_events(200);
    CHECK_EQ(reader().written(), written);
    REQUIRE_OK(set_ring(0)); // again: nothing to do
    REQUIRE_OK(set_ring(frame));
    auto ring = reader();
    CHECK(ring.written() < 50); // anew
    REQUIRE_OK(set_ring(0));
}

void frames_of_2m_hold_more()
{
    Slot const frame = mapped_frame(seL4_X86_LargePageObject);
    REQUIRE_OK(set_ring(frame));
    auto ring = reader();
    CHECK_EQ(ring.capacity(), (0x20'0000 - 64) / 32);
    make_events(200);
    REQUIRE_OK(set_ring(0));
    abi::EventRecord record{};
    Word got = 0;
    while (ring.next(record)) ++got;
    CHECK(got >= 200);
    CHECK_EQ(ring.lost(), 0);
}

void the_frame_is_checked()
{
    Slot const frame = make(seL4_X86_4K), second = make(seL4_X86_4K), page = new_slots();
    CHECK_ERROR(set_ring(make(seL4_EndpointObject)), seL4_InvalidCapability, 1);
    CHECK_ERROR(set_ring(make(seL4_X86_PageTableObject)), seL4_InvalidCapability, 1);
    CHECK_ERROR(set_ring(copy(frame, rights(2))), seL4_InvalidCapability, 1);
    CHECK_ERROR(set_ring(copy(frame, rights(0))), seL4_InvalidCapability, 1);
    Slot const device = device_untyped(12);
    REQUIRE(device != 0);
    REQUIRE_OK(try_make(device, seL4_X86_4K, 0, page));
    CHECK_ERROR(set_ring(page), seL4_InvalidCapability, 1);
    // One at a time; what is wrong with the frame comes first.
    REQUIRE_OK(set_ring(frame));
    CHECK_ERROR(set_ring(second), seL4_DeleteFirst);
    CHECK_ERROR(set_ring(frame), seL4_DeleteFirst);
    CHECK_ERROR(set_ring(page), seL4_InvalidCapability, 1);
    REQUIRE_OK(set_ring(0));
    REQUIRE_OK(set_ring(second));
    REQUIRE_OK(set_ring(0));
    // The right is SchedControl's alone.
    Slot const others[] = {own_sc(), own_tcb(), frame};
    for (Slot other : others)
        CHECK_EQ(hypercore_SchedControl_SetEventRing(other, frame), seL4_IllegalOperation);
}

void revoking_the_frame_detaches()
{
    Slot const frame = make(seL4_X86_4K), next = make(seL4_X86_4K);
    REQUIRE_OK(set_ring(frame));
    REQUIRE_OK(seL4_CNode_Revoke(root_cnode, frame, depth));
    REQUIRE_OK(set_ring(next)); // not DeleteFirst
    REQUIRE_OK(seL4_CNode_Revoke(root_cnode, next, depth));
    REQUIRE_OK(set_ring(0));
}

void deleting_the_frame_does_not_free_it()
{
    Slot const pool = make(seL4_UntypedObject, 13), frame = new_slots();
    REQUIRE_OK(try_make(pool, seL4_X86_4K, 0, frame));
    REQUIRE_OK(set_ring(frame));
    remove(frame); // the kernel's own capability is left
    CHECK_ERROR(set_ring(make(seL4_X86_4K)), seL4_DeleteFirst);
    Slot const objects = new_slots(2);
    CHECK_EQ(try_make(pool, seL4_X86_4K, 0, objects, 2), seL4_NotEnoughMemory);
    make_events(200);
    // Memory comes back by revoking, and nobody writes there any more.
    REQUIRE_OK(seL4_CNode_Revoke(root_cnode, pool, depth));
    REQUIRE_OK(try_make(pool, seL4_X86_4K, 0, objects, 2));
    make_events(200);
    map_tables(root_vspace, ring_address);
    REQUIRE_OK(seL4_X86_Page_Map(objects, root_vspace, ring_address, seL4_AllRights,
                                 seL4_X86_Default_VMAttributes));
    auto const* const words = reinterpret_cast<Word const volatile*>(ring_address);
    Word changed = 0;
    for (Word i = 0; i < 512; ++i) changed |= words[i];
    CHECK_EQ(changed, 0);
}

void unmapping_hides_nothing_from_the_kernel()
{
    // The ring is in the frame, not in a mapping of it.
    Slot const frame = make(seL4_X86_4K);
    map_tables(root_vspace, ring_address);
    REQUIRE_OK(set_ring(frame));
    make_events(5);
    REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, ring_address, seL4_AllRights,
                                 seL4_X86_Default_VMAttributes));
    Word const before = reader().written();
    REQUIRE_OK(seL4_X86_Page_Unmap(frame));
    make_events(5);
    REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, ring_address, seL4_AllRights,
                                 seL4_X86_Default_VMAttributes));
    CHECK(reader().written() >= before + 5);
    // What a tracer with write access does to the ring hurts the readers alone.
    auto* const words = reinterpret_cast<Word volatile*>(ring_address);
    for (Word i = 0; i < 512; ++i) words[i] = ~Word{0};
    make_events(300);
    REQUIRE_OK(set_ring(0));
    CHECK(words[3] > 300 && words[3] < 10'000); // `written`, known to the kernel alone
}

constexpr Case cases[] = {
    {"a wake-up, a switch and a wait are recorded", a_switch_is_recorded},
    {"call and reply are recorded with both threads", messages_are_recorded},
    {"the donation of a scheduling context is recorded", donations_are_recorded},
    {"signal, yield, fault and suspend are recorded", other_events_are_recorded},
    {"the end of a budget and the next refill are recorded", budgets_are_recorded},
    {"levels of the feedback class are recorded", levels_are_recorded},
    {"a full ring overwrites the oldest, and a reader counts what it lost",
     a_full_ring_overwrites_the_oldest},
    {"a detached ring is left alone, an attached one starts anew", a_detached_ring_is_left_alone},
    {"a ring may be a frame of 2 MiB", frames_of_2m_hold_more},
    {"the ring's frame is checked, and there is one at a time", the_frame_is_checked},
    {"revoking the frame detaches the ring", revoking_the_frame_detaches},
    {"deleting the frame does not free its memory, revoking the untyped does",
     deleting_the_frame_does_not_free_it},
    {"mappings and contents of the ring's frame do not matter to the kernel",
     unmapping_hides_nothing_from_the_kernel},
};

} // namespace

Suite const event_ring_suite = cases;

} // namespace kt

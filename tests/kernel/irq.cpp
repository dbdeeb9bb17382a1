// Interrupts: handlers of I/O APIC lines and of MSIs, bound to notifications, acknowledged,
// cleared. Devices: the PIT on its line, the HPET by MSI. [seL4 manual, "Hardware I/O"; 8254 data
// sheet; IA-PC HPET specification 1.0a, "Register Model Overview"]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

constexpr Word pit_pin = 2; // the MADT of every PC moves interrupt 0 there

Word get_ioapic(Slot slot, Word ioapic, Word pin, Word level, Word polarity, Word vector)
{
    return seL4_IRQControl_GetIOAPIC(seL4_CapIRQControl, root_cnode, slot, depth, ioapic, pin,
                                     level, polarity, vector);
}
Word get_msi(Slot slot, Word vector)
{
    return seL4_IRQControl_GetMSI(seL4_CapIRQControl, root_cnode, slot, depth, 0, 0, 0, 0, vector);
}

/// Whether the badge is set within so many rounds of 1 ms.
Word wait_for_signal(Slot ntfn, Word milliseconds)
{
    for (Word i = 0; i < milliseconds; ++i) {
        if (Word const badge = now(nb_wait(ntfn)).badge) return badge;
        spin(1000);
    }
    return 0;
}

/// The PIT's channel 0 in periodic mode; stopped again by stop().
struct Pit {
    Slot ports = new_slots(), handler = new_slots(), ntfn = make(seL4_NotificationObject);

    Pit()
    {
        REQUIRE_OK(seL4_X86_IOPortControl_Issue(seL4_CapIOPortControl, 0x40, 0x43, root_cnode,
                                                ports, depth));
        REQUIRE_OK(get_ioapic(handler, 0, pit_pin, 0, 0, 2));
        REQUIRE_OK(seL4_IRQHandler_SetNotification(handler, mint(ntfn, 0x7)));
    }
    void start() const // every 2 ms
    {
        constexpr Word divisor = 1'193'182 / 500;
        seL4_X86_IOPort_Out8(ports, 0x43, 0x34);
        seL4_X86_IOPort_Out8(ports, 0x40, divisor & 0xff);
        seL4_X86_IOPort_Out8(ports, 0x40, divisor >> 8);
    }
    void stop() const { seL4_X86_IOPort_Out8(ports, 0x43, 0x30); } // waits for a count
};

void a_timer_line_signals_again_after_ack()
{
    Pit const pit;
    pit.start();
    CHECK_OK(seL4_IRQHandler_Ack(pit.handler));
    for (int i = 0; i < 3; ++i) {
        CHECK_EQ(wait_for_signal(pit.ntfn, 500), 7);
        // Masked until the acknowledgement: no second signal, however long we wait.
        CHECK_EQ(wait_for_signal(pit.ntfn, 10), 0);
        CHECK_OK(seL4_IRQHandler_Ack(pit.handler));
    }
    pit.stop();
}

void an_interrupt_wakes_a_waiting_thread()
{
    Pit const pit;
    Operation waiting = wait(pit.ntfn);
    ThreadConfig config;
    config.priority = 200;
    run_operation(waiting, config);
    pit.start();
    CHECK_OK(seL4_IRQHandler_Ack(pit.handler));
    for (int i = 0; i < 500 && !waiting.done; ++i) spin(1000);
    CHECK(waiting.done);
    CHECK_EQ(waiting.badge, 7);
    pit.stop();
}

void a_cleared_handler_signals_nobody()
{
    Pit const pit;
    pit.start();
    CHECK_OK(seL4_IRQHandler_Ack(pit.handler));
    CHECK_EQ(wait_for_signal(pit.ntfn, 500), 7);
    CHECK_OK(seL4_IRQHandler_Clear(pit.handler));
    CHECK_OK(seL4_IRQHandler_Clear(pit.handler)); // again: fine
    CHECK_OK(seL4_IRQHandler_Ack(pit.handler));
    CHECK_EQ(wait_for_signal(pit.ntfn, 10), 0);
    // With a notification again it goes on.
    CHECK_OK(seL4_IRQHandler_SetNotification(pit.handler, mint(pit.ntfn, 9)));
    seL4_IRQHandler_Ack(pit.handler);
    CHECK_EQ(wait_for_signal(pit.ntfn, 500), 9);
    pit.stop();
}

void deleting_handler_or_notification_is_safe()
{
    {
        Pit const pit;
        pit.start();
        CHECK_OK(seL4_IRQHandler_Ack(pit.handler));
        CHECK_EQ(wait_for_signal(pit.ntfn, 500), 7);
        CHECK_OK(seL4_CNode_Revoke(root_cnode, pit.ntfn, depth));
        remove(pit.ntfn);
        CHECK_OK(seL4_IRQHandler_Ack(pit.handler));
        spin(10'000); // interrupts arrive and find nobody
        remove(pit.handler);
        spin(10'000);
        pit.stop();
        remove(pit.ports);
    }
    Slot const handler = new_slots();
    CHECK_OK(get_ioapic(handler, 0, pit_pin, 0, 0, 2)); // the vector is free again
}

void vectors_are_given_once()
{
    Slot const one = new_slots(), two = new_slots();
    CHECK_OK(get_msi(one, 50));
    CHECK_EQ(get_msi(two, 50), seL4_RevokeFirst);
    CHECK_EQ(get_ioapic(two, 0, 20, 0, 0, 50), seL4_RevokeFirst);
    remove(one);
    CHECK_OK(get_msi(two, 50));
    CHECK_EQ(get_msi(root_tcb, 51), seL4_DeleteFirst);
    CHECK_ERROR(get_msi(new_slots(), 108), seL4_RangeError, 0, 107);
    CHECK_EQ(seL4_IRQControl_Get(seL4_CapIRQControl, 4, root_cnode, new_slots(), depth),
             seL4_IllegalOperation);
}

void handlers_take_notifications_only()
{
    Slot const handler = new_slots();
    REQUIRE_OK(get_msi(handler, 52));
    Slot const ntfn = make(seL4_NotificationObject);
    CHECK_ERROR(seL4_IRQHandler_SetNotification(handler, make(seL4_EndpointObject)),
                seL4_InvalidCapability, 1);
    CHECK_ERROR(seL4_IRQHandler_SetNotification(handler, copy(ntfn, rights(2))),
                seL4_InvalidCapability, 1);
    CHECK_OK(seL4_IRQHandler_SetNotification(handler, copy(ntfn, rights(1))));
    CHECK_OK(seL4_IRQHandler_Ack(handler));                         // nothing came: nothing happens
    CHECK_OK(seL4_IRQHandler_SetNotification(copy(handler), ntfn)); // a copy is as good
}

u64 volatile& hpet(Word offset)
{
    return *reinterpret_cast<u64 volatile*>(free_region + offset);
}

/// Maps the page of the HPET's registers.
bool map_hpet()
{
    Word base, bits;
    Slot const device = device_untyped_at(0xfed0'0000, &base, &bits);
    if (device == 0) return false;
    // Frames are handed out from the start: skip what lies before, in the largest pieces.
    Word at = base;
    while (at < 0xfed0'0000) {
        Word piece = 12;
        while (piece < 46 && (at & (Word{1} << piece)) == 0 &&
               at + (Word{2} << piece) <= 0xfed0'0000)
            ++piece;
        REQUIRE_OK(try_make(device, seL4_UntypedObject, piece, new_slots()));
        at += Word{1} << piece;
    }
    Slot const frame = new_slots();
    REQUIRE_OK(try_make(device, seL4_X86_4K, 0, frame));
    CHECK_EQ(seL4_X86_Page_GetAddress(frame).paddr, 0xfed0'0000);
    map_tables(root_vspace, free_region);
    REQUIRE_OK(
        seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, seL4_X86_CacheDisabled));
    return true;
}

void an_msi_of_the_hpet_arrives()
{
    if (!map_hpet()) skip("no HPET");
    constexpr Word configuration = 0x10, counter = 0xf0;
    constexpr Word timer = 0x100, comparator = 0x108, route = 0x110;
    if ((hpet(timer) >> 15 & 1) == 0) skip("this HPET sends no MSI (QEMU: hpet.msi=on)");
    constexpr Word vector = 40;
    Slot const handler = new_slots(), ntfn = make(seL4_NotificationObject);
    REQUIRE_OK(get_msi(handler, vector));
    REQUIRE_OK(seL4_IRQHandler_SetNotification(handler, mint(ntfn, 0x21)));
    hpet(configuration) = 0;
    hpet(timer) = 0;
    // Address 0xfee00000: to the first CPU; data: the CPU's vector, edge triggered.
    hpet(route) = Word{0xfee0'0000} << 32 | (vector + 0x30);
    for (int i = 0; i < 3; ++i) {
        hpet(configuration) = 0;
        hpet(counter) = 0;
        hpet(comparator) = 100'000;     // 1 ms at 100 MHz
        hpet(timer) = 1 << 14 | 1 << 2; // MSI, enabled, once
        hpet(configuration) = 1;
        CHECK_EQ(wait_for_signal(ntfn, 500), 0x21);
        CHECK_OK(seL4_IRQHandler_Ack(handler));
    }
    hpet(timer) = 0;
    hpet(configuration) = 0;
}

constexpr Case cases[] = {
    {"a timer's line signals once, and again after each Ack", a_timer_line_signals_again_after_ack},
    {"an interrupt wakes the thread that waits for it", an_interrupt_wakes_a_waiting_thread},
    {"a cleared handler signals nobody", a_cleared_handler_signals_nobody},
    {"handler and notification may go while interrupts arrive",
     deleting_handler_or_notification_is_safe},
    {"a vector has one handler", vectors_are_given_once},
    {"a handler takes notifications with Write only", handlers_take_notifications_only},
    {"an MSI of the HPET arrives as a signal", an_msi_of_the_hpet_arrives},
};

} // namespace

Suite const irq_suite = cases;

} // namespace kt

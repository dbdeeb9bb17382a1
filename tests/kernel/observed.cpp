// seL4's recorded answers to generic invocations, interrupts, scheduling contexts and domains.
// Objects: observed_objects.cpp; faults: observed_faults.cpp; set-up: observed.hpp.
#include "observed.hpp"

#include "suites.hpp"

namespace kt {

namespace observed {

void compare(Answer const& expected, Word error)
{
    bool good = error == expected.error;
    if (error != seL4_NoError)
        for (int i = 0; i < 4; ++i) good = good && seL4_GetMR(i) == expected.mr[i];
    if (good) return;
    print("# ", expected.call, "\n#   = ", error, " MR");
    for (int i = 0; i < 4; ++i) print(" ", Hex{seL4_GetMR(i)});
    print(", seL4: ", expected.error, " MR");
    for (Word word : expected.mr) print(" ", Hex{word});
    print("\n");
    CHECK(good);
}

} // namespace observed

namespace {

constexpr Slot CN = root_cnode, IRQC = seL4_CapIRQControl;

void interrupts()
{
    Slot slot = new_slots(4);
    ROW(seL4_IRQControl_GetMSI(IRQC, CN, slot, 64, 0, 0, 0, 0, 1000), 4, 0, 0x6b, 0, 0);
    ROW(seL4_IRQControl_GetMSI(IRQC, CN, slot, 64, 0, 0, 0, 0, 107), 0);
    ++slot;
    ROW(seL4_IRQControl_GetMSI(IRQC, CN, slot, 64, 0, 0, 0, 0, 108), 4, 0, 0x6b, 0, 0);
    ROW(seL4_IRQControl_GetMSI(IRQC, CN, slot, 64, 0, 0, 0, 0, 109), 4, 0, 0x6b, 0, 0);
    ROW(seL4_IRQControl_GetMSI(IRQC, CN, slot, 64, 0, 0, 0, 0, 0), 0);
    ++slot;
    ROW(seL4_IRQControl_GetMSI(IRQC, CN, slot, 64, 0, 32, 0, 0, 1), 4, 0, 0x1f, 0, 0x20);
    ROW(seL4_IRQControl_GetIOAPIC(IRQC, CN, slot, 64, 1, 2, 0, 0, 5), 4, 0, 0, 1, 2);
    ROW(seL4_IRQControl_GetIOAPIC(IRQC, CN, slot, 64, 0, 200, 0, 0, 5), 4, 0, 0x17, 0, 0xc8);
    ROW(seL4_IRQControl_GetIOAPIC(IRQC, CN, slot, 64, 0, 2, 0, 0, 200), 4, 0, 0x6b, 0, 2);
    ROW(seL4_IRQControl_GetIOAPIC(IRQC, CN, slot, 64, 0, 2, 5, 0, 5), 4, 0, 1, 0, 2);
    ROW(seL4_IRQControl_Get(IRQC, 4, CN, slot, 64), 3, 4, slot, 0x40, 0);
    ROW(seL4_IRQControl_Get(IRQC, 400, CN, slot, 64), 3, 0x190, slot, 0x40, 0);
}

/// A raw call: label, length and first word of the answer.
void raw(char const* what, Operation const& answer, Word label, Word length, Word mr0 = 0)
{
    bool const good = answer.label() == label && answer.length() == length &&
                      answer.extra_caps() == 0 && (length == 0 || answer.out[0] == mr0);
    if (good) return;
    print("# ", what, ": label ", answer.label(), " length ", answer.length(), " MR0 ",
          Hex{answer.out[0]}, ", seL4: ", label, " ", length, " ", Hex{mr0}, "\n");
    CHECK(good);
}

void generic_invocations()
{
    Slot const tcb = make_thread().tcb, untyped = make(seL4_UntypedObject, 12);
    raw("label 999 on TCB", invoke(tcb, 999, {}), 3, 0);
    raw("label 999 on CNode", invoke(CN, 999, {}), 3, 0);
    raw("label 999 on untyped", invoke(untyped, 999, {}), 3, 0);
    raw("label 63 SetEPTRoot on TCB", invoke(tcb, 63, {}), 3, 0);
    raw("label 999 on SchedControl", invoke(sched_control(), 999, {}), 3, 0);
    raw("Configure, length 0", invoke(tcb, TCBConfigure, {}), 7, 0);
    raw("Retype, length 0", invoke(untyped, UntypedRetype, {}), 7, 0);
    raw("SetPriority without capability", invoke(tcb, TCBSetPriority, {1}), 7, 0);
    raw("Call of the null slot", invoke(0, 1, {}), 2, 1, 0);
    raw("Call of a PML4, label 1", invoke(root_vspace, 1, {}), 3, 0);
    raw("Call of the empty IOSpace slot", invoke(seL4_CapIOSpace, 1, {}), 2, 1, 0);
    Slot const T0 = own_tcb();
    ROW(seL4_TCB_SetPriority(T0, T0, 256), 4, 0, 0xff, 0, 0);
    ROW(seL4_TCB_SetMCPriority(T0, T0, 256), 4, 0, 0xff, 0, 0);
    ROW(seL4_TCB_SetPriority(T0, CN, 1), 2, 1, 0, 0, 0);
}

Word configure(Slot sc, Word budget, Word period, Word extra, Word badge, Word flags)
{
    return seL4_SchedControl_ConfigureFlags(sched_control(), sc, budget, period, extra, badge,
                                            flags);
}

void scheduling_contexts()
{
    Slot const sc = make(seL4_SchedContextObject, 8), ntfn = make(seL4_NotificationObject);
    CHECK_EQ(configure(sc, 1, 10000, 0, 0, 0), seL4_RangeError);
    Word const most = seL4_GetMR(1); // depends on the TSC's frequency
    CHECK(most > Word{1} << 40);
    ROW(configure(sc, 1, 10000, 0, 0, 0), 4, 0x14, most, 0, 0);
    ROW(configure(sc, 0, 0, 0, 0, 0), 4, 0x14, most, 0, 0);
    ROW(configure(sc, 10, 10, 0, 0, 0), 4, 0x14, most, 0, 0);
    ROW(configure(sc, 1000, 1, 0, 0, 0), 4, 0x14, most, 0, 0);
    ROW(configure(sc, ~Word{0}, ~Word{0}, 0, 0, 0), 4, 0x14, most, 0, 0);
    ROW(configure(sc, 2000, 1000, 0, 0, 0), 4, 0x14, 0x3e8, 0, 0);
    ROW(configure(sc, 19, 10000, 0, 0, 0), 4, 0x14, most, 0, 0);
    ROW(configure(sc, 20, 20, 0, 0, 0), 0);
    ROW(configure(sc, 1000, 1000, 99, 0, 0), 4, 0, 8, 0x63, 0);
    ROW(configure(sc, 1000, 10000, 9, 0, 0), 4, 0, 8, 9, 0);
    ROW(configure(sc, 1000, 10000, 8, 0, 0), 0);
    ROW(configure(sc, 1000, 10000, 0, 0x55, 0xff), 0);
    ROW(configure(ntfn, 1000, 10000, 0, 0x55, 0), 2, 1, 0x2710, 0, 0x55);
    auto const consumed = seL4_SchedContext_Consumed(sc);
    CHECK_EQ(consumed.error, 0);
    CHECK_EQ(consumed.consumed, 0);
    CHECK_EQ(seL4_SchedContext_YieldTo(sc).error, 3);
    CHECK_EQ(seL4_SchedContext_YieldTo(own_sc()).error, 3);
    Slot const T0 = own_tcb();
    CHECK_EQ(seL4_SchedContext_Unbind(own_sc()), 3);
    ROW(seL4_SchedContext_Bind(sc, CN), 2, 1, 0, 0, 0);
    ROW(seL4_SchedContext_UnbindObject(sc, T0), 3, 0, 0, 0, 0);
    ROW(seL4_SchedContext_Bind(sc, T0), 3, 0, 0, 0, 0);
    auto const flags = seL4_TCB_SetFlags(make_thread().tcb, 0, ~Word{0});
    CHECK_EQ(flags.error, 0);
    CHECK_EQ(flags.flags, 1);
}

void domains()
{
    ROW(seL4_DomainSet_Set(seL4_CapDomain, 1, own_tcb()), 1, 0, 0, 0, 0);
    // The words that a refusal does not name are arguments, as everywhere.
    CHECK_ERROR(seL4_DomainSet_ScheduleConfigure(seL4_CapDomain, 0, 0, 0), 1, 2, 0, 0);
    CHECK_ERROR(seL4_DomainSet_ScheduleConfigure(seL4_CapDomain, 2, 0, 0), 4, 0);
    CHECK_ERROR(seL4_DomainSet_ScheduleSetStart(seL4_CapDomain, 1), 1, 0);
}

} // namespace

namespace observed {
void retype();
void mappings();
void cnodes();
void threads_and_ports();
void faults();
} // namespace observed

namespace {

constexpr Case cases[] = {
    {"recorded answers: interrupt control", interrupts},
    {"recorded answers: Retype", observed::retype},
    {"recorded answers: labels, lengths, empty slots, priorities", generic_invocations},
    {"recorded answers: scheduling contexts", scheduling_contexts},
    {"recorded answers: domains", domains},
    {"recorded answers: mappings and ASIDs", observed::mappings},
    {"recorded answers: CNodes", observed::cnodes},
    {"recorded answers: threads and I/O ports", observed::threads_and_ports},
    {"recorded answers: fault messages", observed::faults},
};

} // namespace

Suite const observed_suite = cases;

} // namespace kt

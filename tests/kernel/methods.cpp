// Rules that hold for every method alike, over a table of all methods: a label on the wrong type of
// object, an unknown label, missing message registers, missing capabilities, capabilities of the
// wrong type. The arguments of a row are good, so that only what is taken away is refused.
#include "abi/extensions.hpp"
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

/// Stand-ins for capabilities that are made when the case runs.
enum Stand : Word {
    untyped_ = 1,
    tcb_,
    endpoint_,
    notification_,
    cnode_,
    sc_,
    reply_,
    pdpt_,
    pd_,
    pt_,
    frame_,
    pool_,
    pml4_,
    io_port_,
    irq_,
    stand_count
};
/// A word that stands for an empty slot's number.
constexpr Word free_slot = ~Word{0};
/// A slot of the boot information instead of a stand-in.
constexpr Word boot(Word slot)
{
    return slot + 100;
}

struct Method {
    char const* name;
    Word label;
    Word cap; ///< Stand or boot()
    Word word_count;
    Word words[8];
    Word cap_count;
    Word caps[3];
};

constexpr Word ok_mapping[] = {0x200'0000'0000, 0};
constexpr Word cnode_cap = boot(root_cnode), vspace_cap = boot(root_vspace);

// Columns: label, object, message registers, capabilities. From facts of the interface XML.
constexpr Method methods[] = {
    {"Untyped.Retype", UntypedRetype, untyped_, 6, {2, 0, 0, 0, free_slot, 1}, 1, {cnode_cap}},
    {"TCB.ReadRegisters", TCBReadRegisters, tcb_, 2, {0, 20}, 0, {}},
    {"TCB.WriteRegisters", TCBWriteRegisters, tcb_, 4, {0, 2, 0, 0}, 0, {}},
    {"TCB.CopyRegisters", TCBCopyRegisters, tcb_, 1, {0}, 1, {tcb_}},
    {"TCB.Configure", TCBConfigure, tcb_, 3, {0, 0, 0}, 3, {cnode_cap, vspace_cap, frame_}},
    {"TCB.SetPriority", TCBSetPriority, tcb_, 1, {1}, 1, {tcb_}},
    {"TCB.SetMCPriority", TCBSetMCPriority, tcb_, 1, {1}, 1, {tcb_}},
    {"TCB.SetSchedParams", TCBSetSchedParams, tcb_, 2, {1, 1}, 3, {boot(root_tcb), sc_, endpoint_}},
    {"TCB.SetTimeoutEndpoint", TCBSetTimeoutEndpoint, tcb_, 0, {}, 1, {endpoint_}},
    {"TCB.SetIPCBuffer", TCBSetIPCBuffer, tcb_, 1, {0}, 1, {frame_}},
    {"TCB.SetSpace", TCBSetSpace, tcb_, 2, {0, 0}, 3, {endpoint_, cnode_cap, vspace_cap}},
    {"TCB.Suspend", TCBSuspend, tcb_, 0, {}, 0, {}},
    {"TCB.Resume", TCBResume, tcb_, 0, {}, 0, {}},
    {"TCB.BindNotification", TCBBindNotification, tcb_, 0, {}, 1, {notification_}},
    {"TCB.UnbindNotification", TCBUnbindNotification, tcb_, 0, {}, 0, {}},
    {"TCB.SetTLSBase", TCBSetTLSBase, tcb_, 1, {0}, 0, {}},
    {"TCB.SetFlags", TCBSetFlags, tcb_, 2, {0, 0}, 0, {}},
    {"CNode.Revoke", CNodeRevoke, cnode_cap, 2, {free_slot, 64}, 0, {}},
    {"CNode.Delete", CNodeDelete, cnode_cap, 2, {free_slot, 64}, 0, {}},
    {"CNode.CancelBadgedSends", CNodeCancelBadgedSends, cnode_cap, 2, {root_cnode, 64}, 0, {}},
    {"CNode.Copy", CNodeCopy, cnode_cap, 5, {free_slot, 64, root_tcb, 64, 15}, 1, {cnode_cap}},
    {"CNode.Mint", CNodeMint, cnode_cap, 6, {free_slot, 64, root_tcb, 64, 15, 0}, 1, {cnode_cap}},
    {"CNode.Move", CNodeMove, cnode_cap, 4, {free_slot, 64, root_tcb, 64}, 1, {cnode_cap}},
    {"CNode.Mutate", CNodeMutate, cnode_cap, 5, {free_slot, 64, root_tcb, 64, 0}, 1, {cnode_cap}},
    {"CNode.Rotate",
     CNodeRotate,
     cnode_cap,
     8,
     {free_slot, 64, 0, root_cnode, 64, 0, root_tcb, 64},
     2,
     {cnode_cap, cnode_cap}},
    {"IRQControl.GetIOAPIC",
     X86IRQIssueIRQHandlerIOAPIC,
     boot(seL4_CapIRQControl),
     7,
     {free_slot, 64, 0, 20, 0, 0, 20},
     1,
     {cnode_cap}},
    {"IRQControl.GetMSI",
     X86IRQIssueIRQHandlerMSI,
     boot(seL4_CapIRQControl),
     7,
     {free_slot, 64, 0, 0, 0, 0, 20},
     1,
     {cnode_cap}},
    {"IRQHandler.Ack", IRQAckIRQ, irq_, 0, {}, 0, {}},
    {"IRQHandler.SetNotification", IRQSetIRQHandler, irq_, 0, {}, 1, {notification_}},
    {"IRQHandler.Clear", IRQClearIRQHandler, irq_, 0, {}, 0, {}},
    {"DomainSet.Set", DomainSetSet, boot(seL4_CapDomain), 1, {0}, 1, {tcb_}},
    {"DomainSet.ScheduleConfigure",
     DomainScheduleConfigure,
     boot(seL4_CapDomain),
     3,
     {0, 0, 1},
     0,
     {}},
    {"DomainSet.ScheduleSetStart", DomainScheduleSetStart, boot(seL4_CapDomain), 1, {0}, 0, {}},
    {"SchedControl.ConfigureFlags",
     SchedControlConfigureFlags,
     boot(seL4_NumInitialCaps),
     5,
     {1000, 1000, 0, 0, 0},
     1,
     {sc_}},
    {"SchedControl.ConfigureFeedback",
     static_cast<Word>(abi::sched_control_configure_feedback),
     boot(seL4_NumInitialCaps),
     1,
     {0},
     1,
     {sc_}},
    {"SchedContext.Bind", SchedContextBind, sc_, 0, {}, 1, {tcb_}},
    {"SchedContext.Unbind", SchedContextUnbind, sc_, 0, {}, 0, {}},
    {"SchedContext.UnbindObject", SchedContextUnbindObject, sc_, 0, {}, 1, {tcb_}},
    {"SchedContext.Consumed", SchedContextConsumed, sc_, 0, {}, 0, {}},
    {"SchedContext.YieldTo", SchedContextYieldTo, sc_, 0, {}, 0, {}},
    {"PDPT.Map", X86PDPTMap, pdpt_, 2, {ok_mapping[0], 0}, 1, {vspace_cap}},
    {"PDPT.Unmap", X86PDPTUnmap, pdpt_, 0, {}, 0, {}},
    {"PageDirectory.Map", X86PageDirectoryMap, pd_, 2, {ok_mapping[0], 0}, 1, {vspace_cap}},
    {"PageDirectory.Unmap", X86PageDirectoryUnmap, pd_, 0, {}, 0, {}},
    {"PageTable.Map", X86PageTableMap, pt_, 2, {ok_mapping[0], 0}, 1, {vspace_cap}},
    {"PageTable.Unmap", X86PageTableUnmap, pt_, 0, {}, 0, {}},
    {"Page.Map", X86PageMap, frame_, 3, {ok_mapping[0], 3, 0}, 1, {vspace_cap}},
    {"Page.MapExecuteNever",
     static_cast<Word>(abi::page_map_execute_never),
     frame_,
     3,
     {ok_mapping[0], 3, 0},
     1,
     {vspace_cap}},
    {"Page.Unmap", X86PageUnmap, frame_, 0, {}, 0, {}},
    {"Page.GetAddress", X86PageGetAddress, frame_, 0, {}, 0, {}},
    {"ASIDControl.MakePool",
     X86ASIDControlMakePool,
     boot(seL4_CapASIDControl),
     2,
     {free_slot, 64},
     2,
     {untyped_, cnode_cap}},
    {"ASIDPool.Assign", X86ASIDPoolAssign, pool_, 0, {}, 1, {pml4_}},
    {"IOPortControl.Issue",
     X86IOPortControlIssue,
     boot(seL4_CapIOPortControl),
     4,
     {0x9000, 0x9000, free_slot, 64},
     1,
     {cnode_cap}},
    {"IOPort.In8", X86IOPortIn8, io_port_, 1, {0x80}, 0, {}},
    {"IOPort.In16", X86IOPortIn16, io_port_, 1, {0x80}, 0, {}},
    {"IOPort.In32", X86IOPortIn32, io_port_, 1, {0x80}, 0, {}},
    {"IOPort.Out8", X86IOPortOut8, io_port_, 2, {0x80, 0}, 0, {}},
    {"IOPort.Out16", X86IOPortOut16, io_port_, 2, {0x80, 0}, 0, {}},
    {"IOPort.Out32", X86IOPortOut32, io_port_, 2, {0x80, 0}, 0, {}},
};

/// Labels of objects that this kernel does not have: VT-x and IOMMU.
constexpr Word absent_labels[] = {
    X86IOPageTableMap,   X86IOPageTableUnmap,  X86PageMapIO,          X86PageMapEPT,
    TCBSetEPTRoot,       X86VCPUSetTCB,        X86VCPUReadVMCS,       X86VCPUWriteVMCS,
    X86VCPUEnableIOPort, X86VCPUDisableIOPort, X86VCPUWriteRegisters, X86EPTPDPTMap,
    X86EPTPDPTUnmap,     X86EPTPDMap,          X86EPTPDUnmap,         X86EPTPTMap,
    X86EPTPTUnmap,
};

Slot stands[stand_count];
Slot spare;

void make_stands()
{
    stands[untyped_] = make(seL4_UntypedObject, 12);
    stands[tcb_] = make(seL4_TCBObject);
    stands[endpoint_] = make(seL4_EndpointObject);
    stands[notification_] = make(seL4_NotificationObject);
    stands[cnode_] = make(seL4_CapTableObject, 4);
    stands[sc_] = make(seL4_SchedContextObject, seL4_MinSchedContextBits);
    stands[reply_] = make(seL4_ReplyObject);
    stands[pdpt_] = make(seL4_X86_PDPTObject);
    stands[pd_] = make(seL4_X86_PageDirectoryObject);
    stands[pt_] = make(seL4_X86_PageTableObject);
    stands[frame_] = make(seL4_X86_4K);
    stands[pool_] = seL4_CapInitThreadASIDPool;
    stands[pml4_] = make(seL4_X64_PML4Object);
    stands[io_port_] = new_slots();
    REQUIRE_OK(seL4_X86_IOPortControl_Issue(seL4_CapIOPortControl, 0x80, 0x83, root_cnode,
                                            stands[io_port_], depth));
    stands[irq_] = new_slots();
    REQUIRE_OK(seL4_IRQControl_GetMSI(seL4_CapIRQControl, root_cnode, stands[irq_], depth, 0, 0, 0,
                                      0, 100));
    spare = new_slots();
}

Slot resolve(Word cap)
{
    return cap >= 100 ? cap - 100 : stands[cap];
}

/// Carries out the method with the first so many words and capabilities of its row.
Operation invoke_row(Method const& method, Slot cap, Word words, Word caps)
{
    Word values[8];
    for (Word i = 0; i < 8; ++i) values[i] = method.words[i] == free_slot ? spare : method.words[i];
    Slot slots[3];
    for (Word i = 0; i < 3; ++i) slots[i] = method.caps[i] ? resolve(method.caps[i]) : 0;
    return invoke(cap, method.label, values, words, slots, caps);
}

void expect_error(Method const& method, Operation const& result, Word error, char const* why)
{
    if (result.label() == error) return;
    print("# ", method.name, " ", why, ": label ", result.label(), ", should be ", error, "\n");
    CHECK_EQ(result.label(), error);
}

void short_messages_are_truncated()
{
    make_stands();
    for (Method const& method : methods)
        for (Word words = 0; words < method.word_count; ++words)
            expect_error(method, invoke_row(method, resolve(method.cap), words, method.cap_count),
                         seL4_TruncatedMessage, "with too few message registers");
}

void missing_caps_are_truncated()
{
    make_stands();
    for (Method const& method : methods)
        for (Word caps = 0; caps < method.cap_count; ++caps)
            expect_error(method, invoke_row(method, resolve(method.cap), method.word_count, caps),
                         seL4_TruncatedMessage, "with too few capabilities");
}

/// Objects to try every label on. Endpoints, notifications and replies take any label as a message.
constexpr Word invokable[] = {untyped_,
                              tcb_,
                              cnode_,
                              sc_,
                              pdpt_,
                              pd_,
                              pt_,
                              frame_,
                              pool_,
                              pml4_,
                              io_port_,
                              irq_,
                              boot(seL4_CapIRQControl),
                              boot(seL4_CapASIDControl),
                              boot(seL4_CapIOPortControl),
                              boot(seL4_CapDomain),
                              boot(seL4_NumInitialCaps)};

bool same_type(Word left, Word right)
{
    auto const fold = [](Word cap) { return cap == cnode_cap ? Word{cnode_} : cap; };
    return fold(left) == fold(right);
}

void labels_on_the_wrong_object_are_illegal()
{
    make_stands();
    for (Method const& method : methods)
        for (Word cap : invokable) {
            if (same_type(cap, method.cap)) continue;
            Operation const result =
                invoke_row(method, resolve(cap), method.word_count, method.cap_count);
            expect_error(method, result, seL4_IllegalOperation, "on another type of object");
            CHECK_EQ(result.length(), 0);
        }
}

void unknown_labels_are_illegal()
{
    make_stands();
    constexpr Word labels[] = {0,        nArchInvocationLabels, 999, 0xfff, 0xfffff,
                               0x1'0001, Word{1} << 32};
    for (Word cap : invokable)
        for (Word label : labels) {
            Operation const result = invoke(resolve(cap), label, {0, 0, 0, 0});
            CHECK_EQ(result.label(), seL4_IllegalOperation);
            CHECK_EQ(result.length(), 0);
        }
}

void labels_of_absent_objects_are_illegal()
{
    make_stands();
    for (Word cap : invokable)
        for (Word label : absent_labels)
            CHECK_EQ(invoke(resolve(cap), label, {0, 0, 0, 0}, {root_vspace}).label(),
                     seL4_IllegalOperation);
}

void empty_slots_answer_invalid_capability()
{
    make_stands();
    for (Method const& method : methods) {
        Operation const result = invoke_row(method, spare, method.word_count, method.cap_count);
        expect_error(method, result, seL4_InvalidCapability, "on an empty slot");
        CHECK_EQ(result.length(), 1);
        CHECK_EQ(result.out[0], 0);
    }
}

/// Methods whose answer to a first capability of the wrong type is known: the lookup of a slot
/// fails, or the argument is named. Of the others it is known that they refuse.
Word wrong_cap_error(Method const& method)
{
    switch (method.label) {
    case TCBSetPriority:
    case TCBSetMCPriority:
    case TCBSetSchedParams:
    case TCBSetTimeoutEndpoint:
    case TCBSetSpace:
    case SchedControlConfigureFlags:
    case X86PageMap:
        return seL4_InvalidCapability;
    case UntypedRetype:
    case X86IRQIssueIRQHandlerIOAPIC:
    case X86IRQIssueIRQHandlerMSI:
    case X86IOPortControlIssue:
        return seL4_FailedLookup;
    default:
        return method.cap == cnode_cap ? seL4_FailedLookup : seL4_NoError;
    }
}

void wrong_argument_caps_are_refused()
{
    make_stands();
    for (Method const& method : methods) {
        // For these a notification is right.
        if (method.cap_count == 0 || method.label == SchedContextBind ||
            method.label == SchedContextUnbindObject || method.label == IRQSetIRQHandler ||
            method.label == TCBBindNotification)
            continue;
        Method changed = method;
        changed.caps[0] = notification_;
        if (method.label == TCBSetIPCBuffer) changed.words[0] = 0x1000; // 0 would ignore the frame
        Operation const result =
            invoke_row(changed, resolve(method.cap), method.word_count, method.cap_count);
        if (Word const error = wrong_cap_error(method); error != seL4_NoError) {
            expect_error(method, result, error, "with a notification as its first capability");
            if (error == seL4_InvalidCapability) CHECK_EQ(result.out[0], 1);
        } else if (result.label() == seL4_NoError) {
            expect_error(method, result, seL4_InvalidCapability, "with a notification");
        }
        CHECK(is_empty(spare));
    }
}

constexpr Case cases[] = {
    {"every method refuses a message that is too short", short_messages_are_truncated},
    {"every method refuses missing capabilities", missing_caps_are_truncated},
    {"every label is illegal on another type of object", labels_on_the_wrong_object_are_illegal},
    {"unknown labels are illegal, with an empty answer", unknown_labels_are_illegal},
    {"labels of VT-x and IOMMU objects are illegal", labels_of_absent_objects_are_illegal},
    {"every method on an empty slot answers InvalidCapability, 0",
     empty_slots_answer_invalid_capability},
    {"every method refuses a capability argument of the wrong type",
     wrong_argument_caps_are_refused},
};

} // namespace

Suite const methods_suite = cases;

} // namespace kt

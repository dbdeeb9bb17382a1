// CNode methods: copy, mint, move, mutate, rotate, delete, revoke, cancel badged sends; rights,
// badges, guards, depth and the derivation tree. [seL4 manual, "Capability Spaces"]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

/// Whether sending through `cap` arrives on `ep` (unblocked receiver required); returns the badge.
Word badge_through(Slot cap, Slot ep)
{
    Slot const reply = make(seL4_ReplyObject);
    Operation sender = send(cap);
    Thread& thread = run_operation(sender);
    Operation const received = now(nb_recv(ep, reply));
    CHECK(sender.done);
    thread.suspend();
    return received.badge;
}

void copy_keeps_the_badge()
{
    Slot const ep = make(seL4_EndpointObject);
    Slot const badged = mint(ep, 0x1234'5678'9abc'def0);
    CHECK_EQ(badge_through(badged, ep), 0x1234'5678'9abc'def0);
    CHECK_EQ(badge_through(copy(badged), ep), 0x1234'5678'9abc'def0);
    CHECK_EQ(badge_through(mint(ep, ~Word{0}), ep), ~Word{0});
    CHECK_EQ(badge_through(copy(ep), ep), 0);
}

void rights_only_shrink()
{
    Slot const ep = make(seL4_EndpointObject), reply = make(seL4_ReplyObject);
    Slot const write_only = copy(ep, rights(1));
    Slot const widened = copy(write_only, seL4_AllRights);
    // A receiver through the widened copy must fault: the copy has no Read right.
    Slot const fault_ep = make(seL4_EndpointObject);
    Operation receive = recv(widened, reply);
    ThreadConfig config;
    config.fault_ep = fault_ep;
    run_operation(receive, config);
    Operation const fault = now(nb_recv(fault_ep, make(seL4_ReplyObject)));
    CHECK_EQ(fault.label(), seL4_Fault_CapFault);
    CHECK(!receive.done);
    // And a sender through a copy that may only read has no effect.
    Operation sender = send(copy(ep, rights(2)));
    run_operation(sender);
    CHECK(sender.done);
    CHECK_EQ(now(nb_recv(ep, make(seL4_ReplyObject))).badge, 0);
}

void move_takes_the_capability_along()
{
    Slot const ep = make(seL4_EndpointObject), target = new_slots();
    Slot const badged = mint(ep, 7);
    CHECK_OK(seL4_CNode_Move(root_cnode, target, depth, root_cnode, badged, depth));
    CHECK(is_empty(badged));
    CHECK_EQ(badge_through(target, ep), 7);
    // It is still a child of ep.
    CHECK_OK(seL4_CNode_Revoke(root_cnode, ep, depth));
    CHECK(is_empty(target));
    CHECK(!is_empty(ep));
}

void mutate_moves_but_does_not_badge()
{
    Slot const ep = make(seL4_EndpointObject), target = new_slots(2);
    Slot const plain = copy(ep);
    CHECK_EQ(seL4_CNode_Mutate(root_cnode, target, depth, root_cnode, plain, depth, 9),
             seL4_IllegalOperation);
    CHECK(!is_empty(plain) && is_empty(target));
    // Without a badge it is a Move.
    CHECK_OK(seL4_CNode_Mutate(root_cnode, target, depth, root_cnode, plain, depth, 0));
    CHECK(is_empty(plain));
    CHECK_EQ(badge_through(target, ep), 0);
    CHECK_EQ(seL4_CNode_Mutate(root_cnode, ep, depth, root_cnode, target, depth, 0),
             seL4_DeleteFirst);
}

void rotate_moves_two()
{
    Slot const first = make(seL4_EndpointObject), second = make(seL4_NotificationObject);
    Slot const third = new_slots();
    Word const kind_first = seL4_DebugCapIdentify(first);
    Word const kind_second = seL4_DebugCapIdentify(second);
    // src -> pivot's place is freed first: dest <- pivot, pivot <- src.
    CHECK_OK(seL4_CNode_Rotate(root_cnode, third, depth, 0, root_cnode, second, depth, 0,
                               root_cnode, first, depth));
    CHECK(is_empty(first));
    CHECK_EQ(seL4_DebugCapIdentify(second), kind_first);
    CHECK_EQ(seL4_DebugCapIdentify(third), kind_second);
    // With dest == src the two change places.
    CHECK_OK(seL4_CNode_Rotate(root_cnode, third, depth, 0, root_cnode, second, depth, 0,
                               root_cnode, third, depth));
    CHECK_EQ(seL4_DebugCapIdentify(second), kind_second);
    CHECK_EQ(seL4_DebugCapIdentify(third), kind_first);
}

void rotate_sets_guards_and_no_badges()
{
    Slot const ep = make(seL4_EndpointObject), cnode = make(seL4_CapTableObject, 4);
    Slot const target = new_slots();
    CHECK_EQ(seL4_CNode_Rotate(root_cnode, target, depth, 5, root_cnode, ep, depth, 0, root_cnode,
                               cnode, depth),
             seL4_IllegalOperation);
    // The endpoint goes to the target, the CNode to the endpoint's place, with a guard.
    CHECK_OK(seL4_CNode_Rotate(root_cnode, target, depth, 0, root_cnode, ep, depth,
                               Word{1} << 6 | 60, root_cnode, cnode, depth));
    CHECK(is_empty(cnode));
    CHECK_OK(seL4_CNode_Copy(ep, 0x15, 64, root_cnode, target, depth, seL4_AllRights));
    CHECK_EQ(seL4_CNode_Copy(ep, 0x06, 64, root_cnode, target, depth, seL4_AllRights),
             seL4_FailedLookup);
}

void rotate_refuses_bad_places()
{
    Slot const one = make(seL4_EndpointObject), two = make(seL4_EndpointObject);
    Slot const three = make(seL4_EndpointObject), empty = new_slots();
    auto const rotate = [](Slot dest, Slot pivot, Slot source) {
        return seL4_CNode_Rotate(root_cnode, dest, depth, 0, root_cnode, pivot, depth, 0,
                                 root_cnode, source, depth);
    };
    CHECK_EQ(rotate(three, two, one), seL4_DeleteFirst);
    CHECK_EQ(rotate(empty, one, one), seL4_IllegalOperation);
    CHECK_EQ(rotate(one, one, two), seL4_IllegalOperation);
    Slot const nothing = new_slots();
    CHECK_EQ(rotate(empty, two, nothing), seL4_FailedLookup);
    CHECK_EQ(rotate(empty, nothing, one), seL4_FailedLookup);
    CHECK(!is_empty(one) && !is_empty(two) && !is_empty(three) && is_empty(empty));
}

void delete_destroys_with_the_last_capability()
{
    Slot const ntfn = make(seL4_NotificationObject);
    Slot const second = copy(ntfn);
    Operation waiting = wait(second);
    Thread& thread = run_operation(waiting);
    remove(ntfn);
    CHECK(!waiting.done); // the object lives on through the copy
    seL4_Signal(second);
    CHECK(waiting.done);
    (void)thread;
    CHECK_OK(seL4_CNode_Delete(root_cnode, ntfn, depth)); // an empty slot
    CHECK_OK(seL4_CNode_Revoke(root_cnode, ntfn, depth));
}

void revoke_takes_descendants_only()
{
    Slot const ep = make(seL4_EndpointObject);
    Slot const child = mint(ep, 1);
    Slot const sibling = copy(ep), cousin = mint(ep, 2);
    Slot const grandchild = copy(child);
    CHECK_OK(seL4_CNode_Revoke(root_cnode, child, depth));
    CHECK(!is_empty(child) && !is_empty(sibling) && !is_empty(cousin) && !is_empty(ep));
    CHECK(is_empty(grandchild));
    CHECK_OK(seL4_CNode_Revoke(root_cnode, ep, depth));
    CHECK(is_empty(child) && is_empty(cousin) && is_empty(sibling));
    CHECK(!is_empty(ep));
}

void revoke_of_an_untyped_destroys_what_it_made()
{
    Slot const untyped = make(seL4_UntypedObject, 14), slots = new_slots(3);
    REQUIRE_OK(try_make(untyped, seL4_TCBObject, 0, slots));
    REQUIRE_OK(try_make(untyped, seL4_EndpointObject, 0, slots + 1));
    REQUIRE_OK(try_make(untyped, seL4_UntypedObject, 12, slots + 2));
    Slot const below = new_slots();
    REQUIRE_OK(try_make(slots + 2, seL4_EndpointObject, 0, below));
    Slot const badged = mint(slots + 1, 3);
    CHECK_OK(seL4_CNode_Revoke(root_cnode, untyped, depth));
    CHECK(is_empty(slots) && is_empty(slots + 1) && is_empty(slots + 2) && is_empty(below) &&
          is_empty(badged));
    CHECK_OK(try_make(untyped, seL4_UntypedObject, 14, slots));
}

void guards_resolve_exactly()
{
    // A CNode of 4 bits behind a guard of 8 bits: 12 bits of address in all.
    Slot const cnode = make(seL4_CapTableObject, 4), ep = make(seL4_EndpointObject);
    Word const guard = Word{0xa5} << 6 | 8;
    Slot const guarded = mint(cnode, guard);
    CHECK_OK(seL4_CNode_Copy(guarded, 0xa53, 12, root_cnode, ep, depth, seL4_AllRights));
    CHECK_EQ(seL4_CNode_Copy(guarded, 0xa53, 12, root_cnode, ep, depth, seL4_AllRights),
             seL4_DeleteFirst);
    // A wrong guard: found 0xa5 of 8 bits, 12 bits left.
    CHECK_ERROR(seL4_CNode_Copy(guarded, 0xa63, 12, root_cnode, ep, depth, seL4_AllRights),
                seL4_FailedLookup, 0, seL4_GuardMismatch, 12, 0xa5, 8);
    // Too few bits for guard and radix, and one too many.
    CHECK_EQ(seL4_CNode_Copy(guarded, 0x53, 7, root_cnode, ep, depth, seL4_AllRights),
             seL4_FailedLookup);
    CHECK_ERROR(seL4_CNode_Copy(guarded, 0xa5, 11, root_cnode, ep, depth, seL4_AllRights),
                seL4_FailedLookup, 0, seL4_GuardMismatch, 11);
    CHECK_ERROR(seL4_CNode_Copy(guarded, 0x14a7, 13, root_cnode, ep, depth, seL4_AllRights),
                seL4_FailedLookup, 0);
    CHECK_OK(seL4_CNode_Delete(cnode, 3, 4)); // the same slot, without the guard
    CHECK_ERROR(seL4_CNode_Move(root_cnode, new_slots(), depth, guarded, 0xa53, 12),
                seL4_FailedLookup, 1, seL4_MissingCapability);
}

void a_guard_can_be_set_once_by_mutate()
{
    Slot const cnode = make(seL4_CapTableObject, 4), target = new_slots();
    CHECK_OK(
        seL4_CNode_Mutate(root_cnode, target, depth, root_cnode, cnode, depth, Word{1} << 6 | 60));
    CHECK_OK(seL4_CNode_Copy(target, 0x15, 64, root_cnode, root_tcb, depth, seL4_AllRights));
    CHECK_EQ(seL4_CNode_Copy(target, 0x05, 64, root_cnode, root_tcb, depth, seL4_AllRights),
             seL4_FailedLookup);
}

void deep_cspaces_resolve_level_by_level()
{
    // Three levels of 4, 8 and 52 bits: 64 in all, so a thread can use it as its CSpace.
    Slot const top = make(seL4_CapTableObject, 4), middle = make(seL4_CapTableObject, 8);
    Slot const low = make(seL4_CapTableObject, 2);
    Slot const low_guarded = mint(low, 50); // guard 0 of 50 bits + 2 bits of index
    CHECK_OK(seL4_CNode_Copy(top, 0x3, 4, root_cnode, middle, depth, seL4_AllRights));
    CHECK_OK(seL4_CNode_Copy(top, 0x342, 12, root_cnode, low_guarded, depth, seL4_AllRights));
    Slot const ep = make(seL4_EndpointObject);
    Word const address = Word{0x342} << 52 | 1;
    CHECK_OK(seL4_CNode_Copy(top, address, 64, root_cnode, ep, depth, seL4_AllRights));
    ThreadConfig config;
    config.cspace = top;
    Operation sender = send(address, message(5, 0));
    run_operation(sender, config);
    CHECK(!sender.done);
    Operation const received = now(nb_recv(ep, make(seL4_ReplyObject)));
    CHECK_EQ(received.label(), 5);
    CHECK(sender.done);
}

void cancel_badged_sends_takes_one_badge()
{
    Slot const ep = make(seL4_EndpointObject);
    Slot const one = mint(ep, 1), two = mint(ep, 2);
    Operation senders[] = {send(one, message(11, 0)), send(two, message(12, 0)),
                           send(one, message(13, 0)), send(ep, message(14, 0))};
    for (Operation& sender : senders) run_operation(sender);
    CHECK_OK(seL4_CNode_CancelBadgedSends(root_cnode, one, depth));
    // The cancelled ones try again: they are sending still, but at the end of the queue.
    Slot const reply = make(seL4_ReplyObject);
    Word labels[4]{};
    for (Word& label : labels) label = now(nb_recv(ep, reply)).label();
    CHECK_EQ(labels[0], 12);
    CHECK_EQ(labels[1], 14);
    CHECK_EQ(labels[2] + labels[3], 11 + 13);
    CHECK_EQ(now(nb_recv(ep, reply)).badge, 0);
}

void cancel_badged_sends_needs_all_rights()
{
    Slot const ep = make(seL4_EndpointObject);
    CHECK_EQ(seL4_CNode_CancelBadgedSends(root_cnode, mint(ep, 4, rights(1)), depth),
             seL4_IllegalOperation);
    CHECK_EQ(seL4_CNode_CancelBadgedSends(root_cnode, root_tcb, depth), seL4_IllegalOperation);
    CHECK_EQ(seL4_CNode_CancelBadgedSends(root_cnode, make(seL4_NotificationObject), depth),
             seL4_IllegalOperation);
    CHECK_EQ(seL4_CNode_CancelBadgedSends(root_cnode, new_slots(), depth), seL4_IllegalOperation);
}

void depth_is_checked_before_the_slot()
{
    Slot const ep = make(seL4_EndpointObject);
    for (Word bad : {Word{0}, Word{65}, Word{255}}) {
        auto const bits = static_cast<seL4_Uint8>(bad);
        CHECK_ERROR(seL4_CNode_Delete(root_cnode, ep, bits), seL4_RangeError, 1, 64);
        CHECK_ERROR(seL4_CNode_Revoke(root_cnode, ep, bits), seL4_RangeError, 1, 64);
        CHECK_ERROR(
            seL4_CNode_Copy(root_cnode, new_slots(), depth, root_cnode, ep, bits, seL4_AllRights),
            seL4_RangeError, 1, 64);
    }
    CHECK(!is_empty(ep));
}

void objects_that_cannot_be_copied()
{
    Slot const target = new_slots();
    auto const try_copy = [&](Slot source) {
        return seL4_CNode_Copy(root_cnode, target, depth, root_cnode, source, depth,
                               seL4_AllRights);
    };
    for (Slot source :
         {Slot{seL4_CapIRQControl}, make(seL4_X86_PageTableObject),
          make(seL4_X86_PageDirectoryObject), make(seL4_X86_PDPTObject), make(seL4_X64_PML4Object)})
        CHECK_EQ(try_copy(source), seL4_IllegalOperation);
    CHECK(is_empty(target));
    CHECK_EQ(try_copy(case_untyped()), seL4_RevokeFirst);
    CHECK_OK(try_copy(make(seL4_UntypedObject, 12)));
}

void reserved_bits_of_rights_are_ignored()
{
    Slot const ep = make(seL4_EndpointObject);
    Slot const all = copy(ep, rights(~Word{0}));
    CHECK_EQ(badge_through(all, ep), 0);
    CHECK(!failed());
}

constexpr Case cases[] = {
    {"a copy has the badge of its source, all 64 bits", copy_keeps_the_badge},
    {"a copy never has more rights than its source", rights_only_shrink},
    {"Move empties the source and keeps the place in the tree", move_takes_the_capability_along},
    {"Mutate moves, and cannot badge an endpoint", mutate_moves_but_does_not_badge},
    {"Rotate moves two capabilities, or swaps them", rotate_moves_two},
    {"Rotate sets guards, and cannot badge an endpoint", rotate_sets_guards_and_no_badges},
    {"Rotate refuses a full destination, an empty source, and itself as pivot",
     rotate_refuses_bad_places},
    {"an object lives as long as its last capability", delete_destroys_with_the_last_capability},
    {"Revoke deletes descendants and nothing else", revoke_takes_descendants_only},
    {"Revoke of an untyped destroys everything made of it",
     revoke_of_an_untyped_destroys_what_it_made},
    {"a guard must match exactly, and mismatches are reported with their bits",
     guards_resolve_exactly},
    {"Mutate sets a CNode capability's guard", a_guard_can_be_set_once_by_mutate},
    {"a CSpace of three levels works as a thread's CSpace", deep_cspaces_resolve_level_by_level},
    {"CancelBadgedSends restarts the senders of one badge", cancel_badged_sends_takes_one_badge},
    {"CancelBadgedSends needs an endpoint with all rights", cancel_badged_sends_needs_all_rights},
    {"a depth of 0 or above 64 is a RangeError", depth_is_checked_before_the_slot},
    {"IRQ control, unmapped tables and parents cannot be copied", objects_that_cannot_be_copied},
    {"unknown bits of a rights word are ignored", reserved_bits_of_rights_are_ignored},
};

} // namespace

Suite const cnode_suite = cases;

} // namespace kt

// Untyped.Retype: what it makes, where it puts it, how memory is counted and comes back.
// The refusals are in observed_objects.cpp, line by line. [seL4 manual, "Kernel Memory Allocation"]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

struct Kind {
    char const* name;
    Word type, bits; ///< argument
    Word size_bits;  ///< what the object takes
};

constexpr Kind kinds[] = {
    {"untyped", seL4_UntypedObject, 5, 5},
    {"TCB", seL4_TCBObject, 0, seL4_TCBBits},
    {"endpoint", seL4_EndpointObject, 0, seL4_EndpointBits},
    {"notification", seL4_NotificationObject, 0, seL4_NotificationBits},
    {"CNode", seL4_CapTableObject, 3, 3 + seL4_SlotBits},
    {"scheduling context", seL4_SchedContextObject, 9, 9},
    {"reply", seL4_ReplyObject, 0, seL4_ReplyBits},
    {"PDPT", seL4_X86_PDPTObject, 0, 12},
    {"PML4", seL4_X64_PML4Object, 0, 12},
    {"4 KiB frame", seL4_X86_4K, 0, 12},
    {"2 MiB frame", seL4_X86_LargePageObject, 0, 21},
    {"page table", seL4_X86_PageTableObject, 0, 12},
    {"page directory", seL4_X86_PageDirectoryObject, 0, 12},
};

void every_type_takes_exactly_its_size()
{
    for (Kind const& kind : kinds) {
        Word const parent_bits = kind.size_bits + 2 < 4 ? 4 : kind.size_bits + 2;
        Slot const parent = make(seL4_UntypedObject, parent_bits);
        Slot const slots = new_slots(5);
        Word const error = try_make(parent, kind.type, kind.bits, slots, 4);
        if (error != seL4_NoError) print("# ", kind.name, "\n");
        CHECK_EQ(error, seL4_NoError);
        for (Word i = 0; i < 4; ++i) CHECK(!is_empty(slots + i));
        CHECK_ERROR(try_make(parent, kind.type, kind.bits, slots + 4), seL4_NotEnoughMemory, 0);
        REQUIRE_OK(seL4_CNode_Revoke(root_cnode, parent, depth));
        for (Word i = 0; i < 4; ++i) CHECK(is_empty(slots + i));
        CHECK_OK(try_make(parent, kind.type, kind.bits, slots, 4));
        REQUIRE_OK(seL4_CNode_Revoke(root_cnode, parent, depth));
    }
}

void objects_are_aligned_behind_smaller_ones()
{
    Slot const parent = make(seL4_UntypedObject, 13), slots = new_slots(4);
    REQUIRE_OK(try_make(parent, seL4_EndpointObject, 0, slots));
    // The frame goes to the second page; what lies between is lost until the untyped is empty.
    REQUIRE_OK(try_make(parent, seL4_X86_4K, 0, slots + 1));
    auto const page = seL4_X86_Page_GetAddress(slots + 1);
    CHECK_EQ(page.error, 0);
    CHECK_EQ(page.paddr % 8192, 4096);
    CHECK_ERROR(try_make(parent, seL4_EndpointObject, 0, slots + 2), seL4_NotEnoughMemory, 0);
}

void memory_comes_back_with_the_last_child()
{
    Slot const parent = make(seL4_UntypedObject, 12), slots = new_slots(3);
    REQUIRE_OK(try_make(parent, seL4_TCBObject, 0, slots, 2));
    remove(slots);
    // One child is left: the watermark stays.
    CHECK_ERROR(try_make(parent, seL4_TCBObject, 0, slots + 2), seL4_NotEnoughMemory, 0);
    remove(slots + 1);
    CHECK_OK(try_make(parent, seL4_X86_4K, 0, slots + 2));
}

void copies_are_children_too()
{
    Slot const parent = make(seL4_UntypedObject, 12), frame = new_slots(2);
    REQUIRE_OK(try_make(parent, seL4_X86_4K, 0, frame));
    Slot const second = copy(frame);
    remove(frame);
    CHECK_ERROR(try_make(parent, seL4_X86_4K, 0, frame), seL4_NotEnoughMemory, 0);
    remove(second);
    CHECK_OK(try_make(parent, seL4_X86_4K, 0, frame));
}

void frames_are_zero_when_they_come_back()
{
    Slot const parent = make(seL4_UntypedObject, 12), frame = new_slots();
    auto* const words = reinterpret_cast<Word volatile*>(free_region);
    map_tables(root_vspace, free_region);
    for (int round = 0; round < 2; ++round) {
        REQUIRE_OK(try_make(parent, seL4_X86_4K, 0, frame));
        REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights,
                                     seL4_X86_Default_VMAttributes));
        for (int i = 0; i < 512; ++i) {
            REQUIRE_EQ(words[i], 0);
            words[i] = ~Word{0};
        }
        remove(frame);
    }
}

void the_window_may_lie_in_another_cnode()
{
    Slot const cnode = make(seL4_CapTableObject, 4), untyped = make(seL4_UntypedObject, 12);
    // By index and depth from our own root ...
    CHECK_OK(seL4_Untyped_Retype(untyped, seL4_EndpointObject, 0, root_cnode, cnode, 64, 3, 2));
    // ... and as the root itself.
    CHECK_OK(seL4_Untyped_Retype(untyped, seL4_EndpointObject, 0, cnode, 0, 0, 5, 2));
    Slot const out = new_slots();
    for (Word index = 0; index < 16; ++index) {
        Word const expected = index >= 3 && index < 7 ? seL4_NoError : seL4_FailedLookup;
        CHECK_EQ(seL4_CNode_Move(root_cnode, out, depth, cnode, index, 4), expected);
        if (expected == seL4_NoError) remove(out);
    }
    CHECK_ERROR(seL4_Untyped_Retype(untyped, seL4_EndpointObject, 0, cnode, 0, 0, 14, 3),
                seL4_RangeError, 1, 2);
    CHECK_EQ(seL4_Untyped_Retype(untyped, seL4_EndpointObject, 0, cnode, 0, 0, 16, 1),
             seL4_RangeError);
    CHECK_EQ(seL4_Untyped_Retype(untyped, seL4_EndpointObject, 0, cnode, 0, 0, ~Word{0}, 2),
             seL4_RangeError);
}

void a_refused_retype_changes_nothing()
{
    Slot const parent = make(seL4_UntypedObject, 12), slots = new_slots(6);
    REQUIRE_OK(try_make(case_untyped(), seL4_EndpointObject, 0, slots + 2));
    CHECK_EQ(try_make(parent, seL4_EndpointObject, 0, slots, 4), seL4_DeleteFirst);
    CHECK(is_empty(slots) && is_empty(slots + 1) && is_empty(slots + 3));
    CHECK_OK(try_make(parent, seL4_X86_4K, 0, slots)); // nothing of the page was used
}

void exhaustion_is_an_error_and_leaves_all_working()
{
    Slot const parent = make(seL4_UntypedObject, 16), slots = new_slots(33);
    Word count = 0;
    while (count < 33 && try_make(parent, seL4_TCBObject, 0, slots + count) == seL4_NoError)
        ++count;
    CHECK_EQ(count, 32);
    CHECK_ERROR(try_make(parent, seL4_EndpointObject, 0, slots + 32), seL4_NotEnoughMemory, 0);
    CHECK(is_empty(slots + 32));
    CHECK_OK(seL4_TCB_SetPriority(slots + 31, root_tcb, 3));
}

void whole_memory_can_be_used_up()
{
    Slot const slots = new_slots(2);
    CHECK_OK(try_make(case_untyped(), seL4_UntypedObject, case_untyped_bits() - 1, slots));
    CHECK_OK(try_make(case_untyped(), seL4_UntypedObject, case_untyped_bits() - 1, slots + 1));
    CHECK_ERROR(try_make(case_untyped(), seL4_EndpointObject, 0, new_slots()), seL4_NotEnoughMemory,
                0);
    CHECK_ERROR(try_make(slots, seL4_UntypedObject, case_untyped_bits(), new_slots()),
                seL4_NotEnoughMemory, Word{1} << (case_untyped_bits() - 1));
}

void device_memory_makes_frames_and_untypeds_only()
{
    Slot const device = device_untyped(21);
    REQUIRE(device != 0);
    Slot const slots = new_slots(2);
    for (Kind const& kind : kinds) {
        bool const allowed = kind.type == seL4_UntypedObject || kind.type == seL4_X86_4K ||
                             kind.type == seL4_X86_LargePageObject;
        Word const bits = kind.type == seL4_UntypedObject ? 12 : kind.bits;
        Word const error = try_make(device, kind.type, bits, slots);
        CHECK_EQ(error, allowed ? seL4_NoError : seL4_InvalidArgument);
        if (error == seL4_NoError) remove(slots);
    }
    // What is made of device memory stays device memory.
    REQUIRE_OK(try_make(device, seL4_UntypedObject, 13, slots));
    CHECK_ERROR(try_make(slots, seL4_TCBObject, 0, slots + 1), seL4_InvalidArgument, 1);
    CHECK_OK(try_make(slots, seL4_X86_4K, 0, slots + 1));
}

void vtx_and_iommu_objects_are_unknown_types()
{
    for (Word type : {Word{seL4_X86_IOPageTableObject}, Word{seL4_X86_VCPUObject},
                      Word{seL4_X86_EPTPML4Object}, Word{seL4_X86_EPTPTObject}, Word{21}, ~Word{0}})
        CHECK_ERROR(try_make(case_untyped(), type, 0, new_slots()), seL4_InvalidArgument, 0);
}

void retype_of_many_fills_consecutive_slots()
{
    Slot const slots = new_slots(258);
    REQUIRE_OK(try_make(case_untyped(), seL4_NotificationObject, 0, slots + 1, 256));
    CHECK(is_empty(slots));
    CHECK(is_empty(slots + 257));
    // All different objects: each gets one signal, and only that.
    for (Slot slot = slots + 1; slot < slots + 257; ++slot) seL4_Signal(mint(slot, slot));
    for (Slot slot = slots + 1; slot < slots + 257; ++slot)
        REQUIRE_EQ(now(nb_wait(slot)).badge, slot);
}

constexpr Case cases[] = {
    {"every type of object takes exactly its size, and gives it back",
     every_type_takes_exactly_its_size},
    {"objects are aligned to their size behind smaller ones",
     objects_are_aligned_behind_smaller_ones},
    {"an untyped is free again when its last child has gone",
     memory_comes_back_with_the_last_child},
    {"a copy of a child keeps the memory in use", copies_are_children_too},
    {"frames are zero, also the second time", frames_are_zero_when_they_come_back},
    {"Retype fills any CNode it is given", the_window_may_lie_in_another_cnode},
    {"a refused Retype uses no memory and no slot", a_refused_retype_changes_nothing},
    {"an exhausted untyped refuses, and what it made works",
     exhaustion_is_an_error_and_leaves_all_working},
    {"all memory of a case can be used up", whole_memory_can_be_used_up},
    {"device memory makes frames and untypeds only", device_memory_makes_frames_and_untypeds_only},
    {"types of VT-x, IOMMU and beyond are unknown", vtx_and_iommu_objects_are_unknown_types},
    {"Retype of 256 objects fills 256 slots in a row", retype_of_many_fills_consecutive_slots},
};

} // namespace

Suite const untyped_suite = cases;

} // namespace kt

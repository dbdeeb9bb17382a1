// Frames, page tables, address spaces, ASIDs: mapping, changing and taking back, in all sizes.
// The refusals of Map are also in observed_objects.cpp. [seL4 manual, "Address Spaces"]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

constexpr auto plain = seL4_X86_Default_VMAttributes;

Word volatile& word_at(Word address)
{
    return *reinterpret_cast<Word volatile*>(address);
}

/// What a thread that touches this address meets: 0, or the #PF code + 1 of its fault.
Word probe(Word address, bool write, Slot vspace = root_vspace)
{
    static Word where;
    static bool writes;
    where = address;
    writes = write;
    Slot const fault_ep = make(seL4_EndpointObject);
    ThreadConfig config;
    config.fault_ep = fault_ep;
    config.vspace = vspace;
    Thread& thread = spawn(
        [](Word) {
            if (writes)
                word_at(where) = 1;
            else
                asm volatile("" : : "r"(Word{word_at(where)}));
        },
        0, config);
    Operation const fault = now(nb_recv(fault_ep, make(seL4_ReplyObject)));
    thread.suspend();
    if (fault.label() != seL4_Fault_VMFault) return 0;
    CHECK_EQ(fault.out[1], address);
    CHECK_EQ(fault.out[2], 0);
    return fault.out[3] + 1;
}

void pages_of_4k_map_and_unmap()
{
    Slot const frame = map_frame(root_vspace, free_region);
    word_at(free_region) = 7;
    CHECK_EQ(word_at(free_region), 7);
    CHECK_OK(seL4_X86_Page_Unmap(frame));
    CHECK_EQ(probe(free_region, false), 4 + 1); // user, not present
    CHECK_OK(seL4_X86_Page_Unmap(frame));       // again: nothing to do
    // Elsewhere it shows the same contents.
    CHECK_OK(seL4_X86_Page_Map(frame, root_vspace, free_region + 0x5000, seL4_AllRights, plain));
    CHECK_EQ(word_at(free_region + 0x5000), 7);
}

void pages_of_2m_map_and_unmap()
{
    Slot const frame = map_frame(root_vspace, free_region, seL4_X86_LargePageObject);
    for (Word offset = 0; offset < 0x20'0000; offset += 0x1000)
        word_at(free_region + offset) = offset;
    for (Word offset = 0; offset < 0x20'0000; offset += 0x1000)
        REQUIRE_EQ(word_at(free_region + offset), offset);
    auto const address = seL4_X86_Page_GetAddress(frame);
    CHECK_EQ(address.paddr % 0x20'0000, 0);
    CHECK_EQ(seL4_X86_Page_Map(make(seL4_X86_LargePageObject), root_vspace, free_region + 0x1000,
                               seL4_AllRights, plain),
             seL4_AlignmentError);
    // A page table has no place where a large page lies.
    CHECK(seL4_X86_PageTable_Map(make(seL4_X86_PageTableObject), root_vspace, free_region, plain) !=
          seL4_NoError);
    CHECK_OK(seL4_X86_Page_Unmap(frame));
    CHECK_EQ(probe(free_region + 0x1f'f000, false), 4 + 1);
    CHECK_OK(
        seL4_X86_PageTable_Map(make(seL4_X86_PageTableObject), root_vspace, free_region, plain));
}

void pages_of_1g_map_and_unmap()
{
    Slot const device = device_untyped(30), frame = new_slots();
    if (device == 0) skip("no device memory of 1 GiB");
    REQUIRE_OK(try_make(device, seL4_X64_HugePageObject, 0, frame));
    map_tables(root_vspace, free_region, seL4_HugePageBits);
    CHECK_EQ(seL4_X86_Page_Map(frame, root_vspace, free_region + 0x20'0000, seL4_AllRights, plain),
             seL4_AlignmentError);
    CHECK_OK(
        seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, seL4_X86_CacheDisabled));
    // Nothing answers there: the read comes back, whatever with.
    CHECK_EQ(probe(free_region, false), 0);
    CHECK_EQ(probe(free_region + 0x3fff'f000, false), 0);
    CHECK(seL4_X86_PageDirectory_Map(make(seL4_X86_PageDirectoryObject), root_vspace, free_region,
                                     plain) != seL4_NoError);
    CHECK_OK(seL4_X86_Page_Unmap(frame));
    CHECK_EQ(probe(free_region, false), 4 + 1);
}

void remapping_changes_rights_at_once()
{
    Slot const frame = map_frame(root_vspace, free_region);
    word_at(free_region) = 1;
    CHECK_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_CanRead, plain));
    CHECK_EQ(word_at(free_region), 1);
    CHECK_EQ(probe(free_region, true), 7 + 1); // user, write, present
    CHECK_EQ(word_at(free_region), 1);
    CHECK_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, plain));
    CHECK_EQ(probe(free_region, true), 0);
}

void capability_rights_limit_a_mapping()
{
    Slot const frame = make(seL4_X86_4K);
    Slot const read_only = copy(frame, rights(2));
    map_tables(root_vspace, free_region);
    CHECK_OK(seL4_X86_Page_Map(read_only, root_vspace, free_region, seL4_AllRights, plain));
    CHECK_EQ(probe(free_region, false), 0);
    CHECK_EQ(probe(free_region, true), 7 + 1);
}

void one_frame_maps_through_two_capabilities()
{
    Slot const frame = map_frame(root_vspace, free_region);
    Slot const second = copy(frame);
    CHECK_OK(seL4_X86_Page_Map(second, root_vspace, free_region + 0x1000, seL4_AllRights, plain));
    word_at(free_region) = 0x77;
    CHECK_EQ(word_at(free_region + 0x1000), 0x77);
    remove(second); // unmaps its own mapping only
    CHECK_EQ(probe(free_region + 0x1000, false), 4 + 1);
    CHECK_EQ(word_at(free_region), 0x77);
    remove(frame);
    CHECK_EQ(probe(free_region, false), 4 + 1);
}

void unmapping_a_table_takes_its_pages_away()
{
    Slot const frame = make(seL4_X86_4K), table = make(seL4_X86_PageTableObject);
    map_tables(root_vspace, free_region, seL4_LargePageBits);
    REQUIRE_OK(seL4_X86_PageTable_Map(table, root_vspace, free_region, plain));
    REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, plain));
    word_at(free_region) = 5;
    CHECK_OK(seL4_X86_PageTable_Unmap(table));
    CHECK_EQ(probe(free_region, false), 4 + 1);
    CHECK_OK(seL4_X86_PageTable_Unmap(table));
    // The frame's capability can be mapped anew; contents are untouched.
    REQUIRE_OK(seL4_X86_PageTable_Map(table, root_vspace, free_region, plain));
    CHECK_EQ(probe(free_region, false), 4 + 1); // the table came back empty
    seL4_X86_Page_Unmap(frame);
    REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, plain));
    CHECK_EQ(word_at(free_region), 5);
}

void every_level_of_tables_unmaps()
{
    Slot const pdpt = make(seL4_X86_PDPTObject), pd = make(seL4_X86_PageDirectoryObject);
    Slot const pt = make(seL4_X86_PageTableObject), frame = make(seL4_X86_4K);
    auto const map_all = [&] {
        REQUIRE_OK(seL4_X86_PDPT_Map(pdpt, root_vspace, free_region, plain));
        REQUIRE_OK(seL4_X86_PageDirectory_Map(pd, root_vspace, free_region, plain));
        REQUIRE_OK(seL4_X86_PageTable_Map(pt, root_vspace, free_region, plain));
        REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, plain));
        word_at(free_region) = 1;
    };
    auto const unmap_all = [&] {
        seL4_X86_Page_Unmap(frame);
        seL4_X86_PageTable_Unmap(pt);
        seL4_X86_PageDirectory_Unmap(pd);
        seL4_X86_PDPT_Unmap(pdpt);
    };
    map_all();
    CHECK_OK(seL4_X86_PDPT_Unmap(pdpt));
    CHECK_EQ(probe(free_region, false), 4 + 1);
    unmap_all();
    map_all();
    CHECK_OK(seL4_X86_PageDirectory_Unmap(pd));
    CHECK_EQ(probe(free_region, false), 4 + 1);
    unmap_all();
    map_all();
    remove(pd); // deleting is unmapping too
    CHECK_EQ(probe(free_region, false), 4 + 1);
}

void bad_places_are_refused()
{
    Slot const frame = make(seL4_X86_4K), fresh = make(seL4_X64_PML4Object);
    struct Row {
        Word address, error;
    };
    for (Row row :
         {Row{0x7fff'ffff'f000, seL4_InvalidArgument}, Row{0x8000'0000'0000, seL4_InvalidArgument},
          Row{0xffff'8000'0000'0000, seL4_InvalidArgument},
          Row{0xffff'ffff'8000'0000, seL4_InvalidArgument}, Row{~Word{0xfff}, seL4_InvalidArgument},
          Row{free_region + 8, seL4_AlignmentError}, Row{0x7fff'ffff'e000, seL4_FailedLookup}})
        CHECK_EQ(seL4_X86_Page_Map(frame, root_vspace, row.address, seL4_AllRights, plain),
                 row.error);
    CHECK_ERROR(seL4_X86_Page_Map(frame, fresh, free_region, seL4_AllRights, plain),
                seL4_InvalidCapability, 1);
}

void a_frame_of_another_space_is_refused()
{
    Slot const other = make_vspace(), frame = make(seL4_X86_4K);
    map_tables(other, free_region);
    map_tables(root_vspace, free_region);
    CHECK_OK(seL4_X86_Page_Map(frame, other, free_region, seL4_AllRights, plain));
    CHECK_EQ(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, plain),
             seL4_InvalidCapability);
    CHECK_OK(seL4_X86_Page_Unmap(frame));
    CHECK_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, plain));
}

void address_spaces_are_separate()
{
    Slot const other = make_vspace();
    map_frame(root_vspace, free_region);
    word_at(free_region) = 0x11;
    CHECK_EQ(probe(free_region, false, other), 4 + 1);
    map_frame(other, free_region);
    CHECK_EQ(probe(free_region, true, other), 0);
    CHECK_EQ(word_at(free_region), 0x11);
}

void deleting_a_vspace_stops_its_threads()
{
    Slot const other = make_vspace(), fault_ep = make(seL4_EndpointObject);
    ThreadConfig config;
    config.vspace = other;
    config.priority = below_priority;
    config.fault_ep = fault_ep;
    Thread& thread = make_thread(config);
    thread.start([](Word) {
        for (;;) asm volatile("pause");
    });
    // The thread's TCB has a capability of its own, derived from this one.
    REQUIRE_OK(seL4_CNode_Revoke(root_cnode, other, depth));
    remove(other);
    // It cannot go on in a space that is gone; whatever happens to it, we go on.
    Operation const fault = now(recv(fault_ep, make(seL4_ReplyObject)));
    CHECK(fault.label() == seL4_Fault_VMFault || fault.label() == seL4_Fault_CapFault);
}

void asids_are_given_once()
{
    Slot const vspace = make(seL4_X64_PML4Object);
    CHECK_OK(seL4_X86_ASIDPool_Assign(seL4_CapInitThreadASIDPool, vspace));
    CHECK_ERROR(seL4_X86_ASIDPool_Assign(seL4_CapInitThreadASIDPool, vspace),
                seL4_InvalidCapability, 1);
    CHECK_ERROR(seL4_X86_ASIDPool_Assign(seL4_CapInitThreadASIDPool, make(seL4_X86_PDPTObject)),
                seL4_InvalidCapability, 1);
    CHECK_OK(seL4_X86_ASIDPool_Assign(seL4_CapInitThreadASIDPool, make(seL4_X64_PML4Object)));
}

void asid_pools_are_made_until_all_are_used()
{
    Word made = 0;
    Slot pools[9];
    Word error = seL4_NoError;
    while (made < 9 && error == seL4_NoError) {
        pools[made] = new_slots();
        error = seL4_X86_ASIDControl_MakePool(seL4_CapASIDControl, make(seL4_UntypedObject, 12),
                                              root_cnode, pools[made], depth);
        if (error == seL4_NoError) ++made;
    }
    CHECK_EQ(made, 7); // of 8, the first is ours
    CHECK_EQ(error, seL4_DeleteFirst);
    Slot const vspace = make(seL4_X64_PML4Object);
    CHECK_OK(seL4_X86_ASIDPool_Assign(pools[0], vspace));
    // Deleting a pool gives its place back.
    remove(pools[1]);
    Slot const again = new_slots();
    CHECK_OK(seL4_X86_ASIDControl_MakePool(seL4_CapASIDControl, make(seL4_UntypedObject, 12),
                                           root_cnode, again, depth));
}

void make_pool_checks_its_untyped()
{
    auto const make_pool = [](Slot untyped) {
        return seL4_X86_ASIDControl_MakePool(seL4_CapASIDControl, untyped, root_cnode, new_slots(),
                                             depth);
    };
    CHECK_ERROR(make_pool(make(seL4_UntypedObject, 13)), seL4_InvalidCapability, 1);
    CHECK_ERROR(make_pool(make(seL4_UntypedObject, 11)), seL4_InvalidCapability, 1);
    CHECK_ERROR(make_pool(make(seL4_TCBObject)), seL4_InvalidCapability, 1);
    Slot const used = make(seL4_UntypedObject, 12);
    REQUIRE_OK(try_make(used, seL4_EndpointObject, 0, new_slots()));
    CHECK_EQ(make_pool(used), seL4_RevokeFirst);
}

void memory_types_are_accepted()
{
    map_tables(root_vspace, free_region);
    Slot const frame = make(seL4_X86_4K);
    for (Word attributes = 0; attributes <= seL4_X86_WriteCombining; ++attributes) {
        CHECK_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights,
                                   static_cast<seL4_X86_VMAttributes>(attributes)));
        word_at(free_region) = attributes;
        CHECK_EQ(word_at(free_region), attributes);
    }
    // Bits that are no memory type are ignored, as in seL4.
    for (Word attributes : {Word{8}, Word{0x100}, Word{0x10060}, ~Word{7}}) {
        CHECK_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights,
                                   static_cast<seL4_X86_VMAttributes>(attributes)));
        word_at(free_region) = attributes;
        CHECK_EQ(word_at(free_region), attributes);
    }
}

constexpr Case cases[] = {
    {"4 KiB pages map, unmap and map elsewhere with their contents", pages_of_4k_map_and_unmap},
    {"2 MiB pages map and unmap", pages_of_2m_map_and_unmap},
    {"1 GiB pages map and unmap", pages_of_1g_map_and_unmap},
    {"mapping again changes the rights at once", remapping_changes_rights_at_once},
    {"a read-only capability makes read-only mappings", capability_rights_limit_a_mapping},
    {"a frame maps once through each of its capabilities", one_frame_maps_through_two_capabilities},
    {"unmapping a page table takes its pages away", unmapping_a_table_takes_its_pages_away},
    {"tables of every level unmap, and unmap when deleted", every_level_of_tables_unmaps},
    {"addresses of the kernel and crooked ones are refused", bad_places_are_refused},
    {"a frame mapped in another address space is refused", a_frame_of_another_space_is_refused},
    {"address spaces do not see each other's pages", address_spaces_are_separate},
    {"a thread whose address space is deleted stops with a fault",
     deleting_a_vspace_stops_its_threads},
    {"an address space gets one ASID", asids_are_given_once},
    {"eight ASID pools exist, and a deleted one can be made again",
     asid_pools_are_made_until_all_are_used},
    {"an ASID pool is made of an empty untyped of 4 KiB", make_pool_checks_its_untyped},
    {"all five memory types are accepted, other attribute bits ignored", memory_types_are_accepted},
};

} // namespace

Suite const vspace_suite = cases;

} // namespace kt

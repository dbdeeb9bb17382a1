// Methods of objects, as one thread calls them: libsel4's stub is included.
#include "stopwatch.hpp"

namespace bench {

namespace {

using namespace kt;

void mappings()
{
    map_tables(root_vspace, free_region);
    Slot const frame = make(seL4_X86_4K);
    auto const map = [frame] {
        seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights,
                          seL4_X86_Default_VMAttributes);
    };
    auto const unmap = [frame] { seL4_X86_Page_Unmap(frame); };
    for (begin("map_4k"); next_round(); unmap()) sample(around(map));
    report("map_4k");
    map();
    for (begin("remap_4k"); next_round();) sample(around(map));
    report("remap_4k");
    for (begin("unmap_4k"); next_round(); map()) sample(around(unmap));
    report("unmap_4k");
}

void capabilities()
{
    Slot const ep = make(seL4_EndpointObject), target = new_slots();
    auto const copy_it = [ep, target] {
        seL4_CNode_Copy(root_cnode, target, depth, root_cnode, ep, depth, seL4_AllRights);
    };
    auto const delete_it = [target] { seL4_CNode_Delete(root_cnode, target, depth); };
    for (begin("cnode_copy"); next_round(); delete_it()) sample(around(copy_it));
    report("cnode_copy");
    copy_it();
    for (begin("cnode_delete"); next_round(); copy_it()) sample(around(delete_it));
    report("cnode_delete");
    delete_it();
    for (begin("retype_notification"); next_round(); delete_it())
        sample(around([target] {
            seL4_Untyped_Retype(case_untyped(), seL4_NotificationObject, 0, root_cnode, 0, 0,
                                target, 1);
        }));
    report("retype_notification");
}

void revokes()
{
    constexpr Word count = 300;
    Slot const ep = make(seL4_EndpointObject), slots = new_slots(count);
    begin("revoke_300");
    for (;;) {
        for (Word i = 0; i < count; ++i)
            seL4_CNode_Mint(root_cnode, slots + i, depth, root_cnode, ep, depth, seL4_AllRights,
                            i + 1);
        if (!next_round()) break;
        sample(around([ep] { seL4_CNode_Revoke(root_cnode, ep, depth); }));
    }
    report("revoke_300");
}

void smallest_method()
{
    Slot const tcb = make_thread().tcb;
    for (begin("smallest_method"); next_round();) sample(around([tcb] { seL4_TCB_Suspend(tcb); }));
    report("smallest_method");
}

constexpr Case cases[] = {
    {"mappings", mappings},
    {"capabilities", capabilities},
    {"revoke", revokes},
    {"a method that has nothing to do", smallest_method},
};

} // namespace

Suite const object_operations = cases;

} // namespace bench

/* A root server in plain C against the names of libsel4: prints the boot information, makes
 * objects, maps memory, talks to a thread of its own, and reports in TAP. It shows that sources
 * written for seL4 work here, and runs on seL4 as well (scripts/run --root-server). */
#include "root.h"

#define PLAN 45

static seL4_CPtr free_slot, last_slot;

seL4_CPtr next_slot(void)
{
    return free_slot < last_slot ? free_slot++ : 0;
}

seL4_CPtr make(seL4_CPtr untyped, seL4_Word type, seL4_Word bits)
{
    seL4_CPtr slot = next_slot();
    if (seL4_Untyped_Retype(untyped, type, bits, ROOT, 0, 0, slot, 1) == seL4_NoError) return slot;
    print("# cannot make an object of type ");
    print_number(type);
    print("\n");
    return 0;
}

/* The largest untyped of RAM. */
static seL4_CPtr largest_untyped(seL4_BootInfo const* info)
{
    seL4_Word best = 0;
    seL4_CPtr slot = 0;
    for (seL4_Word i = 0; i < info->untyped.end - info->untyped.start; i++) {
        seL4_UntypedDesc it = info->untypedList[i];
        if (it.isDevice || it.sizeBits <= best) continue;
        best = it.sizeBits;
        slot = info->untyped.start + i;
    }
    return slot;
}

static int make_objects(seL4_BootInfo const* info, struct objects* objects)
{
    objects->untyped = largest_untyped(info);
    objects->tcb = make(objects->untyped, seL4_TCBObject, 0);
    objects->endpoint = make(objects->untyped, seL4_EndpointObject, 0);
    objects->fault_endpoint = make(objects->untyped, seL4_EndpointObject, 0);
    objects->sched_context =
        make(objects->untyped, seL4_SchedContextObject, seL4_MinSchedContextBits);
    objects->reply = make(objects->untyped, seL4_ReplyObject, 0);
    objects->fault_reply = make(objects->untyped, seL4_ReplyObject, 0);
    objects->notification = make(objects->untyped, seL4_NotificationObject, 0);
    objects->badged = next_slot();
    return tap(objects->tcb && objects->endpoint && objects->fault_endpoint &&
                   objects->sched_context && objects->reply && objects->fault_reply &&
                   objects->notification,
               "an untyped becomes a TCB, endpoints, a context, replies and a notification");
}

static void check_errors(const struct objects* objects)
{
    seL4_CPtr slot = next_slot();
    seL4_Error error = seL4_Untyped_Retype(objects->untyped, 99, 0, ROOT, 0, 0, slot, 1);
    tap(error == seL4_InvalidArgument && seL4_GetMR(0) == 0, "an unknown type is refused");
    error = seL4_Untyped_Retype(objects->untyped, seL4_EndpointObject, 0, ROOT, 0, 0, slot, 257);
    tap(error == seL4_RangeError && seL4_GetMR(0) == 1 && seL4_GetMR(1) == 256,
        "more than 256 objects are refused, with the range");
    error =
        seL4_Untyped_Retype(objects->untyped, seL4_EndpointObject, 0, ROOT, 0, 0, objects->tcb, 1);
    tap_error(error, seL4_DeleteFirst, "an occupied slot is refused");
    error = seL4_TCB_SetPriority(objects->sched_context, seL4_CapInitThreadTCB, 1);
    tap_error(error, seL4_IllegalOperation, "a scheduling context is no TCB");
    tap(seL4_DebugCapIdentify(slot) == 0, "refusals leave the slot empty");
    tap(seL4_DebugCapIdentify(objects->tcb) != 0, "a capability is identified");
}

static void check_notification(const struct objects* objects)
{
    seL4_CPtr badged = next_slot();
    seL4_Error error =
        seL4_CNode_Mint(ROOT, badged, 64, ROOT, objects->notification, 64, seL4_CanWrite, 6);
    tap_error(error, seL4_NoError, "a notification capability is minted");
    seL4_Word badge = 1;
    seL4_Poll(objects->notification, &badge);
    tap(badge == 0, "nothing was signalled");
    seL4_Signal(badged);
    seL4_Wait(objects->notification, &badge);
    tap(badge == 6, "a signal arrives with its badge");
}

static void check_revoke(const struct objects* objects)
{
    tap_error(seL4_CNode_Revoke(ROOT, objects->untyped, 64), seL4_NoError,
              "the untyped is revoked");
    tap(seL4_DebugCapIdentify(objects->tcb) == 0 && seL4_DebugCapIdentify(objects->badged) == 0,
        "everything made from it is gone");
}

int main(seL4_BootInfo* info)
{
    struct objects objects;
    free_slot = info->empty.start;
    last_slot = info->empty.end;

    /* No "TAP version" line: meson wants it first, and the kernel speaks before us. */
    print("1..");
    print_number(PLAN);
    print("\n");
    check_boot_info(info);
    if (make_objects(info, &objects)) {
        check_errors(&objects);
        check_notification(&objects);
        check_mapping(&objects);
        check_thread(info, &objects);
        check_revoke(&objects);
    }
    if (tap_count() != PLAN) print("Bail out! not every check was reached\n");
    print("# ");
    print_number(tap_failures());
    print(" failed\n# done\n");
    seL4_DebugHalt();
    return 0;
}

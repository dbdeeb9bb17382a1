/* A second thread with a scheduling context of its own serves calls on an endpoint, then faults. */
#include "root.h"

#include "runtime/tls.h"

#define BADGE 0x1234567890abcdeful
#define LONG_MESSAGE 20
#define WILD_ADDRESS 0x123456789000ul

/* Methods of the server. */
enum { ADD_ONE = 1, SUM = 2, BADGE_OF_CALLER = 3, FAULT = 4 };

static char stack[16384] __attribute__((aligned(16)));
static char local_storage[2048] __attribute__((aligned(64)));
static seL4_IPCBuffer ipc_buffer __attribute__((aligned(4096)));
/* Keeps the page of the IPC buffer free of other data. */
static char rest_of_page[3072] __attribute__((used, aligned(1024)));

/* Works out the answer to the message in the IPC buffer. */
static seL4_Word answer(seL4_MessageInfo_t info, seL4_Word badge)
{
    seL4_Word sum = 0;
    switch (seL4_MessageInfo_get_label(info)) {
    case ADD_ONE:
        return seL4_GetMR(0) + 1;
    case SUM:
        for (seL4_Word i = 0; i < seL4_MessageInfo_get_length(info); i++) sum += seL4_GetMR((int)i);
        return sum;
    case BADGE_OF_CALLER:
        return badge;
    default:
        return *(seL4_Word volatile*)WILD_ADDRESS;
    }
}

static void serve(seL4_CPtr endpoint, seL4_CPtr reply)
{
    seL4_Word badge;
    seL4_MessageInfo_t info = seL4_Recv(endpoint, &badge, reply);
    for (;;) {
        seL4_SetMR(0, answer(info, badge));
        info = seL4_ReplyRecv(endpoint, seL4_MessageInfo_new(0, 0, 0, 1), &badge, reply);
    }
}

/* Image frames are in ascending order: the capability to one of our own pages. */
static seL4_CPtr frame_of(seL4_BootInfo const* info, void const* address)
{
    extern char const __ehdr_start[];
    return info->userImageFrames.start + ((seL4_Word)address - (seL4_Word)__ehdr_start) / 4096;
}

static int start(seL4_BootInfo const* info, const struct objects* objects)
{
    seL4_Error error = seL4_TCB_Configure(objects->tcb, ROOT, 0, seL4_CapInitThreadVSpace, 0,
                                          (seL4_Word)&ipc_buffer, frame_of(info, &ipc_buffer));
    if (!tap_error(error, seL4_NoError, "the thread gets its spaces and IPC buffer")) return 0;
    error = seL4_SchedControl_Configure(info->schedcontrol.start, objects->sched_context, 10000,
                                        10000, 0, 0);
    if (!tap_error(error, seL4_NoError, "the scheduling context gets a budget")) return 0;
    error = seL4_TCB_SetSchedParams(objects->tcb, seL4_CapInitThreadTCB, 254, 254,
                                    objects->sched_context, objects->fault_endpoint);
    if (!tap_error(error, seL4_NoError, "the thread gets priority and context")) return 0;

    seL4_UserContext registers = {0};
    registers.rip = (seL4_Word)serve;
    registers.rsp = (seL4_Word)(stack + sizeof stack) - 8; /* as after a call instruction */
    registers.rdi = objects->endpoint;
    registers.rsi = objects->reply;
    registers.fs_base = runtime_tls_make(local_storage, &ipc_buffer);
    error = seL4_TCB_WriteRegisters(objects->tcb, 1, 0, sizeof registers / sizeof(seL4_Word),
                                    &registers);
    return tap_error(error, seL4_NoError, "the thread gets registers and starts");
}

static void check_calls(const struct objects* objects)
{
    seL4_Word value = 0;
    for (int i = 0; i < 1000; i++) {
        seL4_SetMR(0, value);
        seL4_Call(objects->endpoint, seL4_MessageInfo_new(ADD_ONE, 0, 0, 1));
        value = seL4_GetMR(0);
    }
    tap(value == 1000, "1000 calls are answered");

    for (int i = 0; i < LONG_MESSAGE; i++) seL4_SetMR(i, (seL4_Word)i);
    seL4_MessageInfo_t info =
        seL4_Call(objects->endpoint, seL4_MessageInfo_new(SUM, 0, 0, LONG_MESSAGE));
    tap(seL4_GetMR(0) == LONG_MESSAGE * (LONG_MESSAGE - 1) / 2, "20 words arrive");
    tap(seL4_MessageInfo_get_length(info) == 1, "the answer has one word");

    seL4_Call(objects->badged, seL4_MessageInfo_new(BADGE_OF_CALLER, 0, 0, 0));
    tap(seL4_GetMR(0) == BADGE, "the server sees the badge of the capability used");
    seL4_Call(objects->endpoint, seL4_MessageInfo_new(BADGE_OF_CALLER, 0, 0, 0));
    tap(seL4_GetMR(0) == 0, "an unbadged capability shows 0");
}

static void check_fault(const struct objects* objects)
{
    /* Not a Call: nobody will answer. */
    seL4_Send(objects->endpoint, seL4_MessageInfo_new(FAULT, 0, 0, 0));
    seL4_Word badge;
    seL4_MessageInfo_t info = seL4_Recv(objects->fault_endpoint, &badge, objects->fault_reply);
    tap(seL4_isVMFault_tag(info), "a wild read arrives as a VM fault");
    seL4_Fault_t fault = seL4_getFault(info);
    tap(seL4_Fault_VMFault_get_Addr(fault) == WILD_ADDRESS, "with the address");
    tap(seL4_Fault_VMFault_get_PrefetchFault(fault) == 0, "as a data access");
    tap_error(seL4_TCB_Suspend(objects->tcb), seL4_NoError, "the thread is stopped");
}

void check_thread(seL4_BootInfo const* info, const struct objects* objects)
{
    seL4_Error error = seL4_CNode_Mint(ROOT, objects->badged, 64, ROOT, objects->endpoint, 64,
                                       seL4_AllRights, BADGE);
    tap_error(error, seL4_NoError, "a badged endpoint capability is minted");
    if (!start(info, objects)) return;
    check_calls(objects);
    check_fault(objects);
}

/* IPC buffer, words of a CapFault, and names for common rights. Layout: abi/ipc_buffer.hpp. */
#pragma once

#include <sel4/constants.h>
#include <sel4/shared_types_gen.h>

typedef struct seL4_IPCBuffer_ {
    seL4_MessageInfo_t tag;
    seL4_Word msg[seL4_MsgMaxLength];
    seL4_Word userData;
    seL4_Word caps_or_badges[seL4_MsgMaxExtraCaps];
    seL4_CPtr receiveCNode, receiveIndex;
    seL4_Word receiveDepth;
} __attribute__((__aligned__(1024))) seL4_IPCBuffer;
SEL4_COMPILE_ASSERT(seL4_IPCBuffer_is_1_KiB, sizeof(seL4_IPCBuffer) == 1024)

typedef enum {
    seL4_CapFault_IP = 0,
    seL4_CapFault_Addr = 1,
    seL4_CapFault_InRecvPhase = 2,
    seL4_CapFault_LookupFailureType = 3,
    seL4_CapFault_BitsLeft = 4,
    /* What follows depends on the kind of lookup failure. */
    seL4_CapFault_DepthMismatch_BitsFound = 5,
    seL4_CapFault_GuardMismatch_GuardFound = 5,
    seL4_CapFault_GuardMismatch_BitsFound = 6,
    SEL4_FORCE_LONG_ENUM(seL4_CapFault_Msg)
} seL4_CapFault_Msg;

/* Arguments: grant reply, grant, read, write. */
#define seL4_NoRights seL4_CapRights_new(0, 0, 0, 0)
#define seL4_CanWrite seL4_CapRights_new(0, 0, 0, 1)
#define seL4_CanRead seL4_CapRights_new(0, 0, 1, 0)
#define seL4_ReadWrite seL4_CapRights_new(0, 0, 1, 1)
#define seL4_CanGrant seL4_CapRights_new(0, 1, 0, 0)
#define seL4_CanGrantReply seL4_CapRights_new(1, 0, 0, 0)
#define seL4_NoRead seL4_CapRights_new(1, 1, 0, 1)
#define seL4_NoWrite seL4_CapRights_new(1, 1, 1, 0)
#define seL4_AllRights seL4_CapRights_new(1, 1, 1, 1)

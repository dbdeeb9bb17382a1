/* All types of the interface. */
#pragma once

#include <sel4/config.h>

#include <sel4/macros.h>
#include <sel4/simple_types.h>

#include <sel4/arch/types.h>
#include <sel4/sel4_arch/types.h>
#include <sel4/sel4_arch/types_gen.h>

#include <sel4/syscall.h>

#include <sel4/objecttype.h>
/* These two count on from the generic object types, in this order. */
#include <sel4/arch/objecttype.h>
#include <sel4/sel4_arch/objecttype.h>

#include <sel4/constants.h>
#include <sel4/errors.h>
#include <sel4/shared_types_gen.h>
/* Needs the limits and bit fields above. */
#include <sel4/shared_types.h>

#include <sel4/arch/constants.h>
#include <sel4/mode/types.h>

#define seL4_UntypedRetypeMaxObjects CONFIG_RETYPE_FAN_OUT_LIMIT
#define seL4_NilData 0

typedef seL4_Word seL4_NodeId;
typedef seL4_Word seL4_PAddr;
typedef seL4_Word seL4_Domain;
typedef seL4_Uint64 seL4_Time; /* microseconds */

/* One name per kind of object; all are addresses in the caller's CSpace. */
typedef seL4_CPtr seL4_CNode;
typedef seL4_CPtr seL4_DomainSet;
typedef seL4_CPtr seL4_IRQControl;
typedef seL4_CPtr seL4_IRQHandler;
typedef seL4_CPtr seL4_SchedContext;
typedef seL4_CPtr seL4_SchedControl;
typedef seL4_CPtr seL4_TCB;
typedef seL4_CPtr seL4_Untyped;

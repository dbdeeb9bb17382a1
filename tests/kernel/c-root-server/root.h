/* Parts of the C root server. Every part uses only names of libsel4. */
#pragma once

#include "print.h"

#define ROOT seL4_CapInitThreadCNode

/* Objects that root.c makes, by slot. Slots are handed out from the empty region upwards. */
struct objects {
    seL4_CPtr untyped; /* the largest one of RAM */
    seL4_CPtr tcb, endpoint, badged, fault_endpoint, sched_context, reply, fault_reply;
    seL4_CPtr notification;
};

/* The next free slot of the root CNode. */
seL4_CPtr next_slot(void);

/* Retypes one object into a fresh slot; 0 on failure, which is printed. */
seL4_CPtr make(seL4_CPtr untyped, seL4_Word type, seL4_Word bits);

void check_boot_info(seL4_BootInfo const* info);
void check_mapping(const struct objects* objects);
void check_thread(seL4_BootInfo const* info, const struct objects* objects);

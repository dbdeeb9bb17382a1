/* Boot information. Start-up code hands its address to main; the two functions are seL4's older,
 * deprecated way to reach it. */
#pragma once

#include <sel4/types.h>
/* Needs the types. */
#include <sel4/bootinfo_types.h>

#ifdef __cplusplus
extern "C" {
#endif
void seL4_InitBootInfo(seL4_BootInfo* bi) SEL4_DEPRECATED("keep the address main is given");
seL4_BootInfo* seL4_GetBootInfo(void) SEL4_DEPRECATED("keep the address main is given");
#ifdef __cplusplus
}
#endif

/* Object types of x86-64, after the generic ones. */
#pragma once

#include <sel4/objecttype.h>

typedef enum _mode_object {
    seL4_X86_PDPTObject = 7,
    seL4_X64_PML4Object = 8,
    seL4_X64_HugePageObject = 9,
    seL4_ModeObjectTypeCount
} seL4_seL4ArchObjectType;
SEL4_COMPILE_ASSERT(mode_object_types_follow,
                    (int)seL4_X86_PDPTObject == (int)seL4_NonArchObjectTypeCount)

#define seL4_IA32_PDPTObject seL4_X86_PDPTObject

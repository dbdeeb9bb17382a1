/* Object types of all x86, after those of x86-64. */
#pragma once

#include <sel4/sel4_arch/objecttype.h>

typedef enum _object {
    seL4_X86_4K = 10,
    seL4_X86_LargePageObject = 11,
    seL4_X86_PageTableObject = 12,
    seL4_X86_PageDirectoryObject = 13,
    seL4_X86_IOPageTableObject = 14,
    seL4_X86_VCPUObject = 15,
    seL4_X86_EPTPML4Object = 16,
    seL4_X86_EPTPDPTObject = 17,
    seL4_X86_EPTPDObject = 18,
    seL4_X86_EPTPTObject = 19,
    seL4_ObjectTypeCount
} seL4_ArchObjectType;
SEL4_COMPILE_ASSERT(arch_object_types_follow, (int)seL4_X86_4K == (int)seL4_ModeObjectTypeCount)

typedef seL4_Word object_t;

/* Interrupt vectors, and sizes of the VT-x objects. */
#pragma once

/* The CPU's vector, and the one to program into an MSI, is the vector argument plus IRQ_OFFSET. */
#define IRQ_OFFSET (0x20 + 16)

/* libsel4's bounds; the kernel, here as there, takes 0 to 107 (abi/constants.hpp). */
#define VECTOR_MIN (0)
#define VECTOR_MAX (109)
#define MSI_MIN VECTOR_MIN
#define MSI_MAX VECTOR_MAX

#define seL4_VCPUBits 14
#define seL4_X86_VCPUBits seL4_VCPUBits

#define seL4_X86_EPTPML4EntryBits 3
#define seL4_X86_EPTPML4IndexBits 9
#define seL4_X86_EPTPML4Bits 12
#define seL4_X86_EPTPDPTEntryBits 3
#define seL4_X86_EPTPDPTIndexBits 9
#define seL4_X86_EPTPDPTBits 12
#define seL4_X86_EPTPDEntryBits 3
#define seL4_X86_EPTPDIndexBits 9
#define seL4_X86_EPTPDBits 12
#define seL4_X86_EPTPTEntryBits 3
#define seL4_X86_EPTPTIndexBits 9
#define seL4_X86_EPTPTBits 12

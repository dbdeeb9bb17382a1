/* Method stubs: paging, address space identifiers and I/O ports of x86.
 * Arguments, errors and rights: docs/kernel-api and abi/errors.hpp. */
#pragma once

#include <interfaces/invoke.h>

/* Maps a page directory pointer table. */
LIBSEL4_INLINE seL4_Error seL4_X86_PDPT_Map(seL4_X86_PDPT _service, seL4_X64_PML4 pml4,
                                            seL4_Word vaddr, seL4_X86_VMAttributes attr)
{
    seL4_Word mr[4] = {vaddr, (seL4_Word)attr};
    seL4_SetCap(0, pml4);
    return hypercore_invoke(_service, X86PDPTMap, 1, 2, mr);
}

/* Unmaps it. */
LIBSEL4_INLINE seL4_Error seL4_X86_PDPT_Unmap(seL4_X86_PDPT _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, X86PDPTUnmap, 0, 0, mr);
}

/* Maps a page directory. */
LIBSEL4_INLINE seL4_Error seL4_X86_PageDirectory_Map(seL4_X86_PageDirectory _service,
                                                     seL4_CPtr vspace, seL4_Word vaddr,
                                                     seL4_X86_VMAttributes attr)
{
    seL4_Word mr[4] = {vaddr, (seL4_Word)attr};
    seL4_SetCap(0, vspace);
    return hypercore_invoke(_service, X86PageDirectoryMap, 1, 2, mr);
}

/* Unmaps it. */
LIBSEL4_INLINE seL4_Error seL4_X86_PageDirectory_Unmap(seL4_X86_PageDirectory _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, X86PageDirectoryUnmap, 0, 0, mr);
}

/* Maps a page table. */
LIBSEL4_INLINE seL4_Error seL4_X86_PageTable_Map(seL4_X86_PageTable _service, seL4_CPtr vspace,
                                                 seL4_Word vaddr, seL4_X86_VMAttributes attr)
{
    seL4_Word mr[4] = {vaddr, (seL4_Word)attr};
    seL4_SetCap(0, vspace);
    return hypercore_invoke(_service, X86PageTableMap, 1, 2, mr);
}

/* Unmaps it. */
LIBSEL4_INLINE seL4_Error seL4_X86_PageTable_Unmap(seL4_X86_PageTable _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, X86PageTableUnmap, 0, 0, mr);
}

/* Maps a frame, or changes rights of its mapping at the same address. */
LIBSEL4_INLINE seL4_Error seL4_X86_Page_Map(seL4_X86_Page _service, seL4_CPtr vspace,
                                            seL4_Word vaddr, seL4_CapRights_t rights,
                                            seL4_X86_VMAttributes attr)
{
    seL4_Word mr[4] = {vaddr, rights.words[0], (seL4_Word)attr};
    seL4_SetCap(0, vspace);
    return hypercore_invoke(_service, X86PageMap, 1, 3, mr);
}

/* Unmaps it; succeeds when it is not mapped. */
LIBSEL4_INLINE seL4_Error seL4_X86_Page_Unmap(seL4_X86_Page _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, X86PageUnmap, 0, 0, mr);
}

/* Reserved for the IOMMU. */
LIBSEL4_INLINE seL4_Error seL4_X86_Page_MapIO(seL4_X86_Page _service, seL4_X86_IOSpace iospace,
                                              seL4_CapRights_t rights, seL4_Word ioaddr)
{
    seL4_Word mr[4] = {rights.words[0], ioaddr};
    seL4_SetCap(0, iospace);
    return hypercore_invoke(_service, X86PageMapIO, 1, 2, mr);
}

/* Physical address of the frame. */
typedef struct seL4_X86_Page_GetAddress {
    int error;
    seL4_Word paddr;
} seL4_X86_Page_GetAddress_t;
LIBSEL4_INLINE seL4_X86_Page_GetAddress_t seL4_X86_Page_GetAddress(seL4_X86_Page _service)
{
    seL4_Word mr[4] = {0};
    seL4_X86_Page_GetAddress_t result;
    result.error = (int)hypercore_invoke(_service, X86PageGetAddress, 0, 0, mr);
    result.paddr = mr[0];
    return result;
}

/* Reserved for VT-x. */
LIBSEL4_INLINE seL4_Error seL4_X86_Page_MapEPT(seL4_X86_Page _service, seL4_X86_EPTPML4 eptpml4,
                                               seL4_Word gpa, seL4_CapRights_t rights,
                                               seL4_X86_EPT_VMAttributes attr)
{
    seL4_Word mr[4] = {gpa, rights.words[0], (seL4_Word)attr};
    seL4_SetCap(0, eptpml4);
    return hypercore_invoke(_service, X86PageMapEPT, 1, 3, mr);
}

/* Turns a 4 KiB untyped into a pool of address space identifiers. */
LIBSEL4_INLINE seL4_Error seL4_X86_ASIDControl_MakePool(seL4_X86_ASIDControl _service,
                                                        seL4_Untyped untyped, seL4_CNode root,
                                                        seL4_Word index, seL4_Uint8 depth)
{
    seL4_Word mr[4] = {index, (seL4_Word)depth};
    seL4_SetCap(0, untyped);
    seL4_SetCap(1, root);
    return hypercore_invoke(_service, X86ASIDControlMakePool, 2, 2, mr);
}

/* Gives a VSpace an identifier, without which nothing can be mapped in it. */
LIBSEL4_INLINE seL4_Error seL4_X86_ASIDPool_Assign(seL4_X86_ASIDPool _service, seL4_CPtr vspace)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, vspace);
    return hypercore_invoke(_service, X86ASIDPoolAssign, 1, 0, mr);
}

/* Capability to the ports first to last, both included. */
LIBSEL4_INLINE seL4_Error seL4_X86_IOPortControl_Issue(seL4_X86_IOPortControl _service,
                                                       seL4_Word first_port, seL4_Word last_port,
                                                       seL4_CNode root, seL4_Word index,
                                                       seL4_Uint8 depth)
{
    seL4_Word mr[4] = {first_port, last_port, index, (seL4_Word)depth};
    seL4_SetCap(0, root);
    return hypercore_invoke(_service, X86IOPortControlIssue, 1, 4, mr);
}

/* Reads a byte. */
typedef struct seL4_X86_IOPort_In8 {
    int error;
    seL4_Uint8 result;
} seL4_X86_IOPort_In8_t;
LIBSEL4_INLINE seL4_X86_IOPort_In8_t seL4_X86_IOPort_In8(seL4_X86_IOPort _service, seL4_Uint16 port)
{
    seL4_Word mr[4] = {(seL4_Word)port};
    seL4_X86_IOPort_In8_t result;
    result.error = (int)hypercore_invoke(_service, X86IOPortIn8, 0, 1, mr);
    result.result = (seL4_Uint8)mr[0];
    return result;
}

/* Reads two bytes. */
typedef struct seL4_X86_IOPort_In16 {
    int error;
    seL4_Uint16 result;
} seL4_X86_IOPort_In16_t;
LIBSEL4_INLINE seL4_X86_IOPort_In16_t seL4_X86_IOPort_In16(seL4_X86_IOPort _service,
                                                           seL4_Uint16 port)
{
    seL4_Word mr[4] = {(seL4_Word)port};
    seL4_X86_IOPort_In16_t result;
    result.error = (int)hypercore_invoke(_service, X86IOPortIn16, 0, 1, mr);
    result.result = (seL4_Uint16)mr[0];
    return result;
}

/* Reads four bytes. */
typedef struct seL4_X86_IOPort_In32 {
    int error;
    seL4_Uint32 result;
} seL4_X86_IOPort_In32_t;
LIBSEL4_INLINE seL4_X86_IOPort_In32_t seL4_X86_IOPort_In32(seL4_X86_IOPort _service,
                                                           seL4_Uint16 port)
{
    seL4_Word mr[4] = {(seL4_Word)port};
    seL4_X86_IOPort_In32_t result;
    result.error = (int)hypercore_invoke(_service, X86IOPortIn32, 0, 1, mr);
    result.result = (seL4_Uint32)mr[0];
    return result;
}

/* Writes a byte. */
LIBSEL4_INLINE seL4_Error seL4_X86_IOPort_Out8(seL4_X86_IOPort _service, seL4_Word port,
                                               seL4_Word data)
{
    seL4_Word mr[4] = {port, data};
    return hypercore_invoke(_service, X86IOPortOut8, 0, 2, mr);
}

/* Writes two bytes. */
LIBSEL4_INLINE seL4_Error seL4_X86_IOPort_Out16(seL4_X86_IOPort _service, seL4_Word port,
                                                seL4_Word data)
{
    seL4_Word mr[4] = {port, data};
    return hypercore_invoke(_service, X86IOPortOut16, 0, 2, mr);
}

/* Writes four bytes. */
LIBSEL4_INLINE seL4_Error seL4_X86_IOPort_Out32(seL4_X86_IOPort _service, seL4_Word port,
                                                seL4_Word data)
{
    seL4_Word mr[4] = {port, data};
    return hypercore_invoke(_service, X86IOPortOut32, 0, 2, mr);
}

/* Reserved for the IOMMU. */
LIBSEL4_INLINE seL4_Error seL4_X86_IOPageTable_Map(seL4_X86_IOPageTable _service,
                                                   seL4_X86_IOSpace iospace, seL4_Word ioaddr)
{
    seL4_Word mr[4] = {ioaddr};
    seL4_SetCap(0, iospace);
    return hypercore_invoke(_service, X86IOPageTableMap, 1, 1, mr);
}

/* Reserved for the IOMMU. */
LIBSEL4_INLINE seL4_Error seL4_X86_IOPageTable_Unmap(seL4_X86_IOPageTable _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, X86IOPageTableUnmap, 0, 0, mr);
}

/* Maps a page in a part of the address space that has no paging structures yet. */
#include "root.h"

#include <sel4/arch/mapping.h>

#define ADDRESS 0x10000000000ul /* 1 TiB: a PML4 entry of its own */

static void check_missing_tables(seL4_CPtr untyped, seL4_CPtr page)
{
    static const struct {
        seL4_Word type, missing;
        char const* what;
    } level[] = {
        {seL4_X86_PDPTObject, SEL4_MAPPING_LOOKUP_NO_PDPT, "a missing PDPT is reported"},
        {seL4_X86_PageDirectoryObject, SEL4_MAPPING_LOOKUP_NO_PD,
         "a missing page directory is reported"},
        {seL4_X86_PageTableObject, SEL4_MAPPING_LOOKUP_NO_PT, "a missing page table is reported"},
    };
    for (int i = 0; i < 3; i++) {
        seL4_Error error = seL4_X86_Page_Map(page, seL4_CapInitThreadVSpace, ADDRESS,
                                             seL4_AllRights, seL4_X86_Default_VMAttributes);
        tap(error == seL4_FailedLookup && seL4_MappingFailedLookupLevel() == level[i].missing,
            level[i].what);
        seL4_CPtr table = make(untyped, level[i].type, 0);
        if (i == 0)
            error = seL4_X86_PDPT_Map(table, seL4_CapInitThreadVSpace, ADDRESS, 0);
        else if (i == 1)
            error = seL4_X86_PageDirectory_Map(table, seL4_CapInitThreadVSpace, ADDRESS, 0);
        else
            error = seL4_X86_PageTable_Map(table, seL4_CapInitThreadVSpace, ADDRESS, 0);
        tap_error(error, seL4_NoError, "the table is mapped");
    }
}

void check_mapping(const struct objects* objects)
{
    seL4_CPtr page = make(objects->untyped, seL4_X86_4K, 0);
    check_missing_tables(objects->untyped, page);
    if (!tap_error(seL4_X86_Page_Map(page, seL4_CapInitThreadVSpace, ADDRESS, seL4_AllRights,
                                     seL4_X86_Default_VMAttributes),
                   seL4_NoError, "a page is mapped"))
        return;
    seL4_Word volatile* word = (seL4_Word volatile*)ADDRESS;
    int clear = 1;
    for (int i = 0; i < 512; i++) clear &= word[i] == 0;
    tap(clear, "a fresh page is clear");
    *word = 0x5a5a;
    tap(*word == 0x5a5a, "it holds what is written");
    seL4_X86_Page_GetAddress_t address = seL4_X86_Page_GetAddress(page);
    tap(address.error == seL4_NoError && address.paddr && (address.paddr & 4095) == 0,
        "its physical address is given");
    tap_error(seL4_X86_Page_Unmap(page), seL4_NoError, "it is unmapped");
}

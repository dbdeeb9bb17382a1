/* Prints what the kernel said at boot, and checks what every root server relies on. */
#include "root.h"

static void print_region(char const* name, seL4_SlotRegion region)
{
    print("# region ");
    print(name);
    print(" ");
    print_number(region.start);
    print(" ");
    print_number(region.end);
    print("\n");
}

static void print_regions(seL4_BootInfo const* info)
{
    print_region("empty", info->empty);
    print_region("sharedFrames", info->sharedFrames);
    print_region("userImageFrames", info->userImageFrames);
    print_region("userImagePaging", info->userImagePaging);
    print_region("ioSpaceCaps", info->ioSpaceCaps);
    print_region("extraBIPages", info->extraBIPages);
    print_region("schedcontrol", info->schedcontrol);
    print_region("untyped", info->untyped);
}

static void print_untypeds(seL4_BootInfo const* info)
{
    for (seL4_Word i = 0; i < info->untyped.end - info->untyped.start; i++) {
        print(info->untypedList[i].isDevice ? "# device untyped " : "# untyped ");
        print_hex(info->untypedList[i].paddr);
        print(" ");
        print_number(info->untypedList[i].sizeBits);
        print("\n");
    }
}

/* The chunk after `chunk`, the first one after a null pointer; null at the end of the extra boot
 * information or of what makes sense. */
static seL4_BootInfoHeader const* next_chunk(seL4_BootInfo const* info,
                                             seL4_BootInfoHeader const* chunk)
{
    char const* extra = (char const*)info + seL4_BootInfoFrameSize;
    seL4_Word at = chunk ? (seL4_Word)((char const*)chunk - extra) + chunk->len : 0;
    if (at + sizeof *chunk > info->extraLen) return 0;
    chunk = (seL4_BootInfoHeader const*)(extra + at);
    return chunk->len < sizeof *chunk || chunk->len > info->extraLen - at ? 0 : chunk;
}

static seL4_BootInfoHeader const* find_chunk(seL4_BootInfo const* info, seL4_Word id)
{
    seL4_BootInfoHeader const* chunk = 0;
    while ((chunk = next_chunk(info, chunk)) && chunk->id != id) continue;
    return chunk;
}

static void print_chunks(seL4_BootInfo const* info)
{
    seL4_BootInfoHeader const* chunk = 0;
    while ((chunk = next_chunk(info, chunk))) {
        print("# chunk ");
        print_hex(chunk->id);
        print(" length ");
        print_number(chunk->len);
        print("\n");
    }
}

static int untypeds_are_aligned(seL4_BootInfo const* info)
{
    for (seL4_Word i = 0; i < info->untyped.end - info->untyped.start; i++) {
        seL4_UntypedDesc it = info->untypedList[i];
        if (it.sizeBits < seL4_MinUntypedBits || it.sizeBits > seL4_MaxUntypedBits) return 0;
        if (it.paddr & (LIBSEL4_BIT(it.sizeBits) - 1)) return 0;
    }
    return 1;
}

static int regions_are_in_the_cnode(seL4_BootInfo const* info)
{
    seL4_SlotRegion const* region = &info->empty;
    seL4_Word slots = LIBSEL4_BIT(info->initThreadCNodeSizeBits);
    for (int i = 0; i < 6; i++)
        if (region[i].start > region[i].end || region[i].end > slots) return 0;
    return info->untyped.start <= info->untyped.end && info->untyped.end <= slots;
}

void check_boot_info(seL4_BootInfo const* info)
{
    print("# boot info ");
    print_hex((seL4_Word)info);
    print(", IPC buffer ");
    print_hex((seL4_Word)info->ipcBuffer);
    print(", CNode bits ");
    print_number(info->initThreadCNodeSizeBits);
    print("\n");
    print_regions(info);
    print_untypeds(info);
    print_chunks(info);

    tap(info->nodeID == 0 && info->numNodes == 1, "one node");
    tap(((seL4_Word)info->ipcBuffer & 4095) == 0 && seL4_GetIPCBuffer() == info->ipcBuffer,
        "the IPC buffer is on a page of its own");
    tap(regions_are_in_the_cnode(info), "slot regions lie in the root CNode");
    tap(info->schedcontrol.end == info->schedcontrol.start + 1, "one SchedControl capability");
    tap(info->untyped.end - info->untyped.start <= CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS,
        "no more untypeds than boot info can describe");
    tap(untypeds_are_aligned(info), "untypeds are aligned to their size");
    seL4_BootInfoHeader const* tsc = find_chunk(info, SEL4_BOOTINFO_HEADER_X86_TSC_FREQ);
    tap(tsc && tsc->len == 20 && *(seL4_Uint32 const*)(tsc + 1) > 0, "the TSC frequency is given");
    tap(find_chunk(info, SEL4_BOOTINFO_HEADER_X86_ACPI_RSDP) != 0, "the ACPI RSDP is given");
}

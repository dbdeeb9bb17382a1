/* Chunks of extra boot information that only x86 has. VBE structures: VESA BIOS Extension Core
 * Functions 3.0, "Return VBE Controller Information", "Return VBE Mode Information". Memory map and
 * framebuffer: Multiboot specifications, "Boot information". */
#pragma once

#include <sel4/types.h>
/* Needs the types. */
#include <sel4/bootinfo_types.h>

#define SEL4_MULTIBOOT_MAX_MMAP_ENTRIES 50
#define SEL4_MULTIBOOT_RAM_REGION_TYPE 1

typedef struct seL4_VBEInfoBlock {
    char signature[4];
    seL4_Uint16 version;
    seL4_Uint32 oemStringPtr, capabilities, modeListPtr;
    seL4_Uint16 totalMemory, oemSoftwareRev;
    seL4_Uint32 oemVendorNamePtr, oemProductNamePtr, oemProductRevPtr;
    seL4_Uint8 reserved[222], oemData[256];
} SEL4_PACKED seL4_VBEInfoBlock_t;
SEL4_COMPILE_ASSERT(seL4_VBEInfoBlock_is_512_bytes, sizeof(seL4_VBEInfoBlock_t) == 512)

/* A mode description in the parts that each VBE version added. */
typedef struct seL4_VBEModeInfoCommon {
    seL4_Uint16 modeAttr;
    seL4_Uint8 winAAttr, winBAttr;
    seL4_Uint16 winGranularity, winSize, winASeg, winBSeg;
    seL4_Uint32 winFuncPtr;
    seL4_Uint16 bytesPerScanLine;
} SEL4_PACKED seL4_VBEModeInfoCommon_t;
typedef struct seL4_VBEInfo12Part1 {
    seL4_Uint16 xRes, yRes;
    seL4_Uint8 xCharSize, yCharSize, planes, bitsPerPixel, banks, memoryModel, bankSize, imagePages;
    seL4_Uint8 reserved1;
} SEL4_PACKED seL4_VBEInfo12Part1_t;
typedef struct seL4_VBEInfo12Part2 {
    seL4_Uint8 redLen, redOff, greenLen, greenOff, blueLen, blueOff, rsvdLen, rsvdOff;
    seL4_Uint8 directColorInfo;
} SEL4_PACKED seL4_VBEInfo12Part2_t;
typedef struct seL4_VBEInfo20 {
    seL4_Uint32 physBasePtr;
    seL4_Uint8 reserved2[6];
} SEL4_PACKED seL4_VBEInfo20_t;
typedef struct seL4_VBEInfo30 {
    seL4_Uint16 linBytesPerScanLine;
    seL4_Uint8 bnkImagePages, linImagePages, linRedLen, linRedOff, linGreenLen, linGreenOff;
    seL4_Uint8 linBlueLen, linBlueOff, linRsvdLen, linRsvdOff;
    seL4_Uint32 maxPixelClock;
    seL4_Uint16 modeId;
    seL4_Uint8 depth;
} SEL4_PACKED seL4_VBEInfo30_t;
typedef struct seL4_VBEModeInfoBlock {
    seL4_VBEModeInfoCommon_t vbe_common;
    seL4_VBEInfo12Part1_t vbe12_part1;
    seL4_VBEInfo12Part2_t vbe12_part2;
    seL4_VBEInfo20_t vbe20;
    seL4_VBEInfo30_t vbe30;
    seL4_Uint8 reserved3[187];
} SEL4_PACKED seL4_VBEModeInfoBlock_t;

typedef struct _seL4_X86_BootInfo_VBE {
    seL4_BootInfoHeader header;
    seL4_VBEInfoBlock_t vbeInfoBlock;
    seL4_VBEModeInfoBlock_t vbeModeInfoBlock;
    seL4_Uint32 vbeMode, vbeInterfaceSeg, vbeInterfaceOff, vbeInterfaceLen;
} SEL4_PACKED seL4_X86_BootInfo_VBE;

/* Entry of the memory map; `size` counts the bytes after itself. */
typedef struct seL4_X86_mb_mmap {
    seL4_Uint32 size;
    seL4_Uint64 base_addr, length;
    seL4_Uint32 type;
} SEL4_PACKED seL4_X86_mb_mmap_t;

typedef struct seL4_X86_BootInfo_mmap {
    seL4_BootInfoHeader header;
    seL4_Uint32 mmap_length; /* bytes in use */
    seL4_X86_mb_mmap_t mmap[SEL4_MULTIBOOT_MAX_MMAP_ENTRIES];
} SEL4_PACKED seL4_X86_BootInfo_mmap_t;
SEL4_COMPILE_ASSERT(seL4_X86_BootInfo_mmap_is_1220_bytes, sizeof(seL4_X86_BootInfo_mmap_t) == 1220)

/* Declared only, as in libsel4: the layout is multiboot2's framebuffer tag. */
typedef struct multiboot2_fb seL4_X86_BootInfo_fb_t;

/* What the root task is told; the layout with its reasons: abi/boot_info.hpp. */
#pragma once

#include <sel4/types.h>

/* Slots of the root CNode that the kernel fills. */
enum seL4_RootCNodeCapSlots {
    seL4_CapNull = 0,
    seL4_CapInitThreadTCB = 1,
    seL4_CapInitThreadCNode = 2,
    seL4_CapInitThreadVSpace = 3,
    seL4_CapIRQControl = 4,
    seL4_CapASIDControl = 5,
    seL4_CapInitThreadASIDPool = 6,
    seL4_CapIOPortControl = 7,
    seL4_CapIOSpace = 8, /* empty without an IOMMU */
    seL4_CapBootInfoFrame = 9,
    seL4_CapInitThreadIPCBuffer = 10,
    seL4_CapDomain = 11,
    seL4_CapSMMUSIDControl = 12, /* empty on x86, as the next */
    seL4_CapSMMUCBControl = 13,
    seL4_CapInitThreadSC = 14,
    seL4_CapSMC = 15, /* empty on x86 */
    seL4_NumInitialCaps = 16
};
#define seL4_CapInitThreadPD seL4_CapInitThreadVSpace

typedef seL4_Word seL4_SlotPos;

/* Slots from start up to, not including, end. */
typedef struct seL4_SlotRegion {
    seL4_SlotPos start, end;
} seL4_SlotRegion;

typedef struct seL4_UntypedDesc {
    seL4_Word paddr;
    seL4_Uint8 sizeBits, isDevice;
    seL4_Uint8 padding[6];
} seL4_UntypedDesc;
SEL4_COMPILE_ASSERT(seL4_UntypedDesc_is_two_words, sizeof(seL4_UntypedDesc) == 16)

typedef struct seL4_BootInfo {
    seL4_Word extraLen; /* bytes of extra chunks, on the pages after this one */
    seL4_NodeId nodeID;
    seL4_Word numNodes, numIOPTLevels;
    seL4_IPCBuffer* ipcBuffer;
    seL4_SlotRegion empty, sharedFrames, userImageFrames, userImagePaging, ioSpaceCaps,
        extraBIPages;
    seL4_Word initThreadCNodeSizeBits;
    seL4_Domain initThreadDomain;
    seL4_SlotRegion schedcontrol; /* one per node */
    seL4_SlotRegion untyped;      /* described in the same order by untypedList */
    seL4_UntypedDesc untypedList[CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS];
} seL4_BootInfo;

#define seL4_BootInfoFrameBits seL4_PageBits
#define seL4_BootInfoFrameSize LIBSEL4_BIT(seL4_BootInfoFrameBits)
SEL4_COMPILE_ASSERT(seL4_BootInfo_fits_its_frame, sizeof(seL4_BootInfo) <= seL4_BootInfoFrameSize)

typedef enum {
    SEL4_BOOTINFO_HEADER_PADDING = 0,
    SEL4_BOOTINFO_HEADER_X86_VBE = 1,
    SEL4_BOOTINFO_HEADER_X86_MBMMAP = 2,
    SEL4_BOOTINFO_HEADER_X86_ACPI_RSDP = 3,
    SEL4_BOOTINFO_HEADER_X86_FRAMEBUFFER = 4,
    SEL4_BOOTINFO_HEADER_X86_TSC_FREQ = 5, /* u32, MHz */
    SEL4_BOOTINFO_HEADER_FDT = 6,
    SEL4_BOOTINFO_HEADER_NUM,
    SEL4_FORCE_LONG_ENUM(seL4_BootInfoID)
} seL4_BootInfoID;

/* Leads every chunk of extra boot information. */
typedef struct seL4_BootInfoHeader {
    seL4_Word id;
    seL4_Word len; /* bytes, this header included */
} seL4_BootInfoHeader;
SEL4_COMPILE_ASSERT(seL4_BootInfoHeader_is_two_words, sizeof(seL4_BootInfoHeader) == 16)

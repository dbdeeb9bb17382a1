// What the kernel tells the root server: regions, slots, untypeds, chunks. [seL4 manual,
// "System Bootstrapping"; the layout is checked at compile time by tests/unit/libs/abi]
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

Word untyped_count()
{
    return boot_info().untyped.end - boot_info().untyped.start;
}

struct Region {
    char const* name;
    seL4_SlotRegion slots;
};

std::span<Region const> regions()
{
    static Region all[7];
    seL4_BootInfo const& info = boot_info();
    all[0] = {"sched control", info.schedcontrol};
    all[1] = {"image paging", info.userImagePaging};
    all[2] = {"extra boot info", info.extraBIPages};
    all[3] = {"image frames", info.userImageFrames};
    all[4] = {"untyped", info.untyped};
    all[5] = {"empty", info.empty};
    all[6] = {"io spaces", info.ioSpaceCaps};
    return all;
}

void regions_fill_the_cnode_once()
{
    Word const size = Word{1} << boot_info().initThreadCNodeSizeBits;
    Word slots = seL4_NumInitialCaps;
    for (Region const& region : regions()) {
        CHECK(region.slots.start <= region.slots.end);
        CHECK(region.slots.end <= size);
        slots += region.slots.end - region.slots.start;
        for (Region const& other : regions()) {
            if (&other == &region || other.slots.start == other.slots.end) continue;
            CHECK(other.slots.end <= region.slots.start || other.slots.start >= region.slots.end);
        }
    }
    CHECK_EQ(slots, size);
    CHECK_EQ(boot_info().schedcontrol.start, seL4_NumInitialCaps);
    CHECK_EQ(boot_info().sharedFrames.start, boot_info().sharedFrames.end);
}

void slots_hold_what_the_regions_say()
{
    constexpr Word empty_slots[] = {seL4_CapNull, seL4_CapIOSpace, seL4_CapSMMUSIDControl,
                                    seL4_CapSMMUCBControl, 15};
    for (Slot slot = 0; slot < seL4_NumInitialCaps; ++slot) {
        bool want_empty = false;
        for (Word listed : empty_slots) want_empty |= listed == slot;
        CHECK_EQ(is_empty(slot), want_empty);
    }
    Slot const first_unused = new_slots(); // the harness's own lie below
    for (Region const& region : regions())
        for (Slot slot = region.slots.start; slot < region.slots.end; ++slot) {
            if (region.slots.start == boot_info().empty.start && slot < first_unused) continue;
            if (is_empty(slot) != (region.slots.start == boot_info().empty.start)) {
                print("# slot ", slot, " of ", region.name, "\n");
                REQUIRE(false);
            }
        }
}

void numbers_describe_one_node()
{
    seL4_BootInfo const& info = boot_info();
    CHECK_EQ(info.nodeID, 0);
    CHECK_EQ(info.numNodes, 1);
    CHECK_EQ(info.numIOPTLevels, 0);
    CHECK_EQ(info.initThreadDomain, 0);
    CHECK_EQ(info.schedcontrol.end - info.schedcontrol.start, 1);
    CHECK(info.initThreadCNodeSizeBits >= 12 && info.initThreadCNodeSizeBits <= 18);
    CHECK_EQ(reinterpret_cast<Word>(info.ipcBuffer) % 4096, 0);
    CHECK_EQ(reinterpret_cast<Word>(&info) % 4096, 0);
    CHECK(untyped_count() <= CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS);
}

void image_frames_are_contiguous()
{
    seL4_SlotRegion const frames = boot_info().userImageFrames;
    CHECK(frames.end - frames.start >= image_pages());
    auto const first = seL4_X86_Page_GetAddress(frames.start);
    REQUIRE_EQ(first.error, 0);
    for (Slot slot = frames.start; slot < frames.end; ++slot) {
        auto const page = seL4_X86_Page_GetAddress(slot);
        REQUIRE_EQ(page.error, 0);
        REQUIRE_EQ(page.paddr, first.paddr + (slot - frames.start) * 4096);
    }
}

void image_frames_are_our_memory()
{
    // A second mapping of the frame must show the same bytes.
    static Word volatile word;
    word = 0x1234;
    Slot const frame = copy(image_frame(const_cast<Word const*>(&word)));
    map_tables(root_vspace, free_region);
    REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights,
                                 seL4_X86_Default_VMAttributes));
    auto* const alias =
        reinterpret_cast<Word volatile*>(free_region + reinterpret_cast<Word>(&word) % 4096);
    CHECK_EQ(*alias, 0x1234);
    *alias = 0x5678;
    CHECK_EQ(word, 0x5678);
}

void untypeds_are_disjoint()
{
    seL4_UntypedDesc const* const list = boot_info().untypedList;
    for (Word i = 0; i < untyped_count(); ++i) {
        Word const size = Word{1} << list[i].sizeBits;
        CHECK(list[i].sizeBits >= seL4_MinUntypedBits && list[i].sizeBits <= seL4_MaxUntypedBits);
        CHECK_EQ(list[i].paddr & (size - 1), 0);
        CHECK(list[i].paddr + size <= Word{1} << 47);
        if (i == 0) continue;
        // Device memory first, and each kind in ascending order: with that neighbours suffice.
        CHECK(list[i - 1].isDevice >= list[i].isDevice);
        if (list[i - 1].isDevice == list[i].isDevice)
            CHECK(list[i - 1].paddr + (Word{1} << list[i - 1].sizeBits) <= list[i].paddr);
    }
    for (Word i = 0; i < untyped_count(); ++i)
        for (Word j = i + 1; j < untyped_count(); ++j)
            CHECK(list[i].paddr >> list[j].sizeBits != list[j].paddr >> list[j].sizeBits &&
                  list[j].paddr >> list[i].sizeBits != list[i].paddr >> list[i].sizeBits);
}

bool covered(Word paddr, bool device)
{
    for (Word i = 0; i < untyped_count(); ++i) {
        seL4_UntypedDesc const& untyped = boot_info().untypedList[i];
        if ((untyped.isDevice != 0) == device && paddr >= untyped.paddr &&
            paddr - untyped.paddr < Word{1} << untyped.sizeBits)
            return true;
    }
    return false;
}

void untypeds_leave_the_kernels_memory_out()
{
    CHECK(covered(0, true)); // the first MiB: BIOS data
    CHECK(covered(0xf'ffff, true));
    CHECK(covered(0xfed0'0000, true));                                  // HPET
    CHECK(!covered(0xfec0'0000, true) && !covered(0xfec0'0000, false)); // I/O APIC
    CHECK(!covered(0xfee0'0000, true) && !covered(0xfee0'0000, false)); // local APIC
    auto const image = seL4_X86_Page_GetAddress(boot_info().userImageFrames.start);
    CHECK(!covered(image.paddr, false) && !covered(image.paddr, true));
}

struct Chunk {
    Word id, length;
    u8 const* payload;
};

Word chunks(Chunk (&found)[16])
{
    Word count = 0, offset = 0;
    auto const* const start = reinterpret_cast<u8 const*>(&boot_info()) + 4096;
    while (offset < boot_info().extraLen) {
        auto const* header = reinterpret_cast<seL4_BootInfoHeader const*>(start + offset);
        REQUIRE(header->len >= sizeof *header && count < 16);
        found[count++] = {header->id, header->len, start + offset + sizeof *header};
        offset += header->len;
    }
    CHECK_EQ(offset, boot_info().extraLen);
    Word const pages = boot_info().extraBIPages.end - boot_info().extraBIPages.start;
    CHECK_EQ(pages, (boot_info().extraLen + 4095) / 4096);
    return count;
}

void chunks_are_well_formed()
{
    Chunk found[16]{};
    Word const count = chunks(found);
    bool tsc = false, rsdp = false, memory = false;
    for (Word i = 0; i < count; ++i) {
        Chunk const& chunk = found[i];
        if (chunk.id == SEL4_BOOTINFO_HEADER_X86_TSC_FREQ) {
            tsc = true;
            CHECK_EQ(chunk.length, 20);
        }
        if (chunk.id == SEL4_BOOTINFO_HEADER_X86_ACPI_RSDP) {
            rsdp = true;
            CHECK_EQ(chunk.length, 52);
            CHECK_EQ(*reinterpret_cast<Word const*>(chunk.payload), 0x2052'5450'2044'5352);
        }
        if (chunk.id == SEL4_BOOTINFO_HEADER_X86_MBMMAP) {
            memory = true;
            Word const bytes = *reinterpret_cast<u32 const*>(chunk.payload);
            CHECK(bytes > 0 && bytes % 24 == 0 && bytes + 20 <= chunk.length);
            CHECK_EQ(*reinterpret_cast<u32 const*>(chunk.payload + 4), 20);
        }
    }
    CHECK(tsc && rsdp && memory);
    CHECK(tsc_mhz() >= 100 && tsc_mhz() < 20'000);
}

constexpr Case cases[] = {
    {"the regions of the boot information fill the root CNode exactly once",
     regions_fill_the_cnode_once},
    {"a slot is empty if and only if its region says so", slots_hold_what_the_regions_say},
    {"the boot information describes one node without IOMMU", numbers_describe_one_node},
    {"the image's frames are contiguous and ascending", image_frames_are_contiguous},
    {"the image's frame capabilities name the memory we run in", image_frames_are_our_memory},
    {"untypeds are aligned, ordered, disjoint and below 2^47", untypeds_are_disjoint},
    {"untypeds leave out the interrupt controllers and what is in use",
     untypeds_leave_the_kernels_memory_out},
    {"the chunks are well formed, with TSC frequency, RSDP and memory map", chunks_are_well_formed},
};

} // namespace

Suite const boot_info_suite = cases;

} // namespace kt

// Accessed and dirty bits: the CPU sets them, harvest reads them and takes them away, and the CPU
// sets them again. [docs/kernel-api/extensions/harvest.md; Intel SDM vol. 3A, "Accessed and Dirty
// Flags"]
#include "suites.hpp"
#include "thread.hpp"

#include <hypercore/extensions.h>

namespace kt {

namespace {

constexpr Word clear_accessed = hypercore_HarvestClearAccessed,
               clear_dirty = hypercore_HarvestClearDirty, clear_both = clear_accessed | clear_dirty;
constexpr auto plain = seL4_X86_Default_VMAttributes;

Word volatile& word_at(Word address)
{
    return *reinterpret_cast<Word volatile*>(address);
}
void touch(Word address)
{
    asm volatile("" : : "r"(Word{word_at(address)}));
}

struct Bits {
    Word error, accessed[8], dirty[8];
};

Bits harvest(Slot table, Word clear = clear_both, Word first = 0, Word count = 512)
{
    Bits bits{};
    bits.error = hypercore_X86_Table_Harvest(table, first, count, clear, bits.accessed, bits.dirty);
    return bits;
}

/// Exactly these pages, as bits of the first word.
void expect(Bits const& bits, Word accessed, Word dirty)
{
    CHECK_EQ(bits.error, seL4_NoError);
    CHECK_EQ(bits.accessed[0], accessed);
    CHECK_EQ(bits.dirty[0], dirty);
    for (int i = 1; i < 8; ++i) CHECK_EQ(bits.accessed[i] | bits.dirty[i], 0);
}

/// A page table at free_region of an address space.
Slot make_table(Slot vspace = root_vspace)
{
    map_tables(vspace, free_region, seL4_LargePageBits);
    Slot const table = make(seL4_X86_PageTableObject);
    REQUIRE_OK(seL4_X86_PageTable_Map(table, vspace, free_region, plain));
    return table;
}

void map_page(Word page, Slot vspace = root_vspace, seL4_CapRights_t page_rights = seL4_AllRights)
{
    REQUIRE_OK(seL4_X86_Page_Map(make(seL4_X86_4K), vspace, free_region + page * 4096, page_rights,
                                 plain));
}

void reads_and_writes_are_told_apart()
{
    Slot const table = make_table();
    for (Word page : {Word{0}, Word{1}, Word{2}, Word{3}, Word{5}}) map_page(page);
    map_page(6, root_vspace, seL4_CanRead);
    expect(harvest(table), 0, 0);
    touch(free_region + 0x1000);
    word_at(free_region + 0x2000) = 1;
    touch(free_region + 0x6ff8);
    expect(harvest(table), 0b100'0110, 0b100);
    expect(harvest(table), 0, 0);
    // Taken away, they come again: no translation was kept.
    for (int round = 0; round < 3; ++round) {
        word_at(free_region + 0x1000) = 2;
        touch(free_region + 0x2000);
        word_at(free_region + 0x5000) = 3;
        expect(harvest(table), 0b10'0110, 0b10'0010);
    }
    CHECK_EQ(word_at(free_region + 0x1000), 2); // contents and mappings are as they were
    CHECK_EQ(word_at(free_region + 0x2000), 1);
}

void only_what_is_asked_for_is_taken_away()
{
    Slot const table = make_table();
    map_page(0);
    map_page(1);
    word_at(free_region) = 1;
    touch(free_region + 0x1000);
    expect(harvest(table, 0), 0b11, 0b01);
    expect(harvest(table, clear_accessed), 0b11, 0b01);
    expect(harvest(table, 0), 0, 0b01);
    touch(free_region);
    expect(harvest(table, clear_dirty), 0b01, 0b01);
    expect(harvest(table, 0), 0b01, 0);
    word_at(free_region) = 2;
    expect(harvest(table, 0), 0b01, 0b01);
    // Outside the range asked for nothing is taken away.
    expect(harvest(table, clear_both, 1, 511), 0, 0);
    expect(harvest(table, 0), 0b01, 0b01);
}

void a_range_begins_at_bit_0()
{
    Slot const table = make_table();
    for (Word page : {Word{0}, Word{63}, Word{64}, Word{130}, Word{255}, Word{511}}) {
        map_page(page);
        word_at(free_region + page * 4096) = page;
    }
    Bits const all = harvest(table, 0);
    CHECK_EQ(all.accessed[0], Word{1} << 63 | 1);
    CHECK_EQ(all.accessed[1], 1);
    CHECK_EQ(all.accessed[2], 4);
    CHECK_EQ(all.accessed[3], Word{1} << 63);
    CHECK_EQ(all.accessed[7], Word{1} << 63);
    for (int i = 0; i < 8; ++i) CHECK_EQ(all.dirty[i], all.accessed[i]);
    Bits const some = harvest(table, clear_both, 63, 68);
    CHECK_EQ(some.accessed[0], 0b11);
    CHECK_EQ(some.accessed[1], 0b1000);
    expect(harvest(table, 0, 63, 68), 0, 0);
    expect(harvest(table, 0, 255, 1), 1, 1);
    expect(harvest(table, 0, 511, 1), 1, 1);
    expect(harvest(table, 0, 0, 1), 1, 1);
}

void pages_of_2m_are_bits_of_a_directory()
{
    map_tables(root_vspace, free_region, seL4_HugePageBits);
    Slot const directory = make(seL4_X86_PageDirectoryObject);
    REQUIRE_OK(seL4_X86_PageDirectory_Map(directory, root_vspace, free_region, plain));
    Slot const table = make(seL4_X86_PageTableObject), large = make(seL4_X86_LargePageObject);
    REQUIRE_OK(seL4_X86_PageTable_Map(table, root_vspace, free_region, plain));
    map_page(0);
    REQUIRE_OK(
        seL4_X86_Page_Map(large, root_vspace, free_region + 0x20'0000, seL4_AllRights, plain));
    word_at(free_region) = 1;
    expect(harvest(directory), 0, 0); // entry 0 is a table, whatever was done below it
    touch(free_region + 0x3f'f000);
    expect(harvest(directory), 0b10, 0);
    word_at(free_region + 0x20'1000) = 1;
    expect(harvest(directory), 0b10, 0b10);
    expect(harvest(directory), 0, 0);
    touch(free_region + 0x20'0000);
    expect(harvest(directory), 0b10, 0);
    expect(harvest(table), 1, 1);
}

void pages_of_1g_are_bits_of_a_pdpt()
{
    Slot const device = device_untyped(30), huge = new_slots();
    if (device == 0) skip("no device memory of 1 GiB");
    REQUIRE_OK(try_make(device, seL4_X64_HugePageObject, 0, huge));
    Slot const pdpt = make(seL4_X86_PDPTObject);
    REQUIRE_OK(seL4_X86_PDPT_Map(pdpt, root_vspace, free_region, plain));
    REQUIRE_OK(seL4_X86_Page_Map(huge, root_vspace, free_region + 0x4000'0000, seL4_AllRights,
                                 seL4_X86_CacheDisabled));
    expect(harvest(pdpt), 0, 0);
    touch(free_region + 0x4000'0000);
    expect(harvest(pdpt), 0b10, 0);
    expect(harvest(pdpt), 0, 0);
}

void other_address_spaces_are_harvested()
{
    Slot const other = make_vspace(), table = make_table(other),
               turn = make(seL4_NotificationObject);
    map_page(0, other);
    map_page(1, other);
    static Slot wait_for;
    wait_for = turn;
    ThreadConfig config;
    config.vspace = other;
    spawn(
        [](Word) {
            for (;;) {
                touch(free_region);
                word_at(free_region + 0x1000) = 1;
                // Here the harvest takes place, and this space stays loaded as far as the thread
                // can tell.
                now(wait(wait_for));
            }
        },
        0, config);
    for (int round = 0; round < 3; ++round) {
        expect(harvest(table), 0b11, 0b10);
        expect(harvest(table), 0, 0);
        seL4_Signal(turn); // the thread touches its pages again
    }
}

void bits_go_with_the_mapping()
{
    Slot const table = make_table(), frame = make(seL4_X86_4K);
    REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, plain));
    word_at(free_region) = 1;
    REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights, plain));
    expect(harvest(table, 0), 0, 0); // mapped anew
    word_at(free_region) = 2;
    REQUIRE_OK(seL4_X86_Page_Unmap(frame));
    expect(harvest(table, 0), 0, 0); // no page
}

void bad_calls_are_refused()
{
    Slot const table = make_table(), loose = make(seL4_X86_PageTableObject);
    map_page(0);
    word_at(free_region) = 1;
    Bits bits{};
    auto const call_it = [&](Slot slot, Word first, Word count, Word clear) {
        return hypercore_X86_Table_Harvest(slot, first, count, clear, bits.accessed, bits.dirty);
    };
    CHECK_ERROR(call_it(loose, 0, 512, 3), seL4_InvalidCapability, 0);
    CHECK_ERROR(call_it(table, 512, 1, 3), seL4_RangeError, 0, 511);
    CHECK_ERROR(call_it(table, ~Word{0}, 1, 3), seL4_RangeError, 0, 511);
    CHECK_ERROR(call_it(table, 0, 0, 3), seL4_RangeError, 1, 512);
    CHECK_ERROR(call_it(table, 0, 513, 3), seL4_RangeError, 1, 512);
    CHECK_ERROR(call_it(table, 500, 13, 3), seL4_RangeError, 1, 12);
    CHECK_ERROR(call_it(table, 1, ~Word{0}, 3), seL4_RangeError, 1, 511);
    CHECK_ERROR(call_it(table, 0, 512, 4), seL4_RangeError, 0, 3);
    CHECK_ERROR(call_it(table, 0, 512, ~Word{0}), seL4_RangeError, 0, 3);
    for (Slot other : {root_vspace, root_tcb, root_cnode, make(seL4_X86_4K)})
        CHECK_EQ(call_it(other, 0, 512, 3), seL4_IllegalOperation);
    Word const label = hypercore_TableHarvest;
    CHECK_EQ(invoke(table, label, {0, 512}).label(), seL4_TruncatedMessage);
    expect(harvest(table, 0), 1, 1); // all that has changed nothing
}

void a_caller_without_buffer_gets_what_fits_registers()
{
    Slot const table = make_table();
    for (Word page : {Word{0}, Word{64}, Word{128}}) {
        map_page(page);
        touch(free_region + page * 4096);
    }
    Word const info = message(hypercore_TableHarvest, 3);
    Operation calls[] = {call(table, info, {0, 129, 3}), call(table, info, {0, 128, 3})};
    Thread& thread = make_thread();
    REQUIRE_OK(seL4_TCB_SetIPCBuffer(thread.tcb, 0, 0));
    rerun(thread, calls);
    REQUIRE(calls[1].done);
    CHECK_EQ(calls[0].label(), seL4_IllegalOperation);
    CHECK_EQ(calls[1].label(), seL4_NoError);
    CHECK_EQ(calls[1].length(), 4);
    CHECK_EQ(calls[1].out[0], 1);
    CHECK_EQ(calls[1].out[1], 1);
    CHECK_EQ(calls[1].out[2] | calls[1].out[3], 0);
    expect(harvest(table, 0, 128, 1), 1, 0); // the refused call has taken nothing away
}

constexpr Case cases[] = {
    {"reads and writes are told apart, and seen again after a harvest",
     reads_and_writes_are_told_apart},
    {"only the bits that are asked for are taken away", only_what_is_asked_for_is_taken_away},
    {"bit 0 is the first entry of the range", a_range_begins_at_bit_0},
    {"pages of 2 MiB are bits of a page directory", pages_of_2m_are_bits_of_a_directory},
    {"pages of 1 GiB are bits of a PDPT", pages_of_1g_are_bits_of_a_pdpt},
    {"tables of other address spaces are harvested", other_address_spaces_are_harvested},
    {"mapping anew and unmapping lose the bits", bits_go_with_the_mapping},
    {"unmapped tables, bad ranges and unknown bits are refused", bad_calls_are_refused},
    {"a caller without IPC buffer gets what fits into registers",
     a_caller_without_buffer_gets_what_fits_registers},
};

} // namespace

Suite const harvest_suite = cases;

} // namespace kt

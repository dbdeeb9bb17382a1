// I/O port control and capabilities: issue, limits, access in three widths. The ports used have
// known answers on every PC: the POST code port 0x80, the CMOS clock, the PIT.
#include "suites.hpp"
#include "thread.hpp"

namespace kt {

namespace {

Word issue(Word first, Word last, Slot slot)
{
    return seL4_X86_IOPortControl_Issue(seL4_CapIOPortControl, first, last, root_cnode, slot,
                                        depth);
}

Slot ports(Word first, Word last)
{
    Slot const slot = new_slots();
    REQUIRE_OK(issue(first, last, slot));
    return slot;
}

void ranges_do_not_overlap()
{
    Slot const first = ports(0x9000, 0x900f), other = new_slots();
    CHECK_ERROR(issue(0x9000, 0x900f, other), seL4_RevokeFirst, 0x9000, 0x900f);
    CHECK_EQ(issue(0x900f, 0x9010, other), seL4_RevokeFirst);
    CHECK_EQ(issue(0x8fff, 0x9000, other), seL4_RevokeFirst);
    CHECK_EQ(issue(0x8000, 0xa000, other), seL4_RevokeFirst);
    CHECK(is_empty(other));
    CHECK_OK(issue(0x9010, 0x9010, other));
    remove(first);
    CHECK_OK(issue(0x9000, 0x900f, first));
}

void bad_ranges_are_refused()
{
    CHECK_ERROR(issue(5, 4, new_slots()), seL4_InvalidArgument, 1);
    CHECK_EQ(issue(0x9100, 0x9100, root_tcb), seL4_DeleteFirst);
    CHECK_OK(issue(0x9100, 0x9100, new_slots())); // the refusal issued nothing
}

void accesses_stay_inside_the_range()
{
    Slot const port = ports(0x80, 0x83);
    struct Row {
        Word port, width;
        bool good;
    };
    for (Row row :
         {Row{0x80, 1, true}, Row{0x83, 1, true}, Row{0x7f, 1, false}, Row{0x84, 1, false},
          Row{0x80, 2, true}, Row{0x82, 2, true}, Row{0x83, 2, false}, Row{0x80, 4, true},
          Row{0x81, 4, false}, Row{0xffff, 4, false}}) {
        Word const in = row.width == 1   ? X86IOPortIn8
                        : row.width == 2 ? X86IOPortIn16
                                         : X86IOPortIn32;
        Word const out = row.width == 1   ? X86IOPortOut8
                         : row.width == 2 ? X86IOPortOut16
                                          : X86IOPortOut32;
        Word const expected = row.good ? seL4_NoError : seL4_IllegalOperation;
        CHECK_EQ(invoke(port, in, {row.port}).label(), expected);
        CHECK_EQ(invoke(port, out, {row.port, 0}).label(), expected);
    }
}

void registers_of_a_device_are_read_and_written()
{
    // CMOS: index at 0x70, data at 0x71. Bytes 0x0e up are ordinary memory; 0x7e hurts nobody.
    Slot const cmos = ports(0x70, 0x71);
    auto const select = [&](Word index) {
        CHECK_EQ(seL4_X86_IOPort_Out8(cmos, 0x70, 0x80 | index), seL4_NoError);
    };
    select(0x7e);
    CHECK_EQ(seL4_X86_IOPort_Out8(cmos, 0x71, 0x5a), seL4_NoError);
    select(0x7e);
    auto const read = seL4_X86_IOPort_In8(cmos, 0x71);
    CHECK_EQ(read.error, 0);
    CHECK_EQ(read.result, 0x5a);
    select(0x0d); // valid RAM and time: bit 7
    CHECK_EQ(seL4_X86_IOPort_In8(cmos, 0x71).result & 0x80, 0x80);
}

void platform_ports_stay_issuable()
{
    ports(0x3f8, 0x3ff); // COM1, although the kernel prints on it
    ports(0x40, 0x43);   // PIT
    Slot const pci = ports(0xcf8, 0xcff);
    CHECK_OK(seL4_X86_IOPort_Out32(pci, 0xcf8, 0x8000'0000));
    auto const id = seL4_X86_IOPort_In32(pci, 0xcfc);
    CHECK_EQ(id.error, 0);
    CHECK_EQ(id.result & 0xffff, 0x8086); // the host bridge of the emulated PC
}

void the_upper_half_of_an_answer_is_empty()
{
    Slot const port = ports(0x80, 0x83);
    CHECK_EQ(invoke(port, X86IOPortIn8, {0x80}).out[0] >> 8, 0);
    CHECK_EQ(invoke(port, X86IOPortIn16, {0x80}).out[0] >> 16, 0);
    CHECK_EQ(invoke(port, X86IOPortIn32, {0x80}).out[0] >> 32, 0);
}

constexpr Case cases[] = {
    {"issued port ranges do not overlap, and can be issued again once deleted",
     ranges_do_not_overlap},
    {"a range that ends before it begins is refused", bad_ranges_are_refused},
    {"accesses stay inside the capability's range, in every width", accesses_stay_inside_the_range},
    {"device registers are read and written", registers_of_a_device_are_read_and_written},
    {"the ports of COM1, PIT and PCI configuration can be issued", platform_ports_stay_issuable},
    {"answers hold no more bits than were read", the_upper_half_of_an_answer_is_empty},
};

} // namespace

Suite const io_port_suite = cases;

} // namespace kt

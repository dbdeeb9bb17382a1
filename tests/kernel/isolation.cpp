// What user code must not reach: the kernel's memory, pages without the right to write or execute,
// privileged instructions. Each probe must fault with the right code and hurt nobody.
#include "faults.hpp"
#include "suites.hpp"

#include <hypercore/extensions.h>

namespace kt {

namespace {

constexpr Word code_write = 2, code_user = 4, code_fetch = 16;

void read_word(Word address)
{
    asm volatile("" : : "r"(Word{*reinterpret_cast<Word volatile*>(address)}));
}
void write_word(Word address)
{
    *reinterpret_cast<Word volatile*>(address) = 1;
}
void call_address(Word address)
{
    reinterpret_cast<void (*)()>(address)();
}

constexpr Word kernel_addresses[] = {
    0xffff'ffff'8000'0000, 0xffff'ffff'8010'0000, 0xffff'ffff'8020'0000,
    0xffff'ffff'ffff'f000, 0xffff'8000'0000'0000, 0xffff'8000'0010'0000,
    0xffff'ff80'0000'0000, 0xffff'ff80'0010'0000, 0x7fff'ffff'f000,
};

/// The VM fault of one access; the present bit is left out, since it tells only how the kernel
/// hides its memory.
void expect_page_fault(Entry access, Word address, Word code)
{
    Faulter faulter;
    Fault const fault = faulter.run(access, address);
    CHECK_EQ(fault.label, seL4_Fault_VMFault);
    CHECK_EQ(fault.length, seL4_VMFault_Length);
    CHECK_EQ(fault.words[1], address);
    CHECK_EQ(fault.words[2], (code & code_fetch) != 0);
    CHECK_EQ(fault.words[3] & ~Word{1}, code);
    faulter.thread->suspend();
    forget_threads();
}

void kernel_memory_cannot_be_read()
{
    for (Word address : kernel_addresses) expect_page_fault(read_word, address, code_user);
}
void kernel_memory_cannot_be_written()
{
    for (Word address : kernel_addresses)
        expect_page_fault(write_word, address, code_user | code_write);
}
void kernel_memory_cannot_be_executed()
{
    for (Word address : kernel_addresses)
        expect_page_fault(call_address, address, code_user | code_fetch);
}

void null_is_not_mapped()
{
    expect_page_fault(read_word, 0, code_user);
    expect_page_fault(write_word, 8, code_user | code_write);
    expect_page_fault(call_address, 0, code_user | code_fetch);
}

void non_canonical_addresses_are_general_protection()
{
    for (Word address :
         {Word{0x8000'0000'0000}, Word{0x1234'5678'9abc'def0}, Word{0xffff'7fff'ffff'f000}}) {
        Faulter faulter;
        Fault const fault = faulter.run(read_word, address);
        CHECK_EQ(fault.label, seL4_Fault_UserException);
        CHECK_EQ(fault.words[3], 13);
    }
}

void execute_never_pages_do_not_execute()
{
    Slot const frame = map_frame(root_vspace, free_region, seL4_X86_4K, seL4_AllRights);
    auto const forbid = [&](seL4_X86_VMAttributes type) {
        return hypercore_X86_Page_MapExecuteNever(frame, root_vspace, free_region, seL4_AllRights,
                                                  type);
    };
    REQUIRE_OK(forbid(seL4_X86_Default_VMAttributes));
    *reinterpret_cast<u8 volatile*>(free_region) = 0xc3; // ret
    expect_page_fault(call_address, free_region, code_user | code_fetch);
    // The same page without the attribute runs: seL4 maps everything executable.
    REQUIRE_OK(seL4_X86_Page_Map(frame, root_vspace, free_region, seL4_AllRights,
                                 seL4_X86_Default_VMAttributes));
    reinterpret_cast<void (*)()>(free_region)();
    REQUIRE_OK(forbid(seL4_X86_WriteThrough));
    expect_page_fault(call_address, free_region, code_user | code_fetch);
    CHECK_EQ(*reinterpret_cast<u8 volatile*>(free_region), 0xc3);
}

void read_only_pages_are_not_written()
{
    map_frame(root_vspace, free_region, seL4_X86_4K, seL4_CanRead);
    CHECK_EQ(*reinterpret_cast<Word volatile*>(free_region), 0);
    expect_page_fault(write_word, free_region, code_user | code_write);
}

/// Instructions that only the kernel may execute.
template <int Which> void privileged(Word)
{
    if constexpr (Which == 0) asm volatile("cli");
    if constexpr (Which == 1) asm volatile("hlt");
    if constexpr (Which == 2) asm volatile("mov %%cr3, %%rax" ::: "rax");
    if constexpr (Which == 3) asm volatile("mov %0, %%cr0" : : "r"(Word{0}));
    if constexpr (Which == 4) asm volatile("wrmsr" : : "a"(0), "d"(0), "c"(0xc000'0082u));
    if constexpr (Which == 5) asm volatile("rdmsr" : : "c"(0xc000'0082u) : "eax", "edx");
    if constexpr (Which == 6) asm volatile("lgdt (%0)" : : "r"(Word{0x40'0000}));
    if constexpr (Which == 7) asm volatile("invlpg (%0)" : : "r"(Word{0x40'0000}));
    if constexpr (Which == 8) asm volatile("swapgs");
    if constexpr (Which == 9) asm volatile("in $0x80, %%al" ::: "eax");
    if constexpr (Which == 10) asm volatile("out %%al, $0x80" : : "a"(0));
    if constexpr (Which == 11) asm volatile("ltr %0" : : "r"(static_cast<u16>(0x28)));
    if constexpr (Which == 12) asm volatile("mov %0, %%dr7" : : "r"(Word{0}));
    if constexpr (Which == 13) asm volatile("sysretq");
    if constexpr (Which == 14) asm volatile("iretq"); // with nothing good on the stack
    if constexpr (Which == 15) asm volatile("xsetbv" : : "a"(7), "d"(0), "c"(0));
    if constexpr (Which == 16) asm volatile("int $0x80");
    if constexpr (Which == 17) asm volatile("int $0x20");
    if constexpr (Which == 18) asm volatile("wbinvd");
    if constexpr (Which == 19) asm volatile("clts");
}

template <int... Which> constexpr auto all_privileged(std::integer_sequence<int, Which...>)
{
    struct List {
        Entry entries[sizeof...(Which)];
    };
    return List{{privileged<Which>...}};
}

void privileged_instructions_fault()
{
    static constexpr auto list = all_privileged(std::make_integer_sequence<int, 20>{});
    Word index = 0;
    for (Entry entry : list.entries) {
        Faulter faulter;
        Fault const fault = faulter.run(entry);
        // A bad iretq may fault on its frame's stack segment or on the address it returns to.
        bool const good = fault.label == seL4_Fault_UserException ||
                          (index == 14 && fault.label == seL4_Fault_VMFault);
        if (!good) print("# privileged instruction ", index, "\n");
        CHECK(good);
        if (index != 14) CHECK_EQ(fault.words[3], 13);
        faulter.thread->suspend();
        forget_threads();
        ++index;
    }
}

void the_image_shows_no_kernel_memory()
{
    // UMIP: the places of descriptor tables are secret where the CPU can keep them so.
    Faulter faulter;
    Fault const fault = faulter.run([](Word) {
        struct [[gnu::packed]] {
            u16 limit;
            u64 base;
        } table;
        asm volatile("sgdt %0" : "=m"(table));
    });
    u32 eax = 7, ebx, ecx = 0, edx;
    asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if ((ecx >> 2 & 1) == 0) skip("the CPU has no UMIP");
    CHECK_EQ(fault.label, seL4_Fault_UserException);
    CHECK_EQ(fault.words[3], 13);
}

constexpr Case cases[] = {
    {"kernel memory cannot be read", kernel_memory_cannot_be_read},
    {"kernel memory cannot be written", kernel_memory_cannot_be_written},
    {"kernel memory cannot be executed", kernel_memory_cannot_be_executed},
    {"page 0 is not mapped", null_is_not_mapped},
    {"non-canonical addresses are general protection faults",
     non_canonical_addresses_are_general_protection},
    {"execute-never pages do not execute", execute_never_pages_do_not_execute},
    {"read-only pages are not written", read_only_pages_are_not_written},
    {"privileged instructions fault and do nothing", privileged_instructions_fault},
    {"descriptor tables are hidden where the CPU has UMIP", the_image_shows_no_kernel_memory},
};

} // namespace

Suite const isolation_suite = cases;

} // namespace kt

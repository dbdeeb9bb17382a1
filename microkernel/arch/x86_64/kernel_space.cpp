// The kernel's page tables. Everything is mapped W^X, with the smallest number of entries that
// alignment allows, and global: with page-table isolation only the trampoline is, because nothing
// else may stay in the TLB while user code runs.
#include "kernel_space.hpp"

#include "arch/arch.hpp"
#include "boot/boot_memory.hpp"
#include "debug/panic.hpp"
#include "features.hpp"
#include "instructions.hpp"
#include "isolation.hpp"
#include "paging_bits.hpp"
#include "stacks.hpp"
#include "trampoline.hpp"

// kernel.ld: each ends on a page boundary.
extern "C" u8 const kernel_text_start[], entry_text_end[], kernel_text_end[], kernel_rodata_end[],
    kernel_image_end[];
extern "C" u64 const space_switches_start[], space_switches_end[]; // addresses of instructions

namespace mk {
namespace {

using namespace paging;

constexpr unsigned page_bits = 12;
constexpr u64 kernel_data = present | writable | no_execute;
constexpr u64 kernel_text = present;
constexpr u64 kernel_constants = present | no_execute;
constexpr u64 table_entry = present | writable | accessed; // so that no copy differs some day

constexpr u64 device_window = 0xffff'ffff'c000'0000, device_window_end = 0xffff'ffff'ffe0'0000;
constinit u64 next_device_address = device_window;

constinit PageTable* root = nullptr;  ///< what the kernel maps is mapped here
constinit PageTable* empty = nullptr; ///< the same one, but with isolation

u64 take_table()
{
    return boot_memory.take_cleared(sizeof(PageTable), "the kernel's page tables");
}

/// The entry for `address` in the table of the level whose entries cover 2^level_bits bytes; tables
/// on the way are made as needed.
u64& entry_for(u64 address, unsigned level_bits, PageTable* table = root)
{
    for (unsigned bits = 39; bits > level_bits; bits -= 9) {
        u64& entry = table->entry[field(address, bits + 8, bits)];
        if (entry == 0) entry = take_table() | table_entry;
        table = arch::from_physical<PageTable>(address_of(entry));
    }
    return table->entry[field(address, level_bits + 8, level_bits)];
}

/// The largest page that fits at both addresses and into `size`.
unsigned page_bits_for(u64 address, u64 physical, u64 size)
{
    unsigned const largest = features.gigabyte_pages ? 30 : 21;
    for (unsigned bits = largest; bits > page_bits; bits -= 9)
        if (size >= bit(bits) && is_aligned(address | physical, bits)) return bits;
    return page_bits;
}

/// Maps whole pages. `attribute`: abi::VmAttributes.
void map(u64 address, u64 physical, u64 size, u64 flags, u64 attribute = 0)
{
    while (size > 0) {
        unsigned const bits = page_bits_for(address, physical, size);
        bool const is_large = bits > page_bits;
        entry_for(address, bits) = physical | flags | (isolated ? 0 : global) |
                                   memory_type(attribute, is_large) | (is_large ? large : 0);
        address += bit(bits);
        physical += bit(bits);
        size -= bit(bits);
    }
}

/// RAM above the first MiB: what users can get as anything but device memory. The kernel's own
/// region has another kind and so is left out: its text must not be writable anywhere.
void map_ram(boot::Handoff const& handoff)
{
    for (boot::Region const& r : handoff.memory()) {
        u64 const base = r.base < BootMemory::lowest ? BootMemory::lowest : r.base;
        if (r.is_ram() && base < r.end())
            map(physmap_base + base, base, r.end() - base, kernel_data);
    }
}

void map_image(boot::Handoff const& handoff)
{
    u64 const offset = handoff.kernel.base - boot::kernel_base;
    auto const part = [&](u8 const* from, u8 const* to, u64 flags) {
        u64 const start = reinterpret_cast<u64>(from), end = reinterpret_cast<u64>(to);
        map(start, start + offset, end - start, flags);
    };
    part(kernel_text_start, kernel_text_end, kernel_text);
    part(kernel_text_end, kernel_rodata_end, kernel_constants);
    // Guard pages lie among the data, so it has to be mapped by small pages.
    for (u8 const* page = kernel_rodata_end; page < kernel_image_end; page += bit(page_bits))
        part(page, page + bit(page_bits), kernel_data);
    for_each_guard_page([](u64 page) { entry_for(page, page_bits) = 0; });
}

/// An upper half with nothing but what the CPU needs to come into the kernel (trampoline.hpp), at
/// the addresses that it has there.
PageTable* make_isolated_half(u64 offset)
{
    auto* const pml4 = arch::from_physical<PageTable>(take_table());
    auto const part = [&](void const* from, void const* to, u64 flags) {
        u64 const end = reinterpret_cast<u64>(to);
        for (u64 page = reinterpret_cast<u64>(from); page < end; page += bit(page_bits))
            entry_for(page, page_bits, pml4) = (page + offset) | flags | global;
    };
    part(kernel_text_start, entry_text_end, kernel_text);
    part(&trampoline, &trampoline + 1, kernel_data);
    return pml4;
}

/// Makes a no-op of each CR3 load in a switch between address spaces: the way out has one instead.
/// Writes to the text, which the loader's page tables still allow, by the address in RAM.
/// `mov reg, %cr3` is [REX] 0f 22 /3, `nop reg` is [REX] 0f 1f /0.
void keep_kernel_root(u64 offset)
{
    for (u64 const* site = space_switches_start; site < space_switches_end; ++site) {
        u8* code = arch::from_physical<u8>(*site + offset);
        if (*code == 0x41) ++code;
        KASSERT(code[0] == 0x0f && code[1] == 0x22 && (code[2] & 0xf8) == 0xd8);
        code[1] = 0x1f;
        code[2] &= 0xc7;
    }
}

} // namespace

PageTable& empty_pml4()
{
    return *empty;
}

void init_kernel_space(boot::Handoff const& handoff)
{
    root = arch::from_physical<PageTable>(take_table());
    // User address spaces copy the upper half once, so no entry there may change later: make the
    // tables of all that will be used now.
    entry_for(device_window, 21);
    map_ram(handoff);
    map_image(handoff);
    u64 const offset = handoff.kernel.base - boot::kernel_base;
    if (isolated) keep_kernel_root(offset);
    empty = isolated ? make_isolated_half(offset) : root;
    trampoline.kernel_root = arch::to_physical(root);
    trampoline.user_root = arch::to_physical(empty);
    x86::write_cr<3>(trampoline.kernel_root); // serialises: from here on the text is what it now is
    for (boot::Region const& r : handoff.memory())
        if (r.kind == boot::RegionKind::loader && !boot_memory.add(r.base, r.end()))
            panic("too many pieces of memory");
}

void* map_device(u64 physical, u64 bytes, u64 attribute)
{
    u64 const first = align_down(physical, page_bits);
    u64 const size = align_up(physical + bytes, page_bits) - first;
    // Large windows (framebuffers) begin where large pages can be used.
    unsigned const align = size >= bit(21) ? 21 : page_bits;
    u64 const address = align_up(next_device_address, align) | (first & low_mask(align));
    if (size > device_window_end - address)
        panic("no room to map device memory at ", Hex{physical});
    next_device_address = address + size;
    map(address, first, size, kernel_data, attribute);
    return reinterpret_cast<void*>(address + (physical - first));
}

void load_space(PageTable& pml4)
{
    u64 const physical = arch::to_physical(&pml4);
    if (physical == trampoline.user_root) return;
    // The instruction is in the list of keep_kernel_root().
    asm volatile("1: mov %0, %%cr3\n\t"
                 ".pushsection .space_switches, \"a\"\n\t"
                 ".quad 1b\n\t"
                 ".popsection"
                 :
                 : "r"(physical)
                 : "memory");
    trampoline.user_root = physical;
}

void leave_space(PageTable const& pml4)
{
    if (arch::to_physical(&pml4) == trampoline.user_root) load_space(*empty);
}

void invalidate_page(u64 address)
{
    asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

void invalidate_space()
{
    x86::write_cr<3>(x86::read_cr<3>());
}

} // namespace mk

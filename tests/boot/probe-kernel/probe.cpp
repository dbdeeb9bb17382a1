// A stand-in kernel that tests the loaders: it checks everything boot/handoff.hpp promises,
// prints one summary line on COM1 and leaves QEMU with 0x10 (a failed check: 0x11). In Bochs it
// ends through the shutdown port. It is entered like the kernel and shares nothing else with it.
#include "boot/common/ports.hpp"
#include "boot/handoff.hpp"
#include "kit/bits.hpp"
#include "kit/sha256.hpp"
#include <cstring>
#include <string_view>

namespace {

using boot::Handoff;
using boot::Region;
using boot::RegionKind;

constinit u64 must_be_zero = 0;            // .bss: the loader clears it
constinit u64 must_be_kept = 0x1234567890; // .data: the loader copies it

template <class T> T const* physical(u64 address)
{
    return reinterpret_cast<T const*>(boot::physmap_base + address);
}

void put(char c)
{
    constexpr u16 com1 = 0x3f8;
    for (unsigned i = 0; i < 1'000'000 && (boot::in8(com1 + 5) & 0x20) == 0; ++i) asm("pause");
    boot::out8(com1, static_cast<u8>(c));
}

void print(std::string_view text)
{
    for (char const c : text) put(c);
}

void print(u64 value)
{
    char digits[16];
    usize at = sizeof digits;
    do digits[--at] = "0123456789abcdef"[value & 15];
    while ((value >>= 4) != 0);
    print("0x");
    print({digits + at, sizeof digits - at});
}

[[noreturn]] void end(u8 qemu_code)
{
    while ((boot::in8(0x3f8 + 5) & 0x40) == 0) asm("pause");
    boot::out8(0xf4, qemu_code);
    if (qemu_code == 0x10) asm volatile("xchgw %bx, %bx"); // Bochs: success is a magic break
    for (char const c : std::string_view{"Shutdown"}) boot::out8(0x8900, static_cast<u8>(c));
    for (;;) asm volatile("cli; hlt");
}

void check(bool holds, char const* rule)
{
    if (holds) return;
    print("hypercore: probe failed: ");
    print(rule);
    print("\n");
    end(0x11);
}

/// Whether [base, base + size) lies in regions of one kind only.
bool is_all(Handoff const& h, u64 base, u64 size, RegionKind kind)
{
    for (u32 i = 0; i < h.region_count; ++i) {
        Region const& r = h.regions[i];
        if (base >= r.base && base + size <= r.base + r.size) return r.kind == kind;
    }
    return false;
}

void check_regions(Handoff const& h)
{
    check(h.region_count > 0 && h.region_count <= boot::max_regions, "the count of regions");
    u64 end_of_last = 0, ram = 0;
    for (u32 i = 0; i < h.region_count; ++i) {
        Region const& r = h.regions[i];
        check(is_aligned(r.base, 12) && is_aligned(r.size, 12), "regions are page aligned");
        check(r.size > 0 && r.base >= end_of_last, "regions are sorted and disjoint");
        end_of_last = r.base + r.size;
        if (r.kind == RegionKind::ram) ram += r.size;
    }
    check(ram >= 16 << 20, "there are 16 MiB of free RAM");
    check(is_all(h, 0, 1 << 20, RegionKind::reserved), "the first MiB is reserved");
}

void check_memory_kinds(Handoff const& h, u64 stack_pointer)
{
    check(h.kernel.kind == RegionKind::kernel && is_aligned(h.kernel.base, 21) &&
              h.kernel.base < u64{1} << 32,
          "the kernel lies 2 MiB aligned below 4 GiB");
    check(is_all(h, h.kernel.base, h.kernel.size, RegionKind::kernel), "the kernel's region");
    check(*physical<u64>(h.kernel.base + (reinterpret_cast<u64>(&must_be_kept) -
                                          boot::kernel_base)) == must_be_kept,
          "the kernel is mapped where the handoff says");
    u64 const handoff = reinterpret_cast<u64>(&h) - boot::physmap_base;
    check(is_all(h, handoff, sizeof h, RegionKind::loader), "the handoff's region");
    u64 const stack = stack_pointer - boot::physmap_base;
    check(is_all(h, stack - (12 << 10), 12 << 10, RegionKind::loader), "the stack's region");
    u64 root;
    asm volatile("movq %%cr3, %0" : "=r"(root));
    check(is_all(h, align_down(root, 12), 4096, RegionKind::loader), "the page tables' region");
}

void check_modules(Handoff const& h)
{
    check(h.module_count > 0 && h.module_count <= boot::max_modules, "the count of modules");
    check(std::string_view{h.modules[0].name} == "root-server", "the first module's name");
    for (u32 i = 0; i < h.module_count; ++i) {
        boot::Module const& m = h.modules[i];
        check(is_aligned(m.address, 12) && m.size > 0, "modules are page aligned");
        u64 const end = align_up(m.size, 12);
        check(is_all(h, m.address, end, RegionKind::module), "a module's region");
        u8 const* const bytes = physical<u8>(m.address);
        auto const digest = kit::Sha256::of({bytes, m.size});
        check(std::memcmp(digest.data(), m.sha256, digest.size()) == 0, "a module's SHA-256");
        for (u64 at = m.size; at < end; ++at) check(bytes[at] == 0, "a module's tail is zero");
    }
}

void check_processor_state()
{
    u64 flags, cr0, cr4;
    asm volatile("pushfq; popq %0; movq %%cr0, %1; movq %%cr4, %2"
                 : "=r"(flags), "=r"(cr0), "=r"(cr4));
    check((flags & (bit(9) | bit(10))) == 0, "interrupts and the direction flag are off");
    check((cr0 & bit(16)) != 0 && cr4 == bit(5), "CR0.WP is on, CR4 is PAE alone");
}

void summary(Handoff const& h)
{
    print("hypercore: probe loader=");
    print(h.loader);
    print(" regions=");
    print(h.region_count);
    print(" modules=");
    print(h.module_count);
    print(" rsdp=");
    print(h.rsdp);
    print(" fb=");
    print(h.framebuffer.address);
    print(" width=");
    print(h.framebuffer.width);
    print(" height=");
    print(h.framebuffer.height);
    print(" kernel=");
    print(h.kernel.base);
    print(" cmdline=[");
    print(h.command_line);
    print("]\n");
    if (std::string_view{h.command_line}.find("verbose") == std::string_view::npos) return;
    for (u32 i = 0; i < h.region_count; ++i) {
        print("hypercore: region ");
        print(h.regions[i].base);
        print(" size ");
        print(h.regions[i].size);
        print(" kind ");
        print(u64{static_cast<u32>(h.regions[i].kind)});
        print("\n");
    }
}

} // namespace

extern "C" [[noreturn]] void probe_main(u64 handoff, u64 stack_pointer)
{
    Handoff const& h = *physical<Handoff>(handoff);
    check(h.magic == boot::handoff_magic && h.version == boot::handoff_version &&
              h.size == sizeof h,
          "magic, version and size");
    check(must_be_zero == 0 && must_be_kept == 0x1234567890, "the kernel's .bss and .data");
    check_processor_state();
    check_regions(h);
    check_memory_kinds(h, stack_pointer);
    check_modules(h);
    check(h.rsdp == 0 || std::memcmp(physical<char>(h.rsdp), "RSD PTR ", 8) == 0, "the RSDP");
    summary(h);
    end(0x10);
}

asm(".pushsection .text.entry, \"ax\"\n"
    ".global _start\n"
    "_start: movq %rsp, %rsi\n"
    "call probe_main\n"
    ".popsection");

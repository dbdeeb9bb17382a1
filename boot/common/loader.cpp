// The loaders' common way to the kernel. Called from boot/{pvh,multiboot2,efi}; goes on in
// enter_kernel.S, and then in the kernel's entry code.
#include "boot/common/loader.hpp"

#include "boot/common/bundle.hpp"
#include "boot/common/kernel_image.hpp"
#include "boot/common/page_tables.hpp"
#include "kit/bits.hpp"
#include "kit/sha256.hpp"
#include <cstring>
#include <new>

extern "C" [[noreturn]] void boot_enter_kernel(u64 page_table_root, u64 entry, u64 handoff,
                                               u64 stack_top);

namespace boot {
namespace {

constexpr u64 four_gib = u64{1} << 32;
constexpr u64 stack_size = 32 << 10; // the contract asks for 16 KiB

template <class T> T* pointer(u64 physical)
{
    return reinterpret_cast<T*>(physical);
}

/// Memory for `what`, or a failure that names it.
Checked<u64> take(Machine const& m, u64 size, unsigned align_bits, RegionKind kind,
                  char const* what)
{
    u64 const base = m.allocate(*m.map, align_up(size, page_bits), align_bits, kind);
    if (base == 0) return Failure{"no memory", what};
    return base;
}

Checked<Region> load_kernel(Machine const& m, KernelImage const& image)
{
    u64 const base = TRY(
        take(m, image.memory_size, large_page_bits, RegionKind::kernel, "for the kernel image"));
    place_kernel(image, pointer<u8>(base));
    return Region{base, image.memory_size, RegionKind::kernel, 0};
}

/// Copies a file to pages of its own, clears the rest of the last one and hashes it.
Checked<void> add_module(Machine const& m, Handoff& h, std::string_view name,
                         std::span<u8 const> file)
{
    u64 const size = align_up(file.size(), page_bits);
    u64 const base = TRY(take(m, size, page_bits, RegionKind::module, "for a module"));
    std::memcpy(pointer<u8>(base), file.data(), file.size());
    std::memset(pointer<u8>(base + file.size()), 0, size - file.size());
    Module& module = h.modules[h.module_count++];
    module.address = base;
    module.size = file.size();
    name.copy(module.name, sizeof module.name - 1);
    auto const digest = kit::Sha256::of({pointer<u8 const>(base), file.size()});
    std::memcpy(module.sha256, digest.data(), digest.size());
    return {};
}

/// Joins the bundle's command line and the loader's arguments with a blank.
Checked<void> join_command_line(Handoff& h, std::string_view first, std::string_view second)
{
    while (!first.empty() && (first.back() == '\n' || first.back() == '\0')) first.remove_suffix(1);
    usize const blank = first.empty() || second.empty() ? 0 : 1;
    if (first.size() + blank + second.size() >= sizeof h.command_line)
        return Failure{"command line", "longer than 1023 characters"};
    first.copy(h.command_line, first.size());
    if (blank != 0) h.command_line[first.size()] = ' ';
    second.copy(h.command_line + first.size() + blank, second.size());
    return {};
}

Checked<u64> make_page_tables(Machine const& m, Region const& kernel)
{
    std::array<Region, max_regions> regions;
    auto const used = std::span{regions}.first(TRY(m.map->build(regions)));
    bool const giga = cpu_has_gigabyte_pages();
    u64 const size = page_table_pages(used, giga) << page_bits;
    u64 const base = TRY(take(m, size, page_bits, RegionKind::loader, "for the page tables"));
    return build_page_tables(used, kernel, giga, pointer<u8>(base));
}

} // namespace

u64 allocate_lowest(MemoryMap& map, u64 size, unsigned align_bits, RegionKind kind)
{
    u64 const base = map.find_free(size, align_bits, first_mib, four_gib);
    if (base == 0 || !map.claim(base, size, kind)) return 0;
    return base;
}

Checked<Prepared> prepare(Machine const& m)
{
    Bundle const bundle = TRY(parse_bundle(m.bundle));
    KernelImage const image = TRY(parse_kernel(bundle.kernel));
    Region const kernel = TRY(load_kernel(m, image));

    u64 const size = align_up(sizeof(Handoff), page_bits) + stack_size;
    u64 const block =
        TRY(take(m, size, page_bits, RegionKind::loader, "for the handoff and the stack"));
    std::memset(pointer<u8>(block), 0, size);
    auto& handoff = *new (pointer<u8>(block)) Handoff{};
    handoff.magic = handoff_magic;
    handoff.version = handoff_version;
    handoff.size = sizeof(Handoff);
    handoff.rsdp = m.rsdp;
    handoff.kernel = kernel;
    handoff.framebuffer = m.framebuffer;
    m.loader.copy(handoff.loader, sizeof handoff.loader - 1);
    TRY(join_command_line(handoff, bundle.command_line, m.arguments));
    TRY(add_module(m, handoff, "root-server", bundle.root_server));
    if (!bundle.boot_archive.empty())
        TRY(add_module(m, handoff, "boot-archive", bundle.boot_archive));

    u64 const root = TRY(make_page_tables(m, kernel));
    return Prepared{&handoff, root, image.elf.entry(), physmap_base + block + size};
}

Checked<void> finish(Prepared const& prepared, MemoryMap const& map)
{
    usize const count = TRY(map.build(prepared.handoff->regions));
    prepared.handoff->region_count = static_cast<u32>(count);
    return {};
}

void enter_kernel(Prepared const& p)
{
    boot_enter_kernel(p.page_table_root, p.entry, reinterpret_cast<u64>(p.handoff), p.stack_top);
}

} // namespace boot

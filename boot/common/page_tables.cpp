// Four-level tables with pages of 2 MiB or 1 GiB. Everything is writable and executable: these
// tables live until the kernel has its own. [Intel SDM vol. 3A, "4-Level Paging"]
#include "boot/common/page_tables.hpp"

#include "kit/bits.hpp"
#include <cpuid.h>
#include <cstring>

namespace boot {
namespace {

constexpr unsigned page_bits = 12, large_bits = 21, giga_bits = 30, root_bits = 39;
constexpr usize entries = 512;
constexpr u64 present_writable = 3, large = bit(7);
constexpr u64 always_mapped = 4; // GiB

using Table = u64*;

u64 end_of(Region const& r)
{
    return r.base + r.size;
}

/// Hands out cleared tables from a block of pages.
class Builder {
public:
    explicit Builder(u8* pages) : next_{pages}, root_{take()} {}

    /// Maps one page of 2^bits bytes; bits is large_bits or giga_bits.
    void map(u64 address, u64 physical, unsigned bits)
    {
        Table table = root_;
        for (unsigned level = root_bits; level > bits; level -= 9)
            table = below(table, address, level);
        table[index(address, bits)] = physical | large | present_writable;
    }
    Table root() const { return root_; }

private:
    static usize index(u64 address, unsigned bits) { return field(address, bits + 8, bits); }

    Table take()
    {
        u8* const page = next_;
        next_ += bit(page_bits);
        std::memset(page, 0, bit(page_bits));
        return reinterpret_cast<Table>(page);
    }
    Table below(Table table, u64 address, unsigned level)
    {
        u64& entry = table[index(address, level)];
        if (entry == 0) entry = reinterpret_cast<u64>(take()) | present_writable;
        return reinterpret_cast<Table>(align_down(entry, page_bits));
    }

    u8* next_;
    Table root_;
};

/// Calls visit(gib) once for every GiB that has to be mapped, in ascending order.
template <class Visit> void for_each_gib(std::span<Region const> regions, Visit visit)
{
    u64 next = 0;
    for (; next < always_mapped; ++next) visit(next);
    for (Region const& r : regions) { // sorted, so that `next` only grows
        u64 const first = r.base >> giga_bits;
        u64 const last = (end_of(r) - 1) >> giga_bits;
        for (next = next < first ? first : next; next <= last; ++next) visit(next);
    }
}

} // namespace

usize page_table_pages(std::span<Region const> regions, bool gigabyte_pages)
{
    usize pages = 3; // root, and two tables for the kernel's image
    u64 last_slot = ~u64{0};
    for_each_gib(regions, [&](u64 gib) {
        if (!gigabyte_pages) ++pages;
        if (u64 const slot = gib >> 9; slot != last_slot) {
            last_slot = slot;
            ++pages;
        }
    });
    return pages;
}

u64 build_page_tables(std::span<Region const> regions, Region const& kernel, bool gigabyte_pages,
                      u8* pages)
{
    Builder builder{pages};
    for_each_gib(regions, [&](u64 gib) {
        u64 const physical = gib << giga_bits;
        if (gigabyte_pages) {
            builder.map(physmap_base + physical, physical, giga_bits);
            return;
        }
        for (u64 i = 0; i < entries; ++i) {
            u64 const page = physical + (i << large_bits);
            builder.map(physmap_base + page, page, large_bits);
        }
    });
    // The upper half of the root begins with the physical map: show it at 0 as well.
    for (usize i = 0; i < entries / 2 - 1; ++i) builder.root()[i] = builder.root()[i + entries / 2];
    for (u64 offset = 0; offset < kernel.size; offset += bit(large_bits))
        builder.map(kernel_base + offset, kernel.base + offset, large_bits);
    return reinterpret_cast<u64>(builder.root());
}

bool cpu_has_gigabyte_pages()
{
    u32 a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x8000'0001, &a, &b, &c, &d) != 0 && (d & bit(26)) != 0;
}

} // namespace boot

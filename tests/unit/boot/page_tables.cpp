// Rules of the loaders' page tables, read back by a walk like the CPU's: every region and the
// first 4 GiB are in the physical map and mapped identically, the kernel at its addresses, and
// nothing else; and no more pages are used than were asked for.
#include "boot/common/page_tables.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>
#include <vector>

using namespace boot;

namespace {

constexpr u64 gib = u64{1} << 30;
constexpr u64 mib = 1 << 20;

std::optional<u64> walk(u64 root, u64 address)
{
    u64 table = root;
    for (unsigned shift = 39; shift >= 21; shift -= 9) {
        u64 const e = reinterpret_cast<u64 const*>(table)[address >> shift & 511];
        if ((e & 1) == 0) return std::nullopt;
        u64 const page = e & ~((u64{1} << shift) - 1);
        if ((e & 0x80) != 0) return page + (address & ((u64{1} << shift) - 1));
        table = e & ~u64{0xfff};
    }
    return std::nullopt;
}

struct Tables {
    std::vector<Region> regions;
    Region kernel{6 * mib, 5 * mib, RegionKind::kernel, 0};
    usize pages;
    u8* memory;
    u64 root;

    Tables(std::vector<Region> r, bool giga)
        : regions{std::move(r)}, pages{page_table_pages(regions, giga)},
          memory{static_cast<u8*>(std::aligned_alloc(4096, pages * 4096))}, root{build_page_tables(
                                                                                regions, kernel,
                                                                                giga, memory)}
    {
    }
    ~Tables() { std::free(memory); }
};

} // namespace

TEST_CASE("regions, low memory and the kernel are mapped, and nothing else", "[page tables]")
{
    bool const giga = GENERATE(false, true);
    std::vector<Region> const regions{{0, mib, RegionKind::reserved, 0},
                                      {mib, 127 * mib, RegionKind::ram, 0},
                                      {5 * gib - mib, 2 * mib, RegionKind::ram, 0},
                                      {0xfd'0000'0000, 12 * gib, RegionKind::reserved, 0},
                                      {(u64{1} << 46) - mib, mib, RegionKind::reserved, 0}};
    Tables const t{regions, giga};
    for (Region const& r : regions)
        for (u64 at : {r.base, r.base + r.size / 2, r.base + r.size - 1}) {
            CHECK(walk(t.root, physmap_base + at) == at);
            CHECK(walk(t.root, at) == at);
        }
    for (u64 at : {u64{0}, 4 * gib - 1, 5 * gib, 6 * gib - 1})
        CHECK(walk(t.root, physmap_base + at) == at);
    for (u64 at : {6 * gib, 1008 * gib, 1024 * gib}) CHECK_FALSE(walk(t.root, physmap_base + at));
    CHECK(walk(t.root, kernel_base) == 6 * mib);
    CHECK(walk(t.root, kernel_base + 5 * mib - 1) == 11 * mib - 1);
    CHECK_FALSE(walk(t.root, kernel_base + 6 * mib));
    CHECK_FALSE(walk(t.root, kernel_base - 1));
}

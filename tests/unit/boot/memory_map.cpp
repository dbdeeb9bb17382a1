// Rules of the loaders' memory map: whatever the firmware says, regions come out sorted, page
// aligned and disjoint, and no page is RAM that any entry denies.
#include "boot/common/memory_map.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <vector>

using namespace boot;

namespace {

constexpr u64 mib = 1 << 20;

std::vector<Region> build(MemoryMap const& map)
{
    std::vector<Region> out(max_regions);
    auto const count = map.build(out);
    REQUIRE(count);
    out.resize(*count);
    return out;
}

RegionKind kind_of(std::vector<Region> const& regions, u64 address)
{
    for (Region const& r : regions)
        if (address >= r.base && address - r.base < r.size) return r.kind;
    return {};
}

std::unique_ptr<MemoryMap> machine()
{
    auto map = std::make_unique<MemoryMap>();
    CHECK(map->add(0, 640 << 10, RegionKind::ram));
    CHECK(map->add(mib, 127 * mib, RegionKind::ram));
    CHECK(map->add(127 * mib, mib, RegionKind::acpi));
    return map;
}

void check_invariants(std::vector<Region> const& regions)
{
    u64 end = 0;
    RegionKind last{};
    for (Region const& r : regions) {
        CHECK((r.base % 4096 == 0 && r.size % 4096 == 0 && r.size > 0));
        CHECK((r.base > end || (r.base == end && (r.kind != last || end == 0))));
        end = r.base + r.size;
        last = r.kind;
        CHECK(end <= physical_limit);
    }
}

} // namespace

TEST_CASE("the first MiB is reserved whatever the firmware says", "[memory map]")
{
    auto const regions = build(*machine());
    REQUIRE(regions.size() == 3);
    CHECK((regions[0].size == mib && regions[0].kind == RegionKind::reserved));
    CHECK((regions[1].size == 126 * mib && regions[1].kind == RegionKind::ram));
    CHECK((regions[2].base == 127 * mib && regions[2].kind == RegionKind::acpi));
}

TEST_CASE("RAM shrinks to whole pages, everything else grows to them", "[memory map]")
{
    MemoryMap map;
    CHECK(map.add(mib + 1, 2 * mib - 2, RegionKind::ram));
    CHECK(map.add(8 * mib - 1, 2, RegionKind::acpi));
    CHECK(map.add(16 * mib + 1, 100, RegionKind::ram)); // less than a page
    auto const regions = build(map);
    REQUIRE(regions.size() == 3);
    CHECK((regions[1].base == mib + 4096 && regions[1].size == 2 * mib - 8192));
    CHECK((regions[2].base == 8 * mib - 4096 && regions[2].size == 8192));
}

TEST_CASE("claims cut the RAM they lie in", "[memory map]")
{
    auto map = machine();
    CHECK(map->claim(4 * mib, 2 * mib, RegionKind::kernel));
    CHECK(map->claim(6 * mib + 100, 1, RegionKind::module));
    auto const regions = build(*map);
    CHECK(kind_of(regions, 4 * mib - 1) == RegionKind::ram);
    CHECK(kind_of(regions, 4 * mib) == RegionKind::kernel);
    CHECK(kind_of(regions, 6 * mib) == RegionKind::module);
    CHECK(kind_of(regions, 6 * mib + 4096) == RegionKind::ram);
    check_invariants(regions);
}

TEST_CASE("hostile numbers are clipped or refused", "[memory map]")
{
    MemoryMap map;
    CHECK(map.add(~u64{0}, ~u64{0}, RegionKind::ram));
    CHECK(map.add(0, ~u64{0}, RegionKind::ram));
    CHECK(map.add(5, 0, RegionKind::ram));
    CHECK(map.add(~u64{4095}, 8192, RegionKind::reserved));
    auto const regions = build(map);
    check_invariants(regions);
    REQUIRE(regions.size() == 2);
    CHECK(regions[1].base + regions[1].size == physical_limit);
    MemoryMap full;
    for (u64 i = 0; i < 512; ++i) CHECK(full.add(mib + 8192 * i, 4096, RegionKind::ram));
    CHECK_FALSE(full.add(mib, 4096, RegionKind::ram));
    std::vector<Region> out(max_regions);
    CHECK_FALSE(full.build(out)); // 513 regions do not fit
}

TEST_CASE("free memory is found lowest first, aligned and within bounds", "[memory map]")
{
    auto map = machine();
    CHECK(map->find_free(4096, page_bits, 0, ~u64{0}) == mib);
    CHECK(map->find_free(4096, large_page_bits, mib, ~u64{0}) == 2 * mib);
    CHECK(map->claim(2 * mib, 4 * mib, RegionKind::kernel));
    CHECK(map->find_free(2 * mib, large_page_bits, mib, ~u64{0}) == 6 * mib);
    CHECK(map->find_free(121 * mib, page_bits, mib, ~u64{0}) == 6 * mib);
    CHECK(map->find_free(121 * mib + 1, page_bits, mib, ~u64{0}) == 0);
    CHECK(map->find_free(4096, page_bits, 20 * mib, 20 * mib + 4096) == 20 * mib);
    CHECK(map->find_free(4097, page_bits, 20 * mib, 20 * mib + 4096) == 0);
    CHECK(map->find_free(~u64{0}, page_bits, mib, ~u64{0}) == 0);
}

TEST_CASE("random maps keep the invariants, page by page", "[memory map]")
{
    std::mt19937 random{2024};
    RegionKind const kinds[] = {RegionKind::ram, RegionKind::reserved, RegionKind::acpi,
                                RegionKind::runtime_firmware};
    for (int round = 0; round < 200; ++round) {
        MemoryMap map;
        std::vector<Region> entries;
        for (int i = 0; i < 20; ++i) {
            Region const r{mib + random() % (64 * 1024), random() % 20000, kinds[random() % 4], 0};
            CHECK(map.add(r.base, r.size, r.kind));
            entries.push_back(r);
        }
        auto const regions = build(map);
        check_invariants(regions);
        for (u64 page = mib; page < mib + (96 << 10); page += 4096) {
            // RAM exactly if one entry of RAM covers the page and nothing else meets it.
            bool denied = false, covered = false;
            for (Region const& e : entries) {
                bool const meets = e.size > 0 && e.base < page + 4096 && page < e.base + e.size;
                if (e.kind != RegionKind::ram)
                    denied |= meets;
                else
                    covered |= e.base <= page && page + 4096 <= e.base + e.size;
            }
            CHECK((kind_of(regions, page) == RegionKind::ram) == (covered && !denied));
        }
    }
}

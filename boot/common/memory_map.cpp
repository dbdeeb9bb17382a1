// The sweep behind MemoryMap::build: cut the address space at every start and end, ask for each
// piece which kind wins, and merge neighbours of one kind. Quadratic, over some hundred entries.
#include "boot/common/memory_map.hpp"

#include "kit/bits.hpp"

namespace boot {
namespace {

constexpr RegionKind unknown{};

/// Which kind wins where entries overlap: the higher number.
constexpr int precedence(RegionKind kind)
{
    switch (kind) {
    case RegionKind::ram:
        return 1;
    case RegionKind::acpi:
        return 2;
    case RegionKind::reserved:
        return 3;
    case RegionKind::runtime_firmware:
        return 4;
    case RegionKind::loader:
        return 5;
    case RegionKind::module:
        return 6;
    case RegionKind::kernel:
        return 7;
    }
    return 0;
}

constexpr Region low_memory{0, first_mib, RegionKind::reserved, 0};

bool contains(Region const& r, u64 address)
{
    return address - r.base < r.size;
}

void insertion_sort(std::span<u64> values)
{
    for (usize i = 1; i < values.size(); ++i) {
        u64 const v = values[i];
        usize at = i;
        for (; at > 0 && values[at - 1] > v; --at) values[at] = values[at - 1];
        values[at] = v;
    }
}

} // namespace

Checked<void> MemoryMap::add(u64 base, u64 size, RegionKind kind)
{
    if (size == 0 || base >= physical_limit) return {};
    u64 end = size > physical_limit - base ? physical_limit : base + size;
    // RAM shrinks to whole pages; everything else grows to them.
    if (kind == RegionKind::ram) {
        base = align_up(base, page_bits);
        end = align_down(end, page_bits);
    } else {
        base = align_down(base, page_bits);
        end = align_up(end, page_bits);
    }
    if (base >= end) return {};
    if (firmware_count_ == max_firmware)
        return Failure{"memory map", "the firmware's map has more than 512 entries"};
    firmware_[firmware_count_++] = {base, end - base, kind, 0};
    return {};
}

Checked<void> MemoryMap::claim(u64 base, u64 size, RegionKind kind)
{
    if (claim_count_ == max_claims) return Failure{"memory map", "too many loader allocations"};
    u64 const start = align_down(base, page_bits);
    claims_[claim_count_++] = {start, align_up(base + size, page_bits) - start, kind, 0};
    return {};
}

RegionKind MemoryMap::kind_at(u64 base) const
{
    RegionKind best = contains(low_memory, base) ? low_memory.kind : unknown;
    auto consider = [&](Region const& r) {
        if (contains(r, base) && precedence(r.kind) > precedence(best)) best = r.kind;
    };
    for (usize i = 0; i < firmware_count_; ++i) consider(firmware_[i]);
    for (usize i = 0; i < claim_count_; ++i) consider(claims_[i]);
    return best;
}

usize MemoryMap::collect_bounds(Bounds& bounds) const
{
    usize count = 0;
    auto cut = [&](Region const& r) {
        bounds[count++] = r.base;
        bounds[count++] = r.base + r.size;
    };
    cut(low_memory);
    for (usize i = 0; i < firmware_count_; ++i) cut(firmware_[i]);
    for (usize i = 0; i < claim_count_; ++i) cut(claims_[i]);
    insertion_sort({bounds.data(), count});
    return count;
}

Checked<usize> MemoryMap::build(std::span<Region> out) const
{
    Bounds bounds;
    usize const bound_count = collect_bounds(bounds);
    usize count = 0;
    for (usize i = 0; i + 1 < bound_count; ++i) {
        u64 const base = bounds[i], size = bounds[i + 1] - base;
        RegionKind const kind = kind_at(base);
        if (size == 0 || kind == unknown) continue;
        if (count > 0 && out[count - 1].kind == kind &&
            out[count - 1].base + out[count - 1].size == base) {
            out[count - 1].size += size;
            continue;
        }
        if (count == out.size())
            return Failure{"memory map", "more regions than the handoff can hold"};
        out[count++] = {base, size, kind, 0};
    }
    return count;
}

u64 MemoryMap::find_free(u64 size, unsigned align_bits, u64 from, u64 limit) const
{
    std::array<Region, max_regions> regions;
    auto const count = build(regions);
    if (!count) return 0;
    for (Region const& r : std::span{regions}.first(*count)) {
        if (r.kind != RegionKind::ram) continue;
        u64 const end = r.base + r.size < limit ? r.base + r.size : limit;
        u64 const base = align_up(r.base < from ? from : r.base, align_bits);
        if (base < end && size <= end - base) return base;
    }
    return 0;
}

} // namespace boot

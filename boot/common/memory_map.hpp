// Turns a firmware's memory map into the handoff's regions. Firmware maps overlap, come in any
// order and end in the middle of pages; the loader's own uses are laid over them as claims.
// Out come regions that are sorted, page aligned and disjoint. Where two entries meet in a page
// the more restrictive one wins, so that RAM is never promised that is not there.
#pragma once

#include "boot/common/failure.hpp"
#include "boot/handoff.hpp"
#include <array>
#include <span>

namespace boot {

inline constexpr unsigned page_bits = 12;
inline constexpr unsigned large_page_bits = 21;
/// Addresses from here on are left out: the physical map has to end below the kernel's image.
inline constexpr u64 physical_limit = u64{1} << 46;
/// The first MiB belongs to firmware and legacy devices: reserved, whatever the map says.
inline constexpr u64 first_mib = 1 << 20;

class MemoryMap {
public:
    /// Adds a range as the firmware reports it. Empty ranges are ignored, ranges past
    /// physical_limit clipped.
    /// @error too many entries
    Checked<void> add(u64 base, u64 size, RegionKind kind);
    /// Lays `kind` (loader, kernel, module) over a page-aligned range that is RAM.
    /// @error too many entries
    Checked<void> claim(u64 base, u64 size, RegionKind kind);
    /// Takes the firmware's entries away and keeps the claims: the firmware has a newer map.
    void forget_firmware_entries() { firmware_count_ = 0; }

    /// Writes the regions and returns how many there are.
    /// @error more regions than fit
    Checked<usize> build(std::span<Region> out) const;

    /// The lowest address in [from, limit), aligned to 2^align_bits, of `size` bytes of free RAM;
    /// 0 when there is none.
    u64 find_free(u64 size, unsigned align_bits, u64 from, u64 limit) const;

private:
    static constexpr usize max_firmware = 512, max_claims = 32;
    using Bounds = std::array<u64, 2 * (max_firmware + max_claims + 1)>;

    usize collect_bounds(Bounds& bounds) const;
    RegionKind kind_at(u64 base) const; ///< RegionKind{0}: nothing is known about this address

    std::array<Region, max_firmware> firmware_{};
    std::array<Region, max_claims> claims_{};
    usize firmware_count_ = 0, claim_count_ = 0;
};

} // namespace boot

// Device memory and DMA memory of a driver: pieces that are cut with a check of bounds, so that an
// offset read from a device or out of a manifest cannot leave them.
#pragma once

#include "hw/reg.hpp"
#include "kit/result.hpp"
#include <span>

namespace driver {

/// A mapped BAR or other registers.
class Region {
    u8 volatile* start_ = nullptr;
    u64 bytes_ = 0;

public:
    Region() = default;
    Region(void volatile* start, u64 bytes)
        : start_{static_cast<u8 volatile*>(start)}, bytes_{bytes}
    {
    }
    u64 size() const { return bytes_; }
    /// The registers in `bytes` bytes from `offset`. @error out_of_range
    Result<hw::Mmio> at(u64 offset, u64 bytes) const
    {
        if (offset > bytes_ || bytes > bytes_ - offset) return Error::out_of_range;
        return hw::Mmio{start_ + offset};
    }
};

/// Memory that the driver and its device both reach: contiguous, pinned, zero at the start.
class DmaBuffer {
    u8* start_ = nullptr;
    u64 physical_ = 0, bytes_ = 0;

public:
    DmaBuffer() = default;
    DmaBuffer(u8* start, u64 physical, u64 bytes)
        : start_{start}, physical_{physical}, bytes_{bytes}
    {
    }
    u64 size() const { return bytes_; }
    /// What the device is told.
    u64 physical() const { return physical_; }
    std::span<u8> bytes() const { return {start_, bytes_}; }

    /// Cuts `bytes` bytes off the front, aligned (both addresses) to `alignment`, a power of two.
    /// What is skipped for the alignment is lost. @error no_memory
    Result<DmaBuffer> take(u64 bytes, u64 alignment)
    {
        u64 const skip = (0 - physical_) & (alignment - 1);
        if (skip > bytes_ || bytes > bytes_ - skip) return Error::no_memory;
        DmaBuffer const piece{start_ + skip, physical_ + skip, bytes};
        *this = {start_ + skip + bytes, physical_ + skip + bytes, bytes_ - skip - bytes};
        return piece;
    }
    /// The buffer as an array of T, as many as fit; T's alignment must be what was taken.
    template <class T> std::span<T> array() const
    {
        return {reinterpret_cast<T*>(start_), bytes_ / sizeof(T)};
    }
};

} // namespace driver

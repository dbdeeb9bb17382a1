// Waiting for a device: by reading its registers so many times. A read takes about a microsecond on
// a real bus and much less in an emulator, where nothing has to be waited for.
#pragma once

#include "kit/result.hpp"
#include "registers.hpp"

namespace intel {

inline constexpr u32 patience = 100'000;

/// Until the bits of `mask` in R are `value`. @error busy  they never are
template <class R, class Registers>
Result<void> wait_for(Registers const& registers, u32 mask, u32 value)
{
    for (u32 reads = 0; reads < patience; ++reads)
        if ((get<R>(registers) & mask) == value) return {};
    return Error::busy;
}
/// At least a microsecond on any CPU of up to 8 GHz, without touching the device: a step takes a
/// cycle or more. (Not `pause`: some CPUs take hundreds of cycles for it, and QEMU microseconds.)
inline void pause()
{
    for (int i = 0; i < 8'000; ++i) asm volatile("" : "+r"(i));
}

} // namespace intel

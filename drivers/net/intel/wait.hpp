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
/// At least a microsecond on any CPU, without touching the device.
inline void pause()
{
    for (int i = 0; i < 2'000; ++i) __builtin_ia32_pause();
}

} // namespace intel

// Where things lie in the address space of every program but root and memory-manager. The compiler
// of the system description (scripts/lib/manifest) assigns addresses inside these areas.
#pragma once

#include "kit/types.hpp"

namespace program::layout {

inline constexpr u64 image_start = 0x1000, image_end = 0x1000'0000; ///< what an ELF may occupy
inline constexpr u64 arguments = 0x1000'0000;  ///< runtime::Arguments, 4 pages, read-only
inline constexpr u64 ipc_buffer = 0x1001'0000; ///< of the first thread
inline constexpr u64 shared = 0x2000'0000, shared_end = 0x8000'0000;     ///< shared objects
inline constexpr u64 device = 0x1'0000'0000, device_end = 0x2'0000'0000; ///< BARs, framebuffer
inline constexpr u64 device_window = 0x1000'0000; ///< of it, for each BAR or framebuffer
inline constexpr u64 events = 0x1'f000'0000; ///< the kernel event ring, with the right `monitor`
inline constexpr u64 dma = 0x2'0000'0000, dma_end = 0x3'0000'0000;
inline constexpr u64 heap = 0x10'0000'0000, heap_end = 0x20'0000'0000; ///< memory::Allocate

} // namespace program::layout

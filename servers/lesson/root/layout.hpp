// Where things lie in the root server's own address space and in that of every program it starts,
// besides the program's image (from 4 MiB on, libs/runtime/user.ld).
#pragma once

#include "kit/types.hpp"

namespace root::layout {

// The root server.
inline constexpr u64 scratch_page = 0x10'0000'0000; ///< a frame being filled for a program
inline constexpr u64 rings = 0x10'0010'0000;        ///< shared rings, ring_stride apart
inline constexpr u64 ring_stride = 0x1'0000;
/// Physical address p, once it is mapped, is at physical_window + p.
inline constexpr u64 physical_window = 0x4000'0000'0000;
inline constexpr u64 physical_window_size = 0x2000'0000'0000;

// Every program.
inline constexpr u64 program_arguments = 0x1000'0000; ///< one page, read-only
inline constexpr u64 program_ipc_buffer = 0x1000'2000;
inline constexpr u64 program_rings = 0x2000'0000; ///< ring_stride apart
/// What an image may occupy.
inline constexpr u64 image_start = 0x1000, image_end = 0x1000'0000;

} // namespace root::layout

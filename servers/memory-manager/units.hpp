// Sizes and places that all parts of memory-manager share. Memory is handed out in chunks of 2 MiB,
// each of one kind; below that in pages of 4 KiB. Addresses are virtual ones of our own space.
#pragma once

#include "kit/bits.hpp"
#include "kit/result.hpp"
#include "kit/types.hpp"
#include "sys/error.hpp"

namespace memory_manager {

inline constexpr unsigned page_bits = 12, chunk_bits = 21;
inline constexpr u64 page_bytes = bit(page_bits), chunk_bytes = bit(chunk_bits);
inline constexpr u32 chunk_pages = 512;

inline constexpr u32 max_chunks = 8192; ///< 16 GiB; a larger machine's rest is not used
inline constexpr u32 max_spaces = 256;  ///< number 0 is our own
inline constexpr u32 max_regions = 512; ///< of one space
inline constexpr u32 max_objects = 1024;
inline constexpr u32 max_object_bytes = 16 << 20;
inline constexpr u32 max_tables = 65536; ///< page tables of all spaces

/// Our own address space: windows and IPC buffer, then tables that grow. Far from everything that
/// MapObject may put into space 0.
namespace place {
inline constexpr u64 base = 0x2000'0000'0000;
inline constexpr u64 ipc_buffer = base;
inline constexpr u64 window = base + 0x1000;          ///< two pages, one mapping each at a time
inline constexpr u64 large_window = base + 0x20'0000; ///< a page of 2 MiB
inline constexpr u64 archive = base + 0x4000'0000;
inline constexpr u64 chunks = base + 0x8000'0000;
inline constexpr u64 tables = base + 0xc000'0000;
inline constexpr u64 regions = base + 0x2'0000'0000;
inline constexpr u64 copies = base + 0x3'0000'0000; ///< of SwapDisk: a word for each frame
inline constexpr u64 taken = base + 0x4'0000'0000;  ///< of SwapDisk: a bit for each place
} // namespace place

/// The kernel's refusal as an error of ours. Only memory can be short: everything else it refuses
/// was not checked here, which is a mistake of ours.
inline Result<void> done(sys::Result<void> const& answer)
{
    if (answer) return {};
    return answer.error() == abi::ErrorCode::not_enough_memory ? Error::no_memory : Error::corrupt;
}

} // namespace memory_manager

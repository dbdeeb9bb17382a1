// Checks of numbers that come with a call.
#pragma once

#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include "regions.hpp"

namespace memory_manager {

constexpr u32 page_of(u64 address)
{
    return static_cast<u32>(address >> page_bits);
}
/// Pages that hold this many bytes. bytes: at most 2^63.
constexpr u64 pages_of(u64 bytes)
{
    return (bytes + page_bytes - 1) >> page_bits;
}

/// A region of these pages. Errors: bad_argument (not page aligned, no bytes, write and execute
/// together or a bit that means nothing); out_of_range (not below the end of what programs have).
inline Result<Region> checked_region(u64 address, u64 bytes, u64 access)
{
    if (!is_aligned(address | bytes, page_bits) || bytes == 0) return Error::bad_argument;
    u64 const both = memory::access_write | memory::access_execute;
    if (access == 0 || access > 7 || (access & both) == both) return Error::bad_argument;
    constexpr u64 end = program::layout::heap_end;
    if (address == 0 || address >= end || bytes > end - address) return Error::out_of_range;
    return Region{page_of(address), page_of(bytes), {}, static_cast<u8>(access), 0, 0, 0};
}

} // namespace memory_manager

// Where an uploaded program may lie, and what of a checked ELF file is no such program. The upload
// server looks before it starts anything, the loader (servers/guest) before it maps anything.
#pragma once

#include "elf/elf.hpp"
#include "kit/bits.hpp"
#include "program/layout.hpp"

namespace guest {

/// The loader lies behind.
inline constexpr u64 image_end = 0x0f00'0000;
inline constexpr unsigned page_bits = 12;

/// The whole pages around a segment.
struct Pages {
    u64 address, bytes;
};
constexpr Pages pages_of(elf::Segment const& it)
{
    u64 const address = align_down(it.address, page_bits);
    return {address, align_up(it.address + it.memory_size, page_bits) - address};
}

/// Null: it can be loaded; otherwise why not, as the end of a sentence.
inline char const* refusal(elf::Image const& image)
{
    for (elf::Segment const& it : image.segments()) {
        if (it.write && it.execute) return "a part is writable and executable";
        if (it.address < program::layout::image_start || it.address >= image_end ||
            it.memory_size > image_end - it.address)
            return "a part does not lie where uploaded programs may (0x1000 to 0xf000000)";
        Pages const mine = pages_of(it);
        for (elf::Segment const& other : image.segments()) {
            Pages const its = pages_of(other);
            if (&other != &it && mine.address < its.address + its.bytes &&
                its.address < mine.address + mine.bytes)
                return "two parts share a page";
        }
    }
    return nullptr;
}

} // namespace guest

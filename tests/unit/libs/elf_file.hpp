// Builds ELF files for tests: a sound one by default, with every field open to be spoilt.
#pragma once

#include "elf/elf.hpp"
#include <cstring>
#include <vector>

namespace test {

struct ElfHeader {
    u8 magic[4] = {0x7f, 'E', 'L', 'F'};
    u8 file_class = 2, data = 1, ident_version = 1, rest[9] = {};
    u16 type = 2, machine = 62;
    u32 version = 1;
    u64 entry = 0x40'1000, program_headers = 64, section_headers = 0;
    u32 flags = 0;
    u16 header_size = 64, program_header_size = 56, program_header_count = 0;
    u16 section_header_size = 0, section_header_count = 0, section_names = 0;
};
static_assert(sizeof(ElfHeader) == 64);

struct ElfSegment {
    u32 type = 1, flags = 5;
    u64 offset = 0x1000, address = 0x40'1000, physical = 0x40'1000;
    u64 file_size = 0x100, memory_size = 0x100, align = 0x1000;
};
static_assert(sizeof(ElfSegment) == 56);

struct ElfFile {
    ElfHeader header;
    std::vector<ElfSegment> segments{{},
                                     {.flags = 6,
                                      .offset = 0x2000,
                                      .address = 0x40'2000,
                                      .physical = 0x40'2000,
                                      .file_size = 0x80,
                                      .memory_size = 0x3000}};
    usize size = 0x2080;

    /// The file. Byte i is i mod 251 where no header is.
    std::vector<u8> bytes() const
    {
        std::vector<u8> out(size);
        for (usize i = 0; i < size; ++i) out[i] = static_cast<u8>(i % 251);
        ElfHeader h = header;
        if (h.program_header_count == 0) h.program_header_count = static_cast<u16>(segments.size());
        put(out, 0, &h, sizeof h);
        for (usize i = 0; i < segments.size(); ++i)
            put(out, 64 + i * sizeof(ElfSegment), &segments[i], sizeof(ElfSegment));
        return out;
    }

private:
    static void put(std::vector<u8>& out, usize at, void const* from, usize size)
    {
        if (at >= out.size()) return;
        std::memcpy(out.data() + at, from, at + size > out.size() ? out.size() - at : size);
    }
};

/// Whether an image keeps what elf.hpp promises, for a file of this size.
inline bool promises_hold(elf::Image const& image, std::span<u8 const> file)
{
    bool entry_found = false;
    for (auto const& s : image.segments()) {
        if (s.data.data() < file.data() ||
            s.data.data() + s.data.size() > file.data() + file.size())
            return false;
        if (s.data.size() > s.memory_size || s.memory_size == 0) return false;
        if (s.address + s.memory_size < s.address) return false;
        if (s.align == 0 || (s.align & (s.align - 1)) != 0) return false;
        for (auto const& t : image.segments())
            if (&s != &t && s.address < t.address + t.memory_size &&
                t.address < s.address + s.memory_size)
                return false;
        entry_found |= s.execute && image.entry() - s.address < s.memory_size;
    }
    return entry_found;
}

} // namespace test

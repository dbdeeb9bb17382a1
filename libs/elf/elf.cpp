// The checks behind elf::Image. Fields are copied out of the file before use, since a file in
// memory need not be aligned. Called by boot/common/kernel_image.cpp and by the kernel.
#include "elf/elf.hpp"

#include <cstring>

namespace elf {
namespace {

struct FileHeader {
    u8 magic[4];
    u8 file_class, data, ident_version, ident_rest[9];
    u16 type, machine;
    u32 version;
    u64 entry, program_headers, section_headers;
    u32 flags;
    u16 header_size, program_header_size, program_header_count;
    u16 section_header_size, section_header_count, section_names;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
    u32 type, flags;
    u64 offset, address, physical, file_size, memory_size, align;
};
static_assert(sizeof(ProgramHeader) == 56);

constexpr u8 class_64 = 2, little_endian = 1;
constexpr u16 type_executable = 2, machine_x86_64 = 62;
constexpr u32 type_load = 1;
constexpr u32 flag_execute = 1, flag_write = 2, flag_read = 4;

/// Copies a T from file[offset...]. The caller has checked that it lies inside.
template <class T> T copy_out(std::span<u8 const> file, u64 offset)
{
    T value;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
}

Fault check(FileHeader const& h)
{
    if (std::memcmp(h.magic,
                    "\x7f"
                    "ELF",
                    4) != 0)
        return Fault::bad_magic;
    if (h.file_class != class_64) return Fault::not_64_bit;
    if (h.data != little_endian) return Fault::not_little_endian;
    if (h.ident_version != 1 || h.version != 1) return Fault::bad_version;
    if (h.machine != machine_x86_64) return Fault::wrong_machine;
    if (h.type != type_executable) return Fault::not_executable;
    if (h.header_size != sizeof(FileHeader)) return Fault::bad_header_size;
    if (h.program_header_count == 0) return Fault::no_segments;
    if (h.program_header_size != sizeof(ProgramHeader)) return Fault::bad_entry_size;
    return Fault::ok;
}

/// Checks one PT_LOAD header against the file alone.
Fault check(ProgramHeader const& p, u64 file_size)
{
    if (p.file_size > p.memory_size) return Fault::segment_larger_in_file;
    if (p.offset > file_size || p.file_size > file_size - p.offset)
        return Fault::segment_outside_file;
    if (p.address + p.memory_size < p.address) return Fault::segment_wraps;
    if ((p.align & (p.align - 1)) != 0 && p.align != 0) return Fault::bad_alignment;
    if (p.align > 1 && ((p.address ^ p.offset) & (p.align - 1)) != 0) return Fault::bad_alignment;
    return Fault::ok;
}

} // namespace

Result<Image, Fault> Image::parse(std::span<u8 const> file)
{
    if (file.size() < sizeof(FileHeader)) return Fault::too_short;
    auto const header = copy_out<FileHeader>(file, 0);
    if (Fault const fault = check(header); fault != Fault::ok) return fault;

    u64 const table_size = u64{header.program_header_count} * sizeof(ProgramHeader);
    if (header.program_headers > file.size() || table_size > file.size() - header.program_headers)
        return Fault::headers_outside_file;

    Image image;
    image.entry_ = header.entry;
    for (u64 i = 0; i < header.program_header_count; ++i) {
        auto const p =
            copy_out<ProgramHeader>(file, header.program_headers + i * sizeof(ProgramHeader));
        if (p.type != type_load || p.memory_size == 0) continue;
        if (Fault const fault = check(p, file.size()); fault != Fault::ok) return fault;
        Segment const segment{p.address,
                              p.physical,
                              p.memory_size,
                              file.subspan(p.offset, p.file_size),
                              p.align == 0 ? 1 : p.align,
                              (p.flags & flag_read) != 0,
                              (p.flags & flag_write) != 0,
                              (p.flags & flag_execute) != 0};
        if (Fault const fault = image.add(segment); fault != Fault::ok) return fault;
    }
    if (image.count_ == 0) return Fault::no_segments;
    if (!image.entry_is_executable()) return Fault::entry_not_executable;
    return image;
}

Fault Image::add(Segment const& segment)
{
    if (count_ == max_segments) return Fault::too_many_segments;
    for (Segment const& other : segments()) {
        bool const before = segment.address + segment.memory_size <= other.address;
        bool const after = other.address + other.memory_size <= segment.address;
        if (!before && !after) return Fault::overlapping_segments;
    }
    segments_[count_++] = segment;
    return Fault::ok;
}

bool Image::entry_is_executable() const
{
    for (Segment const& s : segments())
        if (s.execute && entry_ >= s.address && entry_ - s.address < s.memory_size) return true;
    return false;
}

u64 Image::lowest_address() const
{
    u64 lowest = ~u64{0};
    for (Segment const& s : segments())
        if (s.address < lowest) lowest = s.address;
    return lowest;
}

u64 Image::end_address() const
{
    u64 end = 0;
    for (Segment const& s : segments())
        if (s.address + s.memory_size > end) end = s.address + s.memory_size;
    return end;
}

char const* sentence(Fault fault)
{
    switch (fault) {
    case Fault::ok:
        return "no fault";
    case Fault::too_short:
        return "truncated: shorter than an ELF header";
    case Fault::bad_magic:
        return "not an ELF file";
    case Fault::not_64_bit:
        return "malformed ELF: not a 64-bit file";
    case Fault::not_little_endian:
        return "malformed ELF: not little-endian";
    case Fault::bad_version:
        return "malformed ELF: unknown version";
    case Fault::not_executable:
        return "not a static executable (ELF type is not EXEC)";
    case Fault::wrong_machine:
        return "wrong machine: not built for x86_64";
    case Fault::bad_header_size:
        return "malformed ELF: wrong header size";
    case Fault::bad_entry_size:
        return "malformed ELF: wrong size of a program header";
    case Fault::no_segments:
        return "malformed ELF: nothing to load";
    case Fault::too_many_segments:
        return "malformed ELF: more than 32 segments to load";
    case Fault::headers_outside_file:
        return "truncated: program headers lie past the end";
    case Fault::segment_outside_file:
        return "truncated: a segment lies past the end of the file";
    case Fault::segment_larger_in_file:
        return "malformed ELF: a segment is larger than its memory";
    case Fault::segment_wraps:
        return "malformed ELF: a segment wraps around the address space";
    case Fault::bad_alignment:
        return "malformed ELF: a segment has an impossible alignment";
    case Fault::overlapping_segments:
        return "malformed ELF: overlapping segments";
    case Fault::entry_not_executable:
        return "malformed ELF: entry point outside executable code";
    }
    return "unknown fault";
}

} // namespace elf

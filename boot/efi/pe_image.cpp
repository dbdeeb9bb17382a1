// PE headers, as far as finding a section needs them. scripts/gen/pe.py adds that section.
#include "boot/efi/pe_image.hpp"

#include <cstring>

namespace boot::efi {
namespace {

/// COFF file header with the signature in front of it.
struct CoffHeader {
    u8 signature[4];
    u16 machine, section_count;
    u32 time, symbols, symbol_count;
    u16 optional_header_size, flags;
};
static_assert(sizeof(CoffHeader) == 24);

struct SectionHeader {
    char name[8];
    u32 memory_size, address, file_size, file_offset;
    u8 rest[16];
};
static_assert(sizeof(SectionHeader) == 40);

constexpr usize coff_header_at = 0x3c;

template <class T> bool read(std::span<u8 const> bytes, usize at, T& out)
{
    if (at > bytes.size() || bytes.size() - at < sizeof(T)) return false;
    std::memcpy(&out, bytes.data() + at, sizeof out);
    return true;
}

} // namespace

std::span<u8 const> find_section(std::span<u8 const> image, std::string_view name)
{
    u32 coff_at = 0;
    CoffHeader coff;
    if (!read(image, coff_header_at, coff_at) || !read(image, coff_at, coff)) return {};
    usize at = coff_at + sizeof coff + coff.optional_header_size;
    for (unsigned i = 0; i < coff.section_count; ++i, at += sizeof(SectionHeader)) {
        SectionHeader s;
        if (!read(image, at, s)) return {};
        std::string_view const padded{s.name, sizeof s.name};
        if (padded.substr(0, padded.find('\0')) != name) continue;
        if (s.address > image.size() || s.memory_size > image.size() - s.address) return {};
        return image.subspan(s.address, s.memory_size);
    }
    return {};
}

} // namespace boot::efi

// Tag by tag through the multiboot2 information. Called from main.cpp.
#include "boot/multiboot2/information.hpp"

#include "boot/common/firmware_tables.hpp"
#include "kit/bits.hpp"
#include <cstring>

namespace boot::multiboot2 {
namespace {

enum TagType : u32 {
    tag_end = 0,
    tag_command_line = 1,
    tag_module = 3,
    tag_memory_map = 6,
    tag_framebuffer = 8,
    tag_rsdp_old = 14,
    tag_rsdp_new = 15,
};

struct TagHeader {
    u32 type, size; ///< size: without the padding to the next tag
};

struct ModuleTag {
    u32 start, end;
};

struct MemoryMapTag {
    u32 entry_size, entry_version;
};

struct MemoryEntry {
    u64 base, size;
    u32 type, reserved;
};

struct [[gnu::packed]] FramebufferTag {
    u64 address;
    u32 pitch, width, height;
    u8 bits, type;
    u16 reserved;
    u8 red_position, red_size, green_position, green_size, blue_position, blue_size;
};
constexpr u8 framebuffer_rgb = 1;
static_assert(sizeof(FramebufferTag) == 30);

constexpr Failure bad_tag{"multiboot2 information", "a tag is shorter than its contents"};

/// The start of a tag's body as a T.
template <class T> Checked<T> copy_out(std::span<u8 const> body)
{
    if (body.size() < sizeof(T)) return bad_tag;
    T value;
    std::memcpy(&value, body.data(), sizeof value);
    return value;
}

Checked<void> read_memory_map(std::span<u8 const> body, MemoryMap& map)
{
    auto const tag = TRY(copy_out<MemoryMapTag>(body));
    if (tag.entry_size < sizeof(MemoryEntry)) return bad_tag;
    for (body = body.subspan(sizeof tag); body.size() >= tag.entry_size;
         body = body.subspan(tag.entry_size)) {
        auto const e = TRY(copy_out<MemoryEntry>(body));
        TRY(map.add(e.base, e.size, kind_of_e820(e.type)));
    }
    return {};
}

Checked<Framebuffer> read_framebuffer(std::span<u8 const> body)
{
    constexpr usize common_size = 24; // up to the colours, which text modes do not have
    if (body.size() < common_size) return bad_tag;
    if (body.size() < sizeof(FramebufferTag)) return Framebuffer{};
    auto const t = TRY(copy_out<FramebufferTag>(body));
    bool const eight_bits = t.red_size == 8 && t.green_size == 8 && t.blue_size == 8;
    if (t.type != framebuffer_rgb || t.bits != 32 || !eight_bits) return Framebuffer{};
    return Framebuffer{t.address,      t.width,          t.height,        t.pitch, t.bits,
                       t.red_position, t.green_position, t.blue_position, 0};
}

Checked<void> read_tag(u32 type, std::span<u8 const> body, Information& out, MemoryMap& map)
{
    switch (type) {
    case tag_command_line: {
        std::string_view const text{reinterpret_cast<char const*>(body.data()), body.size()};
        out.command_line = text.substr(0, text.find('\0'));
        return {};
    }
    case tag_module: {
        auto const m = TRY(copy_out<ModuleTag>(body));
        if (m.end < m.start) return bad_tag;
        if (out.module_size != 0) return {};
        out.module_address = m.start;
        out.module_size = m.end - m.start;
        return {};
    }
    case tag_memory_map:
        out.has_memory_map = true;
        return read_memory_map(body, map);
    case tag_framebuffer:
        out.framebuffer = TRY(read_framebuffer(body));
        return {};
    case tag_rsdp_old:
        if (out.rsdp.empty()) out.rsdp = body;
        return {};
    case tag_rsdp_new:
        out.rsdp = body;
        return {};
    default:
        return {};
    }
}

} // namespace

Checked<Information> parse(std::span<u8 const> bytes, MemoryMap& map)
{
    Information out;
    usize at = 8; // total_size and a reserved field
    while (at + sizeof(TagHeader) <= bytes.size()) {
        auto const tag = TRY(copy_out<TagHeader>(bytes.subspan(at)));
        if (tag.size < sizeof tag || tag.size > bytes.size() - at) return bad_tag;
        if (tag.type == tag_end) return out;
        TRY(read_tag(tag.type, bytes.subspan(at + sizeof tag, tag.size - sizeof tag), out, map));
        at = align_up(at + tag.size, 3);
    }
    return Failure{"multiboot2 information", "has no end tag"};
}

} // namespace boot::multiboot2

// The multiboot2 information structure: a list of tags, checked before use. Host-testable.
// [Multiboot2 specification, "Boot information format"]
#pragma once

#include "boot/common/memory_map.hpp"
#include <optional>
#include <span>
#include <string_view>

namespace boot::multiboot2 {

/// What the loader needs of the tags. Views point into the structure.
struct Information {
    std::string_view command_line{};
    u64 module_address = 0, module_size = 0; ///< the first module; size 0: none
    Framebuffer framebuffer{};               ///< address 0: none that we can draw on
    std::span<u8 const> rsdp{};              ///< a copy of the RSDP; the newer one if there are two
    bool has_memory_map = false;
};

/// Walks the tags and adds the memory map to `map`. `bytes` is the whole structure, from its
/// total_size field on.
/// @error tags that do not fit into the structure or into themselves; no end tag; map too long
Checked<Information> parse(std::span<u8 const> bytes, MemoryMap& map);

} // namespace boot::multiboot2

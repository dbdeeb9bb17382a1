// A program's file of the boot archive as it is mapped: checked once, used for every instance.
#pragma once

#include "composition/description.hpp"
#include "kit/result.hpp"
#include <array>
#include <span>

namespace spawn {

/// A part of the archive in an address space: whole pages, none shared with another part.
struct Segment {
    u64 address, bytes;     ///< virtual, page aligned; whole pages
    u64 offset, file_bytes; ///< in the archive, page aligned; 0 bytes: zeroed memory
    u64 access;             ///< memory::access_...; never write and execute
};
inline constexpr usize max_segments = 8;

struct Image {
    u64 entry = 0; ///< 0: not checked yet
    usize count = 0;
    std::array<Segment, max_segments> segment{};
    std::span<Segment const> segments() const { return {segment.data(), count}; }
    explicit operator bool() const { return entry != 0; }
};

/// Checks that `file`, a member of `archive`, may become a program: nothing writable is executable,
/// all parts lie in layout::image_start to image_end, no page belongs to two of them, and its data
/// lies page aligned in the archive.
/// @error  a sentence that ends "cannot start 'x': "
Result<Image, char const*> make_image(std::span<u8 const> archive, std::span<u8 const> file);

/// Finds `program.file` in the archive, compares its SHA-256 with the description's, and makes an
/// image of it. @error  as make_image
Result<Image, char const*> load_image(std::span<u8 const> archive,
                                      composition::Program const& program);

} // namespace spawn

// See image.hpp.
#include "spawn/image.hpp"

#include "composition/reader.hpp"
#include "cpio/cpio.hpp"
#include "elf/elf.hpp"
#include "kit/bits.hpp"
#include "kit/sha256.hpp"
#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include <cstring>

namespace spawn {

namespace {

namespace layout = program::layout;

constexpr unsigned page_bits = 12;

/// The whole pages around a segment. `file` is where the program's file begins in the archive.
Result<Segment, char const*> pages_of(elf::Segment const& it, std::span<u8 const> archive)
{
    if (it.write && it.execute) return "a part is writable and executable";
    if (it.address < layout::image_start || it.address + it.memory_size > layout::image_end)
        return "it does not lie where programs may";
    Segment segment{};
    segment.address = align_down(it.address, page_bits);
    segment.bytes = align_up(it.address + it.memory_size, page_bits) - segment.address;
    segment.access = (it.read ? memory::access_read : 0) | (it.write ? memory::access_write : 0) |
                     (it.execute ? memory::access_execute : 0);
    if (it.data.empty()) return segment;
    u64 const lead = it.address - segment.address;
    u64 const offset = static_cast<u64>(it.data.data() - archive.data());
    if (offset < lead || !is_aligned(offset - lead, page_bits))
        return "its file is not page aligned in the archive";
    segment.offset = offset - lead;
    segment.file_bytes = lead + it.data.size();
    return segment;
}

bool share_a_page(Segment const& a, Segment const& b)
{
    return a.address < b.address + b.bytes && b.address < a.address + a.bytes;
}

} // namespace

Result<Image, char const*> make_image(std::span<u8 const> archive, std::span<u8 const> file)
{
    auto const elf = elf::Image::parse(file);
    if (!elf) return elf::sentence(elf.error());
    Image image;
    for (elf::Segment const& part : (*elf).segments()) {
        if (image.count == max_segments) return "it has too many parts";
        auto const segment = TRY(pages_of(part, archive));
        for (Segment const& other : image.segments())
            if (share_a_page(segment, other)) return "two parts share a page";
        image.segment[image.count++] = segment;
    }
    image.entry = (*elf).entry();
    return image;
}

Result<Image, char const*> load_image(std::span<u8 const> archive,
                                      composition::Program const& program)
{
    auto const found = cpio::find(archive, composition::text(program.file));
    if (!found) return cpio::sentence(found.error());
    if (!*found) return "it is not in the boot archive";
    auto const file = (*found)->data;
    auto const digest = kit::Sha256::of(file);
    if (std::memcmp(digest.data(), program.sha256, sizeof program.sha256) != 0)
        return "its file is not the one that was described (SHA-256)";
    return make_image(archive, file);
}

} // namespace spawn

// Rules of spawn::make_image and load_image: what becomes a program is whole pages, never writable
// and executable, inside the place for images, and the file that the description means.
#include "spawn/image.hpp"

#include "../elf_file.hpp"
#include "kit/sha256.hpp"
#include "protocol/memory.hpp"
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

using namespace spawn;

namespace {

/// An archive of one page and then the file.
struct Archive {
    std::vector<u8> bytes;
    std::span<u8 const> file;
    explicit Archive(test::ElfFile const& elf, usize lead = 4096) : bytes(lead)
    {
        auto const image = elf.bytes();
        bytes.insert(bytes.end(), image.begin(), image.end());
        file = std::span{bytes}.subspan(lead);
    }
};

std::string refusal(test::ElfFile const& elf, usize lead = 4096)
{
    Archive const archive{elf, lead};
    auto const image = make_image(archive.bytes, archive.file);
    return image ? "" : image.error();
}

std::string cpio_member(std::string const& name, std::string const& data, usize offset)
{
    char header[111];
    std::snprintf(header, sizeof header,
                  "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1u, 0100644u, 0u,
                  0u, 1u, 0u, static_cast<unsigned>(data.size()), 0u, 0u, 0u, 0u,
                  static_cast<unsigned>(name.size() + 1), 0u);
    std::string out = std::string{header} + name + '\0';
    while ((offset + out.size()) % 4) out += '\0';
    out += data;
    while ((offset + out.size()) % 4) out += '\0';
    return out;
}

} // namespace

TEST_CASE("segments become whole pages of the archive", "[spawn]")
{
    Archive const archive{{}};
    auto const image = make_image(archive.bytes, archive.file);
    REQUIRE(image);
    CHECK((*image).entry == 0x40'1000);
    auto const parts = (*image).segments();
    REQUIRE(parts.size() == 2);
    CHECK(parts[0].address == 0x40'1000);
    CHECK(parts[0].bytes == 0x1000);
    CHECK(parts[0].offset == 0x2000); // a page of archive before the file
    CHECK(parts[0].file_bytes == 0x100);
    CHECK(parts[0].access == (memory::access_read | memory::access_execute));
    CHECK(parts[1].bytes == 0x3000);
    CHECK(parts[1].file_bytes == 0x80);
    CHECK(parts[1].access == (memory::access_read | memory::access_write));
}

TEST_CASE("a segment may begin within a page", "[spawn]")
{
    test::ElfFile elf;
    elf.segments[1].address += 0x40, elf.segments[1].offset += 0x40;
    elf.segments[1].file_size = 0x40;
    Archive const archive{elf};
    auto const image = make_image(archive.bytes, archive.file);
    REQUIRE(image);
    CHECK((*image).segment[1].address == 0x40'2000);
    CHECK((*image).segment[1].offset == 0x3000);
    CHECK((*image).segment[1].file_bytes == 0x80);
    CHECK((*image).segment[1].bytes == 0x4000);
}

TEST_CASE("what must not run is refused with its reason", "[spawn]")
{
    test::ElfFile elf;
    CHECK(refusal(elf) == "");
    CHECK(refusal(elf, 4096 + 4) == "its file is not page aligned in the archive");
    elf.segments[0].flags = 7;
    CHECK(refusal(elf) == "a part is writable and executable");
    elf = {};
    elf.segments[1].address = elf.segments[0].address + 0x800;
    elf.segments[1].offset = 0x1800, elf.segments[1].align = 0x800;
    CHECK(refusal(elf) == "two parts share a page");
    elf = {};
    elf.segments[1].address = 0x0fff'f000;
    CHECK(refusal(elf) == "it does not lie where programs may");
    elf.segments[1].address = 0;
    CHECK(refusal(elf) == "it does not lie where programs may");
    elf = {};
    for (u64 i = 0; i < 8; ++i) {
        elf.segments.push_back(elf.segments[1]);
        elf.segments.back().address += 0x10000 * (i + 1);
    }
    CHECK(refusal(elf) == "it has too many parts");
}

TEST_CASE("the file is found by name and must have the hash", "[spawn]")
{
    auto const elf = test::ElfFile{}.bytes();
    std::string const data(elf.begin(), elf.end());
    // So many bytes that the data of the second member lies on a page.
    usize const lead = 4096 - cpio_member("pad", "", 0).size() - cpio_member("disk", "", 0).size();
    std::string archive = cpio_member("pad", std::string(lead, 'x'), 0);
    archive += cpio_member("disk", data, archive.size());
    archive += cpio_member("TRAILER!!!", "", archive.size());
    std::span<u8 const> const bytes{reinterpret_cast<u8 const*>(archive.data()), archive.size()};

    composition::Program program{};
    std::strcpy(program.file, "disk");
    auto const digest = kit::Sha256::of(elf);
    std::memcpy(program.sha256, digest.data(), digest.size());
    auto const image = load_image(bytes, program);
    REQUIRE(image);
    CHECK((*image).segment[0].offset == 0x2000);

    program.sha256[31] ^= 1;
    CHECK(std::string{load_image(bytes, program).error()} ==
          "its file is not the one that was described (SHA-256)");
    std::strcpy(program.file, "disc");
    CHECK(std::string{load_image(bytes, program).error()} == "it is not in the boot archive");
    CHECK_FALSE(load_image(bytes.first(200), program));
}

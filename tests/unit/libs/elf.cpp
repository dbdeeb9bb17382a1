// Rules of libs/elf: a sound file is described exactly, every defect has its own fault, and no
// spoilt file yields segments that break the promises of elf::Image.
#include "elf/elf.hpp"

#include "elf_file.hpp"
#include <catch2/catch.hpp>
#include <functional>
#include <string>

using elf::Fault;
using test::ElfFile;
using test::promises_hold;

namespace {

Fault fault_of(std::vector<u8> const& bytes)
{
    auto image = elf::Image::parse(bytes);
    return image ? Fault::ok : image.error();
}

} // namespace

TEST_CASE("a sound file is described exactly", "[elf]")
{
    auto const bytes = ElfFile{}.bytes();
    auto image = elf::Image::parse(bytes);
    REQUIRE(image);
    CHECK(image->entry() == 0x40'1000);
    CHECK(image->lowest_address() == 0x40'1000);
    CHECK(image->end_address() == 0x40'5000);
    REQUIRE(image->segments().size() == 2);
    auto const& text = image->segments()[0];
    CHECK((text.read && !text.write && text.execute));
    CHECK(text.data.data() == bytes.data() + 0x1000);
    auto const& data = image->segments()[1];
    CHECK((data.read && data.write && !data.execute));
    CHECK(data.data.size() == 0x80);
    CHECK(data.memory_size == 0x3000);
}

TEST_CASE("every defect has its own fault", "[elf]")
{
    struct Case {
        Fault fault;
        std::function<void(ElfFile&)> spoil;
    };
    u64 const top = ~u64{0};
    std::vector<Case> const cases{
        {Fault::too_short, [](auto& f) { f.size = 63; }},
        {Fault::bad_magic, [](auto& f) { f.header.magic[0] = 0; }},
        {Fault::not_64_bit, [](auto& f) { f.header.file_class = 1; }},
        {Fault::not_little_endian, [](auto& f) { f.header.data = 2; }},
        {Fault::bad_version, [](auto& f) { f.header.version = 2; }},
        {Fault::bad_version, [](auto& f) { f.header.ident_version = 0; }},
        {Fault::not_executable, [](auto& f) { f.header.type = 3; }},
        {Fault::wrong_machine, [](auto& f) { f.header.machine = 3; }},
        {Fault::bad_header_size, [](auto& f) { f.header.header_size = 52; }},
        {Fault::bad_entry_size, [](auto& f) { f.header.program_header_size = 32; }},
        {Fault::no_segments, [](auto& f) { f.segments.clear(); }},
        {Fault::no_segments, [](auto& f) { f.segments[0].type = f.segments[1].type = 4; }},
        {Fault::no_segments,
         [](auto& f) {
             for (auto& s : f.segments) s.file_size = s.memory_size = 0;
         }},
        {Fault::too_many_segments,
         [](auto& f) {
             f.segments.assign(33, {});
             for (usize i = 0; i < 33; ++i) f.segments[i].address += i * 0x1000;
         }},
        {Fault::headers_outside_file, [](auto& f) { f.header.program_headers = f.size - 55; }},
        {Fault::headers_outside_file, [top](auto& f) { f.header.program_headers = top; }},
        {Fault::headers_outside_file, [](auto& f) { f.header.program_header_count = 0xffff; }},
        {Fault::segment_outside_file, [](auto& f) { f.size = 0x207f; }},
        {Fault::segment_outside_file, [top](auto& f) { f.segments[0].offset = top - 0xfff; }},
        {Fault::segment_larger_in_file, [](auto& f) { f.segments[0].memory_size = 0xff; }},
        {Fault::segment_wraps, [top](auto& f) { f.segments[1].memory_size = top - 0x40'0000; }},
        {Fault::bad_alignment, [](auto& f) { f.segments[0].align = 0x1800; }},
        {Fault::bad_alignment, [](auto& f) { f.segments[0].address += 8; }},
        {Fault::overlapping_segments, [](auto& f) { f.segments[1].address = 0x40'0000; }},
        {Fault::overlapping_segments, [](auto& f) { f.segments[1] = f.segments[0]; }},
        {Fault::entry_not_executable, [](auto& f) { f.header.entry = 0x40'2000; }},
        {Fault::entry_not_executable, [](auto& f) { f.header.entry = 0x40'1100; }},
    };
    for (Case const& c : cases) {
        ElfFile file;
        c.spoil(file);
        INFO(elf::sentence(c.fault));
        CHECK(elf::sentence(fault_of(file.bytes())) == std::string{elf::sentence(c.fault)});
    }
}

TEST_CASE("no prefix of a sound file is accepted", "[elf]")
{
    auto const whole = ElfFile{}.bytes();
    for (usize size = 0; size < whole.size(); ++size) {
        std::vector<u8> const part(whole.begin(), whole.begin() + static_cast<long>(size));
        CHECK_FALSE(elf::Image::parse(part));
    }
}

TEST_CASE("no spoilt byte of the headers breaks a promise", "[elf]")
{
    auto bytes = ElfFile{}.bytes();
    unsigned accepted = 0, broken = 0;
    for (usize at = 0; at < 64 + 2 * 56; ++at)
        for (unsigned value = 0; value < 256; ++value) {
            u8 const kept = bytes[at];
            bytes[at] = static_cast<u8>(value);
            if (auto image = elf::Image::parse(bytes)) {
                ++accepted;
                broken += promises_hold(*image, bytes) ? 0 : 1;
            }
            bytes[at] = kept;
        }
    CHECK(accepted > 0);
    CHECK(broken == 0);
}

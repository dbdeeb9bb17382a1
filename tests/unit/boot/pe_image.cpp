// Rules of the search for the bundle in a PE image: found by name, never outside the image.
#include "boot/efi/pe_image.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

namespace {

template <class T> void set(std::vector<u8>& bytes, usize at, T value)
{
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// Headers at 0x80, two sections: .text at 0x1000 and .bundle at 0x2000 (5 bytes).
std::vector<u8> image()
{
    std::vector<u8> out(0x3000);
    set<u32>(out, 0x3c, 0x80);
    set<u16>(out, 0x80 + 6, 2);
    set<u16>(out, 0x80 + 20, 0xf0);
    usize const table = 0x80 + 24 + 0xf0;
    std::memcpy(out.data() + table, ".text", 5);
    set<u32>(out, table + 8, 0x100), set<u32>(out, table + 12, 0x1000);
    std::memcpy(out.data() + table + 40, ".bundle", 7);
    set<u32>(out, table + 48, 5), set<u32>(out, table + 52, 0x2000);
    return out;
}

} // namespace

TEST_CASE("a section is found by its whole name", "[pe]")
{
    auto const bytes = image();
    auto const found = boot::efi::find_section(bytes, ".bundle");
    CHECK((found.data() == bytes.data() + 0x2000 && found.size() == 5));
    CHECK(boot::efi::find_section(bytes, ".bund").empty());
    CHECK(boot::efi::find_section(bytes, ".bundles").empty());
}

TEST_CASE("sections and headers outside the image are not believed", "[pe]")
{
    usize const bundle = 0x80 + 24 + 0xf0 + 40;
    auto far = image();
    set<u32>(far, bundle + 12, 0x2ffc);
    CHECK(boot::efi::find_section(far, ".bundle").empty());
    auto large = image();
    set<u32>(large, bundle + 8, 0xffff'ffff);
    CHECK(boot::efi::find_section(large, ".bundle").empty());
    auto lost = image();
    set<u32>(lost, 0x3c, 0xffff'fff0);
    CHECK(boot::efi::find_section(lost, ".bundle").empty());
    auto const whole = image();
    for (usize size = 0; size < 0x2005; ++size)
        CHECK(boot::efi::find_section(std::span{whole}.first(size), ".bundle").empty());
}

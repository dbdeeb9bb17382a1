// Rules of kernel loading: only images inside the kernel's addresses, placed byte for byte with
// everything else cleared.
#include "boot/common/kernel_image.hpp"

#include "../libs/elf_file.hpp"
#include "boot/handoff.hpp"
#include <catch2/catch.hpp>
#include <string>

namespace {

test::ElfFile kernel()
{
    test::ElfFile file;
    file.header.entry = boot::kernel_base + 0x1010;
    file.segments[0].address = boot::kernel_base + 0x1000;
    file.segments[1].address = boot::kernel_base + 0x4000;
    return file;
}

std::string failure_of(test::ElfFile const& file)
{
    auto const bytes = file.bytes();
    auto const result = boot::parse_kernel(bytes);
    return result ? "ok" : std::string{result.error().which} + ": " + result.error().what;
}

} // namespace

TEST_CASE("segments lie at their distance from the kernel's base", "[kernel image]")
{
    auto const bytes = kernel().bytes();
    auto image = boot::parse_kernel(bytes);
    REQUIRE(image);
    CHECK(image->memory_size == 0x7000);
    std::vector<u8> memory(image->memory_size, 0xaa);
    boot::place_kernel(*image, memory.data());
    for (usize at = 0; at < memory.size(); ++at) {
        u8 expected = 0;
        if (at >= 0x1000 && at < 0x1100) expected = bytes[at];
        if (at >= 0x4000 && at < 0x4080) expected = bytes[at - 0x2000];
        if (memory[at] != expected) FAIL("byte " << at);
    }
}

TEST_CASE("an image outside the kernel's addresses is refused", "[kernel image]")
{
    CHECK(failure_of(kernel()) == "ok");
    CHECK(failure_of({}) == "kernel.elf: linked below the kernel's addresses");
    auto large = kernel();
    large.segments[1].memory_size = boot::max_kernel_size;
    CHECK(failure_of(large) == "kernel.elf: larger than 1 GiB in memory");
    auto truncated = kernel();
    truncated.size = 0x1080;
    CHECK(failure_of(truncated) ==
          "kernel.elf: truncated: a segment lies past the end of the file");
}

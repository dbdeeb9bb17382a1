// Rules of the multiboot2 information: each tag is read, and none is believed beyond its size.
#include "boot/multiboot2/information.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

using boot::MemoryMap;
using Bytes = std::vector<u8>;

namespace {

void put(Bytes& out, u64 value, unsigned size)
{
    for (unsigned i = 0; i < size; ++i) out.push_back(static_cast<u8>(value >> (8 * i)));
}

/// A tag whose body is (value, size) fields and then text.
Bytes tag(u32 type, std::vector<std::pair<u64, unsigned>> const& fields,
          std::string const& text = "")
{
    Bytes body;
    for (auto const& [value, size] : fields) put(body, value, size);
    body.insert(body.end(), text.begin(), text.end());
    Bytes out;
    put(out, type, 4);
    put(out, 8 + body.size(), 4);
    out.insert(out.end(), body.begin(), body.end());
    out.resize((out.size() + 7) / 8 * 8);
    return out;
}

Bytes information(std::vector<Bytes> const& tags)
{
    Bytes out(8);
    for (Bytes const& t : tags) out.insert(out.end(), t.begin(), t.end());
    return out;
}

Bytes const end = tag(0, {});
Bytes const memory = tag(6, {{24, 4},
                             {0, 4},
                             {0x10'0000, 8},
                             {0x100'0000, 8},
                             {1, 4},
                             {0, 4},
                             {0x200'0000, 8},
                             {0x1000, 8},
                             {3, 4},
                             {0, 4}});

Bytes framebuffer(u64 bits, u64 type)
{
    return tag(8, {{0xfd00'0000, 8},
                   {4096, 4},
                   {1024, 4},
                   {768, 4},
                   {bits, 1},
                   {type, 1},
                   {0, 2},
                   {16, 1},
                   {8, 1},
                   {8, 1},
                   {8, 1},
                   {0, 1},
                   {8, 1}});
}

auto parse(Bytes const& bytes, MemoryMap& map)
{
    return boot::multiboot2::parse(bytes, map);
}

} // namespace

TEST_CASE("every tag that the loader needs is read", "[multiboot2]")
{
    MemoryMap map;
    auto const bytes = information({tag(1, {}, std::string("arg\0", 4)), tag(99, {}, "unknown"),
                                    tag(3, {{0x1000, 4}, {0x3000, 4}}, std::string(1, '\0')),
                                    tag(3, {{0x5000, 4}, {0x6000, 4}}), memory, framebuffer(32, 1),
                                    tag(14, {}, "old"), tag(15, {}, "newer"), end});
    auto info = parse(bytes, map);
    REQUIRE(info);
    CHECK(info->command_line == "arg");
    CHECK((info->module_address == 0x1000 && info->module_size == 0x2000));
    CHECK((info->framebuffer.address == 0xfd00'0000 && info->framebuffer.red_shift == 16));
    CHECK(info->rsdp.size() == 5);
    CHECK(info->has_memory_map);
    std::vector<boot::Region> regions(boot::max_regions);
    auto const count = map.build(regions);
    REQUIRE(count);
    CHECK(*count == 3);
}

TEST_CASE("framebuffers that cannot be drawn on are left out", "[multiboot2]")
{
    MemoryMap map;
    for (auto const& bad : {framebuffer(24, 1), framebuffer(32, 0), framebuffer(16, 2)}) {
        auto info = parse(information({bad, end}), map);
        REQUIRE(info);
        CHECK(info->framebuffer.address == 0);
    }
}

TEST_CASE("bad tags are refused", "[multiboot2]")
{
    MemoryMap map;
    CHECK_FALSE(parse({}, map));
    CHECK_FALSE(parse(information({memory}), map)); // no end
    CHECK_FALSE(parse(information({tag(3, {{1, 4}}), end}), map));
    CHECK_FALSE(parse(information({tag(3, {{2, 4}, {1, 4}}), end}), map));
    CHECK_FALSE(parse(information({tag(6, {{23, 4}, {0, 4}}), end}), map));
    CHECK_FALSE(parse(information({tag(6, {{0, 4}, {0, 4}, {0, 8}}), end}), map));
    CHECK_FALSE(parse(information({tag(8, {{0, 4}}), end}), map));
    Bytes lying = information({memory, end});
    lying[12] = 7; // shorter than its own header
    CHECK_FALSE(parse(lying, map));
    lying[12] = 0xff;
    lying[15] = 0xff; // far longer than the structure
    CHECK_FALSE(parse(lying, map));
}

TEST_CASE("no prefix of the information reads as a whole one", "[multiboot2]")
{
    auto const whole = information({memory, framebuffer(32, 1), end});
    for (usize size = 0; size < whole.size(); ++size) {
        MemoryMap map;
        CHECK_FALSE(parse(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)), map));
    }
}

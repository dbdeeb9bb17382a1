// Every check of the loader's handoff: a sound one passes, and each single thing spoilt is named.
// The same from outside, with the real kernel: tests/boot/bad_boots.py.
#include "boot/handoff_check.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>

namespace {

using boot::Handoff;
using boot::RegionKind;

/// RAM, the kernel, a module of two pages, RAM.
std::unique_ptr<Handoff> sound()
{
    auto h = std::make_unique<Handoff>();
    h->magic = boot::handoff_magic;
    h->version = boot::handoff_version;
    h->size = sizeof(Handoff);
    h->region_count = 4;
    h->regions[0] = {0x100000, 0x100000, RegionKind::ram, 0};
    h->regions[1] = {0x200000, 0x80000, RegionKind::kernel, 0};
    h->regions[2] = {0x280000, 0x2000, RegionKind::module, 0};
    h->regions[3] = {0x282000, 0x100000, RegionKind::ram, 0};
    h->kernel = h->regions[1];
    h->module_count = 1;
    h->modules[0].address = 0x280000;
    h->modules[0].size = 0x1234;
    std::strcpy(h->modules[0].name, "root-server");
    std::strcpy(h->loader, "pvh");
    h->framebuffer = {0xfd000000, 1024, 768, 4096, 32, 16, 8, 0, 0};
    return h;
}

struct Spoilt {
    char const* fault;
    void (*spoil)(Handoff&);
};

constexpr u64 end_of_physical = u64{1} << 46;

Spoilt const cases[] = {
    {"a wrong magic number", [](Handoff& h) { ++h.magic; }},
    {"another version of the structure", [](Handoff& h) { ++h.version; }},
    {"another version of the structure", [](Handoff& h) { --h.size; }},
    {"no or too many regions", [](Handoff& h) { h.region_count = 0; }},
    {"no or too many regions", [](Handoff& h) { h.region_count = boot::max_regions + 1; }},
    {"too many modules", [](Handoff& h) { h.module_count = boot::max_modules + 1; }},
    {"no root server among the modules", [](Handoff& h) { h.module_count = 0; }},
    {"a text that does not end", [](Handoff& h) { std::memset(h.loader, 'x', sizeof h.loader); }},
    {"a text that does not end",
     [](Handoff& h) { std::memset(h.command_line, 'x', sizeof h.command_line); }},
    {"a memory region of unknown kind", [](Handoff& h) { h.regions[0].kind = RegionKind{}; }},
    {"a memory region of unknown kind", [](Handoff& h) { h.regions[3].kind = RegionKind{8}; }},
    {"a memory region that is not whole pages", [](Handoff& h) { ++h.regions[0].base; }},
    {"a memory region that is not whole pages", [](Handoff& h) { h.regions[0].size = 0; }},
    {"memory beyond what the kernel can map",
     [](Handoff& h) { h.regions[3].size = end_of_physical; }},
    {"a memory region that wraps",
     [](Handoff& h) {
         h.regions[3] = {~u64{0xfff}, 0x2000, RegionKind::reserved, 0};
     }},
    {"memory regions that overlap or are not sorted",
     [](Handoff& h) { h.regions[0].size += 0x1000; }},
    {"memory regions that overlap or are not sorted",
     [](Handoff& h) { std::swap(h.regions[0], h.regions[3]); }},
    {"a kernel outside its memory region", [](Handoff& h) { h.kernel.base += 0x1000; }},
    {"a kernel outside its memory region", [](Handoff& h) { h.kernel.size += 0x1000; }},
    {"a kernel outside its memory region", [](Handoff& h) { h.kernel.size = ~u64{0}; }},
    {"a module outside the memory for modules", [](Handoff& h) { h.modules[0].address += 1; }},
    {"a module outside the memory for modules", [](Handoff& h) { h.modules[0].size = 0x2001; }},
    {"a module outside the memory for modules", [](Handoff& h) { h.modules[0].size = ~u64{0}; }},
    {"a module outside the memory for modules",
     [](Handoff& h) { h.modules[0].address = 0x100000; }},
    {"a module name that does not end",
     [](Handoff& h) { std::memset(h.modules[0].name, 'x', sizeof h.modules[0].name); }},
    {"an impossible framebuffer", [](Handoff& h) { h.framebuffer.width = ~u32{0}; }},
    {"an impossible framebuffer", [](Handoff& h) { h.framebuffer.height = ~u32{0}; }},
    {"an impossible framebuffer", [](Handoff& h) { h.framebuffer.pitch = 4095; }},
    {"an impossible framebuffer", [](Handoff& h) { h.framebuffer.address = ~u64{0}; }},
};

} // namespace

TEST_CASE("a sound handoff has no fault, with and without a framebuffer")
{
    auto h = sound();
    CHECK(mk::handoff_fault(*h) == nullptr);
    h->framebuffer = {};
    CHECK(mk::handoff_fault(*h) == nullptr);
}

TEST_CASE("an aperture beyond all memory is harmless")
{
    auto h = sound();
    h->regions[3] = {end_of_physical, 0x1000, RegionKind::reserved, 0};
    CHECK(mk::handoff_fault(*h) == nullptr);
}

TEST_CASE("each single thing spoilt is named")
{
    for (Spoilt const& each : cases) {
        auto h = sound();
        each.spoil(*h);
        char const* const fault = mk::handoff_fault(*h);
        REQUIRE(fault != nullptr);
        CHECK(std::string{fault} == each.fault);
    }
}

// Every number a loader hands over is wrong once, in an otherwise sound handoff; the sentence that
// comes back is what the kernel's panic says. The same on a machine: tests/boot/bad_boots.py.
#include "boot/handoff_check.hpp" // under test: first, so that a missing include shows
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>

using namespace mk;
using boot::Handoff;
using boot::RegionKind;

namespace {

constexpr u64 mib = 1 << 20;

/// A handoff that is right: low RAM, the kernel, one module, RAM, the firmware's end of 4 GiB.
std::unique_ptr<Handoff> sound()
{
    auto h = std::make_unique<Handoff>();
    h->magic = boot::handoff_magic;
    h->version = boot::handoff_version;
    h->size = sizeof(Handoff);
    h->regions[0] = {0x1000, 0x9e000, RegionKind::ram, 0};
    h->regions[1] = {2 * mib, 2 * mib, RegionKind::kernel, 0};
    h->regions[2] = {4 * mib, 1 * mib, RegionKind::module, 0};
    h->regions[3] = {5 * mib, 100 * mib, RegionKind::ram, 0};
    h->regions[4] = {0xfff00000, 1 * mib, RegionKind::reserved, 0};
    h->region_count = 5;
    h->kernel = h->regions[1];
    h->modules[0] = {4 * mib, 12345, "root-server", {}};
    h->module_count = 1;
    h->framebuffer = {0xfd000000, 1024, 768, 4096, 32, 16, 8, 0, 0};
    std::strcpy(h->loader, "pvh");
    std::strcpy(h->command_line, "one two");
    return h;
}

/// What is found wrong after `change`; empty when nothing is.
template <class Change> std::string fault_after(Change change)
{
    auto const h = sound();
    change(*h);
    char const* const fault = handoff_fault(*h);
    return fault == nullptr ? "" : fault;
}

} // namespace

TEST_CASE("a sound handoff is accepted", "[handoff]")
{
    CHECK(fault_after([](Handoff&) {}).empty());
    CHECK(fault_after([](Handoff& h) { h.framebuffer = {}; }).empty());
    CHECK(fault_after([](Handoff& h) { h.modules[0].size = 1 * mib; }).empty());
    // Apertures that no CPU can reach are reported by firmware and harmless.
    CHECK(fault_after([](Handoff& h) {
              h.regions[4] = {u64{1} << 50, mib, RegionKind::reserved, 0};
          }).empty());
}

TEST_CASE("the head: magic, version, size, counts, texts", "[handoff]")
{
    CHECK(fault_after([](Handoff& h) { h.magic ^= 1; }) == "a wrong magic number");
    CHECK(fault_after([](Handoff& h) { ++h.version; }) == "another version of the structure");
    CHECK(fault_after([](Handoff& h) { --h.size; }) == "another version of the structure");
    for (u32 count : {0u, boot::max_regions + 1, ~0u})
        CHECK(fault_after([&](Handoff& h) { h.region_count = count; }) == "no or too many regions");
    CHECK(fault_after([](Handoff& h) { h.module_count = 0; }) ==
          "no root server among the modules");
    for (u32 count : {boot::max_modules + 1, ~0u})
        CHECK(fault_after([&](Handoff& h) { h.module_count = count; }) == "too many modules");
    CHECK(fault_after([](Handoff& h) { std::memset(h.loader, 'x', sizeof h.loader); }) ==
          "a text that does not end");
    CHECK(fault_after([](Handoff& h) {
              std::memset(h.command_line, 'x', sizeof h.command_line);
          }) == "a text that does not end");
}

TEST_CASE("regions: known, whole pages, sorted, disjoint, within reach", "[handoff]")
{
    for (u32 kind : {0u, 8u, ~0u})
        CHECK(fault_after([&](Handoff& h) { h.regions[0].kind = RegionKind(kind); }) ==
              "a memory region of unknown kind");
    char const* const whole = "a memory region that is not whole pages";
    CHECK(fault_after([](Handoff& h) { h.regions[3].size = 0; }) == whole);
    CHECK(fault_after([](Handoff& h) { h.regions[3].size += 1; }) == whole);
    CHECK(fault_after([](Handoff& h) { h.regions[3].base += 0x800; }) == whole);
    char const* const beyond = "memory beyond what the kernel can map";
    CHECK(fault_after([](Handoff& h) { h.regions[3].size = u64{1} << 46; }) == beyond);
    CHECK(fault_after([](Handoff& h) { h.regions[3].base = u64{1} << 46; }) == beyond);
    CHECK(fault_after([](Handoff& h) { h.regions[3].base = ~u64{0} << 12; }) == beyond);
    CHECK(fault_after([](Handoff& h) { h.regions[4].size = ~u64{0} << 12; }) ==
          "a memory region that wraps");
    char const* const order = "memory regions that overlap or are not sorted";
    CHECK(fault_after([](Handoff& h) { h.regions[0].size = 4 * mib; }) == order);
    CHECK(fault_after([](Handoff& h) { std::swap(h.regions[0], h.regions[3]); }) == order);
}

TEST_CASE("the kernel lies in its region, at 2 MiB", "[handoff]")
{
    char const* const outside = "a kernel outside its memory region";
    CHECK(fault_after([](Handoff& h) { h.kernel.base += 0x1000; }) == outside);
    CHECK(fault_after([](Handoff& h) { h.kernel.size += 0x1000; }) == outside);
    CHECK(fault_after([](Handoff& h) { h.kernel.base = 0; }) == outside);
    CHECK(fault_after([](Handoff& h) { h.kernel.size = ~u64{0}; }) == outside);
    CHECK(fault_after([](Handoff& h) { h.regions[1].kind = RegionKind::ram; }) == outside);
}

TEST_CASE("modules lie in memory for modules, at whole pages, with a name that ends", "[handoff]")
{
    char const* const outside = "a module outside the memory for modules";
    CHECK(fault_after([](Handoff& h) { h.modules[0].address += 1; }) == outside);
    CHECK(fault_after([](Handoff& h) { h.modules[0].size = mib + 1; }) == outside);
    CHECK(fault_after([](Handoff& h) { h.modules[0].size = u64(-4096); }) == outside);
    CHECK(fault_after([](Handoff& h) { h.modules[0].address = 5 * mib; }) == outside);
    CHECK(fault_after([](Handoff& h) { h.modules[0].address = ~u64{0} << 12; }) == outside);
    auto const with_second_at = [](u64 address) {
        return fault_after([&](Handoff& h) {
            h.modules[1] = {address, 0x1000, "boot-archive", {}};
            h.module_count = 2;
        });
    };
    CHECK(with_second_at(4 * mib + 0x3000) == "modules that overlap"); // the first one's last page
    CHECK(with_second_at(4 * mib) == "modules that overlap");
    CHECK(with_second_at(4 * mib + 0x4000).empty());
    CHECK(fault_after([](Handoff& h) {
              h.modules[1] = {6 * mib, 1, "boot-archive", {}};
              h.module_count = 2;
          }) == outside);
    CHECK(fault_after([](Handoff& h) {
              std::memset(h.modules[0].name, 'x', sizeof h.modules[0].name);
          }) == "a module name that does not end");
}

TEST_CASE("a framebuffer is none, or one whose numbers fit each other", "[handoff]")
{
    char const* const impossible = "an impossible framebuffer";
    CHECK(fault_after([](Handoff& h) { h.framebuffer.width = ~0u; }) == impossible);
    CHECK(fault_after([](Handoff& h) { h.framebuffer.height = (1 << 16) + 1; }) == impossible);
    CHECK(fault_after([](Handoff& h) { h.framebuffer.pitch = ~0u; }) == impossible);
    CHECK(fault_after([](Handoff& h) { h.framebuffer.pitch = 4095; }) == impossible);
    CHECK(fault_after([](Handoff& h) { h.framebuffer.bits = 64; }) == impossible);
    CHECK(fault_after([](Handoff& h) { h.framebuffer.address = u64{1} << 46; }) == impossible);
    CHECK(fault_after([](Handoff& h) { h.framebuffer.address = ~u64{0}; }) == impossible);
}

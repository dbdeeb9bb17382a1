// Checks of the handoff. Called from kernel_main on the kernel's own copy.
#include "boot/handoff_check.hpp"

#include "kit/bits.hpp"

namespace mk {
namespace {

using boot::Handoff;
using boot::Region;
using boot::RegionKind;

constexpr u64 physical_end = bit(46); // half of what the kernel's part of the address space holds

bool ends(char const* text, usize size)
{
    for (usize i = 0; i < size; ++i)
        if (text[i] == '\0') return true;
    return false;
}

bool fits(u64 base, u64 size)
{
    return size <= physical_end && base <= physical_end - size;
}

char const* region_fault(Handoff const& h)
{
    u64 previous_end = 0;
    for (Region const& r : h.memory()) {
        if (r.kind < RegionKind::ram || r.kind > RegionKind::runtime_firmware)
            return "a memory region of unknown kind";
        if (r.size == 0 || !is_aligned(r.base | r.size, 12))
            return "a memory region that is not whole pages";
        // Firmware reports apertures that no CPU of today can reach: harmless unless it is memory.
        bool const memory = r.kind != RegionKind::reserved;
        if (memory && !fits(r.base, r.size)) return "memory beyond what the kernel can map";
        if (r.end() < r.base) return "a memory region that wraps";
        if (r.base < previous_end) return "memory regions that overlap or are not sorted";
        previous_end = r.end();
    }
    return nullptr;
}

/// Whether [base, base + size) lies in one region of this kind.
bool lies_in(Handoff const& h, u64 base, u64 size, RegionKind kind)
{
    if (!fits(base, size)) return false;
    for (Region const& r : h.memory())
        if (r.kind == kind && base >= r.base && base + size <= r.end()) return true;
    return false;
}

char const* module_fault(Handoff const& h)
{
    for (boot::Module const& m : h.files()) {
        if (!is_aligned(m.address, 12) || !lies_in(h, m.address, m.size, RegionKind::module))
            return "a module outside the memory for modules";
        if (!ends(m.name, sizeof m.name)) return "a module name that does not end";
        // None may be freed or handed out as part of another.
        for (boot::Module const& other : h.files())
            if (&other < &m && m.address < other.end() && other.address < m.end())
                return "modules that overlap";
    }
    return nullptr;
}

char const* framebuffer_fault(boot::Framebuffer const& f)
{
    constexpr u32 widest = 1 << 16;
    if (f.address == 0) return nullptr;
    bool const sane = f.width <= widest && f.height <= widest && f.pitch <= 16 * widest &&
                      u64{f.width} * f.bits / 8 <= f.pitch && fits(f.address, f.bytes());
    return sane ? nullptr : "an impossible framebuffer";
}

} // namespace

char const* handoff_fault(Handoff const& h)
{
    if (h.magic != boot::handoff_magic) return "a wrong magic number";
    if (h.version != boot::handoff_version || h.size != sizeof(Handoff))
        return "another version of the structure";
    if (h.region_count == 0 || h.region_count > boot::max_regions) return "no or too many regions";
    if (h.module_count > boot::max_modules) return "too many modules";
    if (h.module_count == 0) return "no root server among the modules";
    if (!ends(h.loader, sizeof h.loader) || !ends(h.command_line, sizeof h.command_line))
        return "a text that does not end";
    if (char const* fault = region_fault(h)) return fault;
    if (!is_aligned(h.kernel.base, 21) ||
        !lies_in(h, h.kernel.base, h.kernel.size, RegionKind::kernel))
        return "a kernel outside its memory region";
    if (char const* fault = module_fault(h)) return fault;
    return framebuffer_fault(h.framebuffer);
}

} // namespace mk

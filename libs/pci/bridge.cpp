// See bridge.hpp.
#include "pci/bridge.hpp"

#include "kit/bits.hpp"

namespace pci {

namespace {

constexpr u16 reg_memory_base = 0x20, reg_prefetch_base = 0x24, reg_prefetch_base_high = 0x28,
              reg_prefetch_limit_high = 0x2c;
constexpr u64 granule = bit(window_bits);
constexpr u32 no_window = 0xfff0; ///< base above limit
constexpr u16 prefetch_is_wide = 1;

/// A window register pair: address bits 31 to 20 of base and limit, in the upper 12 bits of each.
Window window_of(u32 pair, u32 base_high, u32 limit_high)
{
    u64 const base = u64{base_high} << 32 | (pair & 0xfff0) << 16;
    u64 const limit = u64{limit_high} << 32 | (pair & 0xfff0'0000);
    if (base > limit || limit >> 46 != 0) return {};
    return {base, limit + granule - 1};
}

/// Places BARs one after the other, largest first, so that no gap is lost to alignment.
class Placement {
    Window window_;
    u64 next_ = window_.first;

public:
    explicit Placement(Window window) : window_{window} {}
    Window rest() const { return {next_, window_.last}; }
    /// @param size  a power of two
    bool place(u64 size, u64& address)
    {
        if (window_.first > window_.last) return false;
        u64 const at = (next_ + size - 1) & ~(size - 1);
        if (!window_.holds(at, size)) return false;
        address = at;
        next_ = at + size;
        return true;
    }
};

/// The other way round, the lower 32 bits.
u32 pair_of(Window const& window)
{
    if (window.first > window.last) return no_window;
    return static_cast<u32>((window.last & 0xfff0'0000) | (window.first >> 16 & 0xfff0));
}

/// The next memory BAR behind `after` (of size `below`): by size, downwards, and among equals by
/// place in memory. Null behind the last.
Bar* largest_left(std::span<Device> devices, u64 below, Bar const* after)
{
    Bar* best = nullptr;
    for (Device& device : devices)
        for (Bar& bar : device.bar) {
            bool const left = bar.size < below || (bar.size == below && after && &bar > after);
            if (bar.memory && bar.size != 0 && left && (!best || bar.size > best->size))
                best = &bar;
        }
    return best;
}

} // namespace

Bridge read_bridge(Config& config, Function at)
{
    Bridge bridge;
    bridge.at = at;
    bridge.secondary = config.read8(at, reg_secondary_bus);
    bridge.subordinate = config.read8(at, reg_subordinate_bus);
    bridge.memory = window_of(config.read32(at, reg_memory_base), 0, 0);
    u32 const prefetch = config.read32(at, reg_prefetch_base);
    bool const wide = (prefetch & 0xf) == prefetch_is_wide;
    bridge.prefetchable = window_of(prefetch, wide ? config.read32(at, reg_prefetch_base_high) : 0,
                                    wide ? config.read32(at, reg_prefetch_limit_high) : 0);
    return bridge;
}

Result<Bridge> write_bridge(Config& config, Bridge const& bridge)
{
    Function const at = bridge.at;
    config.write8(at, reg_primary_bus, at.bus());
    config.write8(at, reg_secondary_bus, bridge.secondary);
    config.write8(at, reg_subordinate_bus, bridge.subordinate);
    config.write32(at, reg_memory_base, pair_of(bridge.memory));
    bool const wide = (config.read32(at, reg_prefetch_base) & 0xf) == prefetch_is_wide;
    Window const high = wide || bridge.prefetchable.last < bit(32) ? bridge.prefetchable : Window{};
    config.write32(at, reg_prefetch_base, pair_of(high));
    if (wide) {
        config.write32(at, reg_prefetch_base_high, static_cast<u32>(high.first >> 32));
        config.write32(at, reg_prefetch_limit_high, static_cast<u32>(high.last >> 32));
    }
    constexpr u16 passes = command_memory | command_bus_master;
    config.change16(at, reg_command, passes, passes);
    Bridge now = read_bridge(config, at);
    if (now.secondary != bridge.secondary || now.subordinate != bridge.subordinate)
        return Error::corrupt;
    if (now.memory != bridge.memory) now.memory = {};
    if (now.prefetchable != bridge.prefetchable) now.prefetchable = {};
    return now;
}

Result<Windows> assign_bars(Config& config, Bridge const& bridge, std::span<Device> devices)
{
    Placement memory{bridge.memory}, prefetchable{bridge.prefetchable};
    u64 size = ~u64{0};
    Bar const* last = nullptr;
    while (Bar* const bar = largest_left(devices, size, last)) {
        size = bar->size, last = bar;
        bool const may_be_high = bar->prefetchable && bar->wide;
        if (may_be_high && prefetchable.place(bar->size, bar->address)) continue;
        if (!memory.place(bar->size, bar->address)) return Error::no_memory;
    }
    for (Device const& device : devices) write_bars(config, device);
    return Windows{memory.rest(), prefetchable.rest()};
}

} // namespace pci

// A machine's PCI configuration space for host tests: functions with registers, BARs that can be
// sized, capabilities, bridges. What is not there reads as all ones. Registers behave as far as
// libs/pci relies on it; a test may set any byte to what a hostile device would say.
#pragma once

#include "pci/bridge.hpp"
#include <array>
#include <cstring>
#include <map>
#include <vector>

namespace fakes {

struct FakeFunction {
    std::array<u8, 4096> bytes{};
    std::array<u32, 6> bar_mask{};     ///< bits of the BAR that can be changed
    std::map<u16, u16> clear_on_write; ///< registers whose bits are cleared by writing them

    template <class T> void put(usize at, T value)
    {
        std::memcpy(bytes.data() + at, &value, sizeof value);
    }
    template <class T> T get(usize at) const
    {
        T value;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        return value;
    }
    /// Appends a capability at `at`, in front of those there are.
    void add_capability(u8 at, u8 id, std::vector<u8> const& body = {})
    {
        put<u16>(pci::reg_status, static_cast<u16>(get<u16>(pci::reg_status) | 0x10));
        bytes[at] = id;
        bytes[at + 1u] = bytes[pci::reg_capabilities];
        bytes[pci::reg_capabilities] = at;
        std::copy(body.begin(), body.end(), bytes.begin() + at + 2);
    }
    void set_bar(unsigned n, u32 value, u32 size)
    {
        put<u32>(pci::reg_bar0 + 4 * n, value);
        bar_mask[n] = ~(size - 1);
    }
};

class ConfigSpace final : public pci::Config {
public:
    std::map<u16, FakeFunction> functions;

    FakeFunction& add(pci::Function at, u16 vendor, u16 device, u32 class_code = 0xff0000)
    {
        FakeFunction& f = functions[at.id];
        f.put(pci::reg_vendor, vendor);
        f.put(pci::reg_device, device);
        f.put<u32>(pci::reg_class, class_code << 8);
        return f;
    }
    FakeFunction& add_bridge(pci::Function at, u8 secondary, u8 subordinate)
    {
        FakeFunction& f = add(at, 0x1b36, 0xc, 0x060400);
        f.bytes[pci::reg_header_type] = 1;
        f.bytes[pci::reg_secondary_bus] = secondary;
        f.bytes[pci::reg_subordinate_bus] = subordinate;
        f.put<u32>(0x20, 0x0000'fff0); // no window: base above limit
        f.put<u32>(0x24, 0x0001'fff1);
        return f;
    }
    FakeFunction& at(pci::Function f) { return functions.at(f.id); }

protected:
    u32 read(pci::Function f, u16 offset, u8 bytes) override
    {
        auto const it = functions.find(f.id);
        if (it == functions.end() || offset + bytes > 4096) return ~u32{0};
        u32 value = 0;
        std::memcpy(&value, it->second.bytes.data() + offset, bytes);
        return value;
    }
    void write(pci::Function f, u16 offset, u8 bytes, u32 value) override
    {
        auto const it = functions.find(f.id);
        if (it == functions.end() || offset + bytes > 4096) return;
        FakeFunction& to = it->second;
        unsigned const bars = to.bytes[pci::reg_header_type] & 1 ? 2 : 6;
        if (offset >= pci::reg_bar0 && offset < pci::reg_bar0 + 4 * bars && bytes == 4) {
            unsigned const n = (offset - pci::reg_bar0) / 4u;
            u32 const fixed = to.get<u32>(offset) & ~to.bar_mask[n];
            value = (value & to.bar_mask[n]) | fixed;
        }
        if (bars == 2 && (offset == 0x20 || offset == 0x24)) // windows: whole MiB, and what kind
            value = (value & 0xfff0'fff0) | (to.get<u32>(offset) & 0x000f'000f);
        if (auto const clear = to.clear_on_write.find(offset); clear != to.clear_on_write.end()) {
            u16 const old = to.get<u16>(offset);
            value = static_cast<u32>(old & ~(value & clear->second));
        }
        std::memcpy(to.bytes.data() + offset, &value, bytes);
    }
};

} // namespace fakes

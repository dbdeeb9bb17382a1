// Configuration space in memory: 4 KiB for each function, found through the MCFG.
// [PCI Express Base 5.0, "PCI Express Enhanced Configuration Access Mechanism (ECAM)"]
#pragma once

#include "pci/config.hpp"

namespace pci {

inline constexpr u64 ecam_bus_bytes = 1 << 20; ///< of one bus

/// @tparam Window  `u8 volatile* bus(u8)`: where a bus's 1 MiB is mapped, or null
template <class Window> class EcamConfig final : public Config {
    Window& window_;

    u8 volatile* at(Function f, u16 offset)
    {
        if (offset >= 4096) return nullptr;
        u8 volatile* const bus = window_.bus(f.bus());
        return bus ? bus + (u32{f.id & 0xffu} << 12 | offset) : nullptr;
    }

public:
    explicit EcamConfig(Window& window) : window_{window} {}

protected:
    u32 read(Function f, u16 offset, u8 bytes) override
    {
        u8 volatile* const from = at(f, offset);
        if (!from) return ~u32{0};
        if (bytes == 1) return *from;
        if (bytes == 2) return *reinterpret_cast<u16 volatile*>(from);
        return *reinterpret_cast<u32 volatile*>(from);
    }
    void write(Function f, u16 offset, u8 bytes, u32 value) override
    {
        u8 volatile* const to = at(f, offset);
        if (!to) return;
        if (bytes == 1)
            *to = static_cast<u8>(value);
        else if (bytes == 2)
            *reinterpret_cast<u16 volatile*>(to) = static_cast<u16>(value);
        else
            *reinterpret_cast<u32 volatile*>(to) = value;
    }
};

} // namespace pci

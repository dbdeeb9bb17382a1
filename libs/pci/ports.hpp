// Configuration space through the ports CF8 (which register) and CFC (its contents): the first 256
// bytes of each function, on machines without MCFG.
// [PCI Local Bus 3.0, "Software Generation of Configuration Transactions"]
#pragma once

#include "pci/config.hpp"

namespace pci {

inline constexpr u16 port_address = 0xcf8, port_data = 0xcfc;

/// @tparam Ports  as sys::IoPort: in8 to in32 give a Result, out8 to out32 take port and value
template <class Ports> class PortConfig final : public Config {
    Ports ports_;

    bool select(Function f, u16 offset)
    {
        constexpr u32 enable = u32{1} << 31;
        return offset < 256 &&
               bool{ports_.out32(port_address, enable | u32{f.id} << 8 | (offset & 0xfcu))};
    }

public:
    explicit PortConfig(Ports ports) : ports_{ports} {}

protected:
    u32 read(Function f, u16 offset, u8 bytes) override
    {
        if (!select(f, offset)) return ~u32{0};
        u16 const port = static_cast<u16>(port_data + (offset & 3));
        if (bytes == 1) return value_or_ones(ports_.in8(port));
        if (bytes == 2) return value_or_ones(ports_.in16(port));
        return value_or_ones(ports_.in32(port));
    }
    void write(Function f, u16 offset, u8 bytes, u32 value) override
    {
        if (!select(f, offset)) return;
        u16 const port = static_cast<u16>(port_data + (offset & 3));
        if (bytes == 1)
            (void)ports_.out8(port, static_cast<u8>(value));
        else if (bytes == 2)
            (void)ports_.out16(port, static_cast<u16>(value));
        else
            (void)ports_.out32(port, value);
    }

private:
    template <class R> static u32 value_or_ones(R const& result)
    {
        return result ? u32{*result} : ~u32{0};
    }
};

} // namespace pci

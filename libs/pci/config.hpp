// PCI configuration space: who is meant (Function) and how its registers are read and written
// (Config). Two machines' ways are ecam.hpp and ports.hpp; tests have a third.
// [PCI Express Base 5.0, "PCI Express Enhanced Configuration Access Mechanism"]
#pragma once

#include "kit/types.hpp"

namespace pci {

/// A function's place: bus << 8 | device << 3 | function, as in composition::Match::function.
struct Function {
    u16 id = 0;

    constexpr Function() = default;
    constexpr explicit Function(u16 number) : id{number} {}
    constexpr Function(unsigned bus, unsigned device, unsigned function)
        : id{static_cast<u16>(bus << 8 | device << 3 | function)}
    {
    }
    constexpr u8 bus() const { return static_cast<u8>(id >> 8); }
    constexpr u8 device() const { return id >> 3 & 31; }
    constexpr u8 function() const { return id & 7; }
    friend constexpr bool operator==(Function a, Function b) { return a.id == b.id; }
};

/// Access to every function's registers. What cannot be reached reads as all ones, as the hardware
/// has it, and ignores writes.
class Config {
public:
    u8 read8(Function f, u16 offset) { return static_cast<u8>(read(f, offset, 1)); }
    u16 read16(Function f, u16 offset) { return static_cast<u16>(read(f, offset, 2)); }
    u32 read32(Function f, u16 offset) { return read(f, offset, 4); }
    void write8(Function f, u16 offset, u8 value) { write(f, offset, 1, value); }
    void write16(Function f, u16 offset, u16 value) { write(f, offset, 2, value); }
    void write32(Function f, u16 offset, u32 value) { write(f, offset, 4, value); }

    /// Changes the bits of `mask` in a register of 16 bits.
    void change16(Function f, u16 offset, u16 mask, u16 value)
    {
        write16(f, offset, static_cast<u16>((read16(f, offset) & ~mask) | (value & mask)));
    }

protected:
    ~Config() = default;
    /// @param offset  a multiple of `bytes` (1, 2 or 4)
    virtual u32 read(Function f, u16 offset, u8 bytes) = 0;
    virtual void write(Function f, u16 offset, u8 bytes, u32 value) = 0;
};

// Registers that every function has. [PCI Local Bus 3.0, "Configuration Space Organization"]
inline constexpr u16 reg_vendor = 0x00, reg_device = 0x02, reg_command = 0x04, reg_status = 0x06,
                     reg_class = 0x08, reg_header_type = 0x0e, reg_bar0 = 0x10,
                     reg_capabilities = 0x34, reg_interrupt_line = 0x3c, reg_interrupt_pin = 0x3d;
inline constexpr u16 command_io = 1, command_memory = 2, command_bus_master = 4,
                     command_interrupt_disable = 1 << 10;
inline constexpr u16 no_vendor = 0xffff;

} // namespace pci

// See fadt.hpp.
#include "acpi/fadt.hpp"

#include "acpi/field.hpp"

namespace acpi {

namespace {

// Offsets in the FADT.
constexpr usize dsdt_offset = 40, smi_command_offset = 48, acpi_enable_offset = 52,
                pm1a_control_offset = 64, pm1b_control_offset = 68, century_offset = 108,
                flags_offset = 112, reset_space_offset = 116, reset_address_offset = 120,
                reset_value_offset = 128, x_dsdt_offset = 140;
constexpr u32 flag_reset_register = 1 << 10;
constexpr u8 space_io = 1; ///< kind of a generic address: I/O port
constexpr u32 highest_port = 0xffff;
// AML, as far as the package needs it. [ACPI 6.5, "AML Grammar Definition"]
constexpr u8 name_op = 0x08, root_prefix = '\\', package_op = 0x12, byte_prefix = 0x0a;

/// The first element of a package at `at`: a small constant, with or without a prefix.
std::optional<u8> first_element(std::span<u8 const> aml, usize at)
{
    auto const byte = [&](usize i) { return i < aml.size() ? aml[i] : u8{0xff}; };
    if (byte(at) != package_op) return {};
    // The length's first byte says in its top two bits how many more length bytes follow; then
    // comes the number of elements.
    at += 1 + 1 + (byte(at + 1) >> 6) + 1;
    u8 const value = byte(at) == byte_prefix ? byte(at + 1) : byte(at);
    if (value > 7) return {}; // the register has three bits for it
    return value;
}

/// The port of the reset register; 0 when it is none.
u16 reset_port(std::span<u8 const> table)
{
    if (!(field_of<u32>(table, flags_offset) & flag_reset_register)) return 0;
    if (field_of<u8>(table, reset_space_offset) != space_io) return 0;
    u64 const address = field_of<u64>(table, reset_address_offset);
    return address <= highest_port ? static_cast<u16>(address) : u16{0};
}

} // namespace

std::optional<Fadt> parse_fadt(std::span<u8 const> table)
{
    u64 const wide = field_of<u64>(table, x_dsdt_offset);
    u32 const control = field_of<u32>(table, pm1a_control_offset);
    u32 const second = field_of<u32>(table, pm1b_control_offset);
    u32 const smi = field_of<u32>(table, smi_command_offset);
    Fadt const fadt{.dsdt = wide ? wide : field_of<u32>(table, dsdt_offset),
                    .pm1a_control = static_cast<u16>(control),
                    .pm1b_control = static_cast<u16>(second),
                    .smi_command = static_cast<u16>(smi),
                    .acpi_enable = field_of<u8>(table, acpi_enable_offset),
                    .reset_value = field_of<u8>(table, reset_value_offset),
                    .reset_port = reset_port(table),
                    .century = field_of<u8>(table, century_offset)};
    // A register of two ports must end below the highest one.
    if (fadt.dsdt == 0 || control == 0 || control >= highest_port || second >= highest_port ||
        smi > highest_port)
        return {};
    return fadt;
}

std::optional<u8> find_s5(std::span<u8 const> dsdt)
{
    constexpr u8 name[] = {'_', 'S', '5', '_'};
    for (usize i = 2; i + sizeof name <= dsdt.size(); ++i) {
        if (std::memcmp(dsdt.data() + i, name, sizeof name) != 0) continue;
        bool const declared =
            dsdt[i - 1] == name_op || (dsdt[i - 1] == root_prefix && dsdt[i - 2] == name_op);
        if (!declared) continue;
        if (auto const type = first_element(dsdt, i + sizeof name)) return type;
    }
    return {};
}

} // namespace acpi

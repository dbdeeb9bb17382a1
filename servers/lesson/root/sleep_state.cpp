// See sleep_state.hpp.
#include "sleep_state.hpp"

#include <cstring>

namespace root {

namespace {

// Offsets in the FADT.
constexpr usize dsdt_offset = 40, smi_command_offset = 48, acpi_enable_offset = 52,
                pm1a_control_offset = 64, x_dsdt_offset = 140;
// AML, as far as the package needs it. [ACPI 6.5, "AML Grammar Definition"]
constexpr u8 name_op = 0x08, root_prefix = '\\', package_op = 0x12, byte_prefix = 0x0a;

template <class T> T read(std::span<u8 const> table, usize offset)
{
    T value = 0;
    if (offset + sizeof value <= table.size())
        std::memcpy(&value, table.data() + offset, sizeof value);
    return value;
}

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

} // namespace

std::optional<Fadt> parse_fadt(std::span<u8 const> table)
{
    u64 const wide = read<u64>(table, x_dsdt_offset);
    u32 const control = read<u32>(table, pm1a_control_offset);
    u32 const smi = read<u32>(table, smi_command_offset);
    Fadt const fadt{wide ? wide : read<u32>(table, dsdt_offset), static_cast<u16>(control),
                    static_cast<u16>(smi), read<u8>(table, acpi_enable_offset)};
    if (fadt.dsdt == 0 || control == 0 || control > 0xfffe || smi > 0xffff) return {};
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

} // namespace root

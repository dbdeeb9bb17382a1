// Fuzzes libs/acpi: the input is a MADT whose checksum somebody has already believed; it is a
// machine's whole memory; and it is edits to the sound tables of a small machine, after which the
// checksums are made right again, so that what lies behind them is reached.
#include "acpi/madt.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

namespace {

std::span<u8 const> view(void* context, u64 address, u64 size)
{
    auto const& all = *static_cast<std::span<u8 const>*>(context);
    if (address >= all.size()) return {};
    auto const rest = all.subspan(address);
    return rest.first(size < rest.size() ? size : rest.size());
}

void explore(std::span<u8 const> memory)
{
    acpi::PhysicalView const physical{view, &memory};
    auto const at = acpi::find_rsdp(memory);
    if (!at) return;
    auto const rsdp = acpi::read_rsdp(physical, *at);
    if (!rsdp) return;
    auto const found = acpi::find_table(physical, *rsdp, "APIC");
    if (!found || !*found) return;
    auto const table = **found;
    if (table.data() < memory.data() || table.data() + table.size() > memory.data() + memory.size())
        std::abort();
    acpi::Madt madt;
    static_cast<void>(acpi::parse_madt(table, madt));
}

constexpr usize rsdp_at = 16, xsdt_at = 64, madt_at = 128, memory_size = 512;
using Memory = std::array<u8, memory_size>;

template <class T> void put(Memory& m, usize at, T value)
{
    std::memcpy(m.data() + at, &value, sizeof value);
}

void set_checksum(Memory& m, usize byte, usize from, usize size)
{
    if (size > m.size() - from) return; // an edited length: any checksum is wrong
    m[byte] = 0;
    u8 sum = 0;
    for (usize i = 0; i < size; ++i) sum = static_cast<u8>(sum + m[from + i]);
    m[byte] = static_cast<u8>(-sum);
}

void set_checksums(Memory& m)
{
    set_checksum(m, rsdp_at + 8, rsdp_at, 20);
    set_checksum(m, rsdp_at + 32, rsdp_at, 36);
    for (usize const table : {xsdt_at, madt_at}) {
        u32 length;
        std::memcpy(&length, m.data() + table + 4, sizeof length);
        set_checksum(m, table + 9, table, length);
    }
}

Memory sound_machine()
{
    Memory m{};
    std::memcpy(m.data() + rsdp_at, "RSD PTR ", 8);
    m[rsdp_at + 15] = 2;
    put<u32>(m, rsdp_at + 20, 36);
    put<u64>(m, rsdp_at + 24, xsdt_at);
    std::memcpy(m.data() + xsdt_at, "XSDT", 4);
    put<u32>(m, xsdt_at + 4, 36 + 8);
    put<u64>(m, xsdt_at + 36, madt_at);
    std::memcpy(m.data() + madt_at, "APIC", 4);
    constexpr u8 entries[] = {0, 8, 0, 0,  1, 0, 0, 0, 1, 12, 0,  0, 0, 0, 0xc0, 0xfe, 0, 0,
                              0, 0, 2, 10, 0, 9, 9, 0, 0, 0,  13, 0, 4, 6, 0xff, 0,    0, 1};
    put<u32>(m, madt_at + 4, 44 + sizeof entries);
    std::memcpy(m.data() + madt_at + 44, entries, sizeof entries);
    return m;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    acpi::Madt madt;
    static_cast<void>(acpi::parse_madt({data, size}, madt));
    explore({data, size});
    // Each 3 bytes of input: a 16-bit offset, and what to write there.
    auto machine = sound_machine();
    for (usize at = 0; at + 3 <= size; at += 3)
        machine[(data[at] | data[at + 1] << 8) % memory_size] = data[at + 2];
    set_checksums(machine);
    explore(machine);
    return 0;
}

// RSDP, XSDT and RSDT. Fields are copied out before use: tables have no particular alignment.
#include "acpi/acpi.hpp"

#include <cstring>

namespace acpi {
namespace {

constexpr usize rsdp_v1_size = 20, rsdp_v2_size = 36;
constexpr usize rsdp_revision = 15, rsdp_rsdt = 16, rsdp_length = 20, rsdp_xsdt = 24;
constexpr usize max_rsdp_size = 256;
constexpr std::string_view rsdp_signature = "RSD PTR ";
constexpr usize header_length = 4;
/// No real table but a DSDT comes near this; it bounds the time a lying length can cost.
constexpr u32 max_table_size = 1 << 20;

template <class T> T copy_out(std::span<u8 const> bytes, usize offset)
{
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

bool sums_to_zero(std::span<u8 const> bytes)
{
    u8 sum = 0;
    for (u8 const byte : bytes) sum = static_cast<u8>(sum + byte);
    return sum == 0;
}

bool begins_with(std::span<u8 const> bytes, std::string_view signature)
{
    return bytes.size() >= signature.size() &&
           std::memcmp(bytes.data(), signature.data(), signature.size()) == 0;
}

} // namespace

Result<Rsdp, Fault> parse_rsdp(std::span<u8 const> bytes)
{
    if (bytes.size() < rsdp_v1_size) return Fault::bad_rsdp_length;
    if (!begins_with(bytes, rsdp_signature)) return Fault::bad_rsdp_signature;
    if (!sums_to_zero(bytes.first(rsdp_v1_size))) return Fault::bad_rsdp_checksum;
    if (bytes[rsdp_revision] >= 2) {
        if (bytes.size() < rsdp_v2_size) return Fault::bad_rsdp_length;
        u32 const length = copy_out<u32>(bytes, rsdp_length);
        if (length < rsdp_v2_size || length > max_rsdp_size || length > bytes.size())
            return Fault::bad_rsdp_length;
        if (!sums_to_zero(bytes.first(length))) return Fault::bad_rsdp_checksum;
        if (u64 const xsdt = copy_out<u64>(bytes, rsdp_xsdt); xsdt != 0) return Rsdp{xsdt, true};
    }
    u32 const rsdt = copy_out<u32>(bytes, rsdp_rsdt);
    if (rsdt == 0) return Fault::no_root_table;
    return Rsdp{rsdt, false};
}

std::optional<usize> find_rsdp(std::span<u8 const> range)
{
    for (usize at = 0; at + rsdp_v1_size <= range.size(); at += rsdp_alignment)
        if (parse_rsdp(range.subspan(at))) return at;
    return std::nullopt;
}

Result<Rsdp, Fault> read_rsdp(PhysicalView const& memory, u64 address)
{
    if (address == 0) return Fault::no_rsdp;
    auto bytes = memory(address, rsdp_v1_size);
    if (bytes.size() < rsdp_v1_size) return Fault::unreadable;
    if (begins_with(bytes, rsdp_signature) && bytes[rsdp_revision] >= 2) {
        bytes = memory(address, rsdp_v2_size);
        if (bytes.size() < rsdp_v2_size) return Fault::unreadable;
        u32 const length = copy_out<u32>(bytes, rsdp_length);
        if (length < rsdp_v2_size || length > max_rsdp_size) return Fault::bad_rsdp_length;
        bytes = memory(address, length);
        if (bytes.size() < length) return Fault::unreadable;
    }
    return parse_rsdp(bytes);
}

Result<std::span<u8 const>, Fault> read_table(PhysicalView const& memory, u64 address,
                                              std::string_view signature)
{
    auto const header = memory(address, table_header_size);
    if (header.size() < table_header_size) return Fault::unreadable;
    if (!begins_with(header, signature)) return Fault::bad_signature;
    u32 const length = copy_out<u32>(header, header_length);
    if (length < table_header_size || length > max_table_size) return Fault::bad_length;
    auto const table = memory(address, length);
    if (table.size() < length) return Fault::unreadable;
    if (!sums_to_zero(table.first(length))) return Fault::bad_checksum;
    return table.first(length);
}

Result<std::optional<std::span<u8 const>>, Fault>
find_table(PhysicalView const& memory, Rsdp const& rsdp, std::string_view signature)
{
    auto const root = TRY(read_table(memory, rsdp.root_table, rsdp.is_xsdt ? "XSDT" : "RSDT"));
    usize const entry_size = rsdp.is_xsdt ? sizeof(u64) : sizeof(u32);
    for (usize at = table_header_size; root.size() - at >= entry_size; at += entry_size) {
        u64 const address = rsdp.is_xsdt ? copy_out<u64>(root, at) : copy_out<u32>(root, at);
        if (!begins_with(memory(address, table_header_size), signature)) continue;
        return std::optional{TRY(read_table(memory, address, signature))};
    }
    return std::optional<std::span<u8 const>>{};
}

char const* sentence(Fault fault)
{
    switch (fault) {
    case Fault::ok:
        return "no fault";
    case Fault::no_rsdp:
        return "the loader found none";
    case Fault::bad_rsdp_signature:
        return "wrong signature";
    case Fault::bad_rsdp_length:
        return "wrong length";
    case Fault::bad_rsdp_checksum:
        return "wrong checksum";
    case Fault::no_root_table:
        return "names neither an XSDT nor an RSDT";
    case Fault::unreadable:
        return "corrupt: lies outside readable memory";
    case Fault::bad_length:
        return "corrupt: impossible length";
    case Fault::bad_signature:
        return "corrupt: wrong signature";
    case Fault::bad_checksum:
        return "corrupt: wrong checksum";
    case Fault::bad_entry_length:
        return "corrupt: an entry has an impossible length";
    case Fault::bad_entry_value:
        return "corrupt: an entry has an impossible value";
    case Fault::too_many_entries:
        return "has more entries of a kind than are supported";
    }
    return "unknown fault";
}

} // namespace acpi

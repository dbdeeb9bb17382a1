// Finds ACPI tables: the RSDP, and through XSDT or RSDT the table with a given signature.
// Every table is hostile until its length and checksum are right; physical memory is read only
// through a PhysicalView that the caller supplies. The MADT's contents: madt.hpp.
// [ACPI 6.5, "Root System Description Pointer (RSDP)", "System Description Table Header"]
#pragma once

#include "kit/result.hpp"
#include <optional>
#include <span>
#include <string_view>

namespace acpi {

/// Why a table was refused. sentence() says it in words.
enum class Fault : u8 {
    ok = 0,
    no_rsdp,
    bad_rsdp_signature,
    bad_rsdp_length,
    bad_rsdp_checksum,
    no_root_table,
    unreadable,
    bad_length,
    bad_signature,
    bad_checksum,
    bad_entry_length,
    bad_entry_value,
    too_many_entries,
};

/// What is wrong, as the end of a line "<table>: ...".
char const* sentence(Fault fault);

/// How to read physical memory: the bytes [address, address + size), or fewer (also none) when
/// the caller cannot or will not show them. The view stays valid while tables are in use.
struct PhysicalView {
    std::span<u8 const> (*get)(void* context, u64 address, u64 size);
    void* context;

    std::span<u8 const> operator()(u64 address, u64 size) const
    {
        return get(context, address, size);
    }
};

/// A checked RSDP: where the root table is.
struct Rsdp {
    u64 root_table; ///< physical address of the XSDT, or of the RSDT when there is no XSDT
    bool is_xsdt;   ///< entries of 8 bytes instead of 4
};

inline constexpr usize rsdp_alignment = 16;

/// Checks an RSDP of version 1 or 2 at the start of `bytes`.
/// @error bad_rsdp_signature, bad_rsdp_length, bad_rsdp_checksum, no_root_table
Result<Rsdp, Fault> parse_rsdp(std::span<u8 const> bytes);

/// The offset of the first sound RSDP in a range of memory, on 16-byte boundaries.
std::optional<usize> find_rsdp(std::span<u8 const> range);

/// Reads and checks the RSDP at a physical address (0: there is none).
/// @error no_rsdp, unreadable, and those of parse_rsdp()
Result<Rsdp, Fault> read_rsdp(PhysicalView const& memory, u64 address);

/// A whole table, header included, with length and checksum checked.
/// @error unreadable, bad_length, bad_signature, bad_checksum
Result<std::span<u8 const>, Fault> read_table(PhysicalView const& memory, u64 address,
                                              std::string_view signature);

/// The first table with this signature, or nothing. Other tables are looked at only as far as
/// their signature, so that a corrupt one does not hide the one asked for.
/// @error those of read_table(), for the root table and for the one found
Result<std::optional<std::span<u8 const>>, Fault>
find_table(PhysicalView const& memory, Rsdp const& rsdp, std::string_view signature);

/// Length of the header that every table begins with.
inline constexpr usize table_header_size = 36;

} // namespace acpi

// The MADT: processors, I/O APICs and how ISA interrupts reach them, in a structure of fixed size.
// parse_madt() takes a table that acpi::find_table() has already checked as a whole, and checks
// every entry before it is used. Unknown entries are skipped, as ACPI demands.
// [ACPI 6.5, "Multiple APIC Description Table (MADT)"]
#pragma once

#include "acpi/acpi.hpp"
#include <array>

namespace acpi {

/// A processor's local APIC, from an APIC or an x2APIC entry.
struct LocalApic {
    u32 apic_id, processor_uid;
    bool enabled;        ///< usable now
    bool online_capable; ///< not enabled, but firmware may bring it up later
};

struct IoApic {
    u64 address;  ///< physical
    u32 gsi_base; ///< global system interrupt of its first pin
    u8 id;
};

/// How a line signals; `bus` means as the bus has it (ISA: active high, edge).
enum class Polarity : u8 { bus = 0, active_high = 1, active_low = 3 };
enum class Trigger : u8 { bus = 0, edge = 1, level = 3 };

/// ISA interrupt `source` arrives as global system interrupt `gsi`.
struct SourceOverride {
    u32 gsi;
    u8 source;
    Polarity polarity;
    Trigger trigger;
};

/// A line that is wired to NMI: an I/O APIC pin, or LINT pins of local APICs.
struct IoApicNmi {
    u32 gsi;
    Polarity polarity;
    Trigger trigger;
};
struct LocalApicNmi {
    u32 processor_uid; ///< all_processors: every one
    u8 lint;           ///< 0 or 1
    Polarity polarity;
    Trigger trigger;
};
inline constexpr u32 all_processors = 0xffff'ffff;

/// A list of at most N items that knows its length.
template <class T, usize N> class BoundedList {
    std::array<T, N> items_{};
    usize count_ = 0;

public:
    /// False when the list is full; nothing changes then.
    bool add(T const& item)
    {
        if (count_ == N) return false;
        items_[count_++] = item;
        return true;
    }
    T const* begin() const { return items_.data(); }
    T const* end() const { return items_.data() + count_; }
    usize size() const { return count_; }
    T const& operator[](usize i) const { return items_[i]; }
};

struct Madt {
    u64 local_apic_address = 0;   ///< physical, any override applied
    bool has_legacy_pics = false; ///< two 8259s that have to be masked
    /// Processors that did not fit into local_apics.
    u32 left_out = 0;
    BoundedList<LocalApic, 256> local_apics;
    BoundedList<IoApic, 16> io_apics;
    BoundedList<SourceOverride, 64> overrides;
    BoundedList<IoApicNmi, 16> io_nmis;
    BoundedList<LocalApicNmi, 64> local_nmis;
};

/// Reads a MADT into `out` (an out-parameter because it is large: about 5 KiB).
/// @error bad_length, bad_entry_length, bad_entry_value, too_many_entries; `out` is then of no use
Result<void, Fault> parse_madt(std::span<u8 const> table, Madt& out);

} // namespace acpi

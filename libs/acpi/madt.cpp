// One small function per kind of MADT entry; parse_madt() only walks. Offsets are the ones in
// the tables of the ACPI specification's chapter on the MADT.
#include "acpi/madt.hpp"

#include <cstring>

namespace acpi {
namespace {

constexpr usize first_entry = 44;
constexpr u32 flag_pcat_compatible = 1, flag_enabled = 1, flag_online_capable = 2;
constexpr u8 any_processor_8 = 0xff;

enum EntryType : u8 {
    local_apic = 0,
    io_apic = 1,
    source_override = 2,
    nmi_source = 3,
    local_apic_nmi = 4,
    address_override = 5,
    local_x2apic = 9,
    local_x2apic_nmi = 10,
};

/// The bytes of one entry, its two header bytes included.
class Entry {
    std::span<u8 const> bytes_;

public:
    explicit Entry(std::span<u8 const> bytes) : bytes_{bytes} {}
    bool has(usize size) const { return bytes_.size() >= size; }
    template <class T> T at(usize offset) const
    {
        T value;
        std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }
};

struct Inti {
    Polarity polarity;
    Trigger trigger;
};

/// MPS INTI flags; the value 2 is reserved in both fields.
Result<Inti, Fault> parse_inti(u16 flags)
{
    u8 const polarity = flags & 3, trigger = flags >> 2 & 3;
    if (polarity == 2 || trigger == 2) return Fault::bad_entry_value;
    return Inti{static_cast<Polarity>(polarity), static_cast<Trigger>(trigger)};
}

Result<void, Fault> added(bool fits)
{
    if (!fits) return Fault::too_many_entries;
    return {};
}

void add_processor(Madt& out, u32 id, u32 uid, u32 flags)
{
    bool const enabled = (flags & flag_enabled) != 0;
    LocalApic const cpu{id, uid, enabled, !enabled && (flags & flag_online_capable) != 0};
    if (!out.local_apics.add(cpu)) ++out.left_out;
}

Result<void, Fault> add_override(Madt& out, Entry const& e)
{
    constexpr u8 isa = 0;
    auto const inti = TRY(parse_inti(e.at<u16>(8)));
    if (e.at<u8>(2) != isa) return Fault::bad_entry_value;
    return added(out.overrides.add({e.at<u32>(4), e.at<u8>(3), inti.polarity, inti.trigger}));
}

Result<void, Fault> add_local_nmi(Madt& out, u32 uid, u16 flags, u8 lint)
{
    auto const inti = TRY(parse_inti(flags));
    if (lint > 1) return Fault::bad_entry_value;
    return added(out.local_nmis.add({uid, lint, inti.polarity, inti.trigger}));
}

/// The length that an entry of this type must have at least; 0 for types that are skipped.
constexpr usize least_length(u8 type)
{
    switch (type) {
    case local_apic:
        return 8;
    case io_apic:
        return 12;
    case source_override:
        return 10;
    case nmi_source:
        return 8;
    case local_apic_nmi:
        return 6;
    case address_override:
        return 12;
    case local_x2apic:
        return 16;
    case local_x2apic_nmi:
        return 12;
    default:
        return 0;
    }
}

Result<void, Fault> add_entry(Madt& out, u8 type, Entry const& e)
{
    switch (type) {
    case local_apic:
        add_processor(out, e.at<u8>(3), e.at<u8>(2), e.at<u32>(4));
        return {};
    case local_x2apic:
        add_processor(out, e.at<u32>(4), e.at<u32>(12), e.at<u32>(8));
        return {};
    case io_apic:
        return added(out.io_apics.add({e.at<u32>(4), e.at<u32>(8), e.at<u8>(2)}));
    case source_override:
        return add_override(out, e);
    case nmi_source: {
        auto const inti = TRY(parse_inti(e.at<u16>(2)));
        return added(out.io_nmis.add({e.at<u32>(4), inti.polarity, inti.trigger}));
    }
    case local_apic_nmi: {
        u8 const uid = e.at<u8>(2);
        return add_local_nmi(out, uid == any_processor_8 ? all_processors : uid, e.at<u16>(3),
                             e.at<u8>(5));
    }
    case local_x2apic_nmi:
        return add_local_nmi(out, e.at<u32>(4), e.at<u16>(2), e.at<u8>(8));
    case address_override:
        out.local_apic_address = e.at<u64>(4);
        return {};
    default:
        return {};
    }
}

} // namespace

Result<void, Fault> parse_madt(std::span<u8 const> table, Madt& out)
{
    if (table.size() < first_entry) return Fault::bad_length;
    Entry const header{table};
    out.local_apic_address = header.at<u32>(table_header_size);
    out.has_legacy_pics = (header.at<u32>(table_header_size + 4) & flag_pcat_compatible) != 0;
    for (usize at = first_entry; at < table.size();) {
        if (table.size() - at < 2) return Fault::bad_entry_length;
        u8 const type = table[at], length = table[at + 1];
        if (length < 2 || length > table.size() - at) return Fault::bad_entry_length;
        Entry const entry{table.subspan(at, length)};
        if (!entry.has(least_length(type))) return Fault::bad_entry_length;
        TRY(add_entry(out, type, entry));
        at += length;
    }
    return {};
}

} // namespace acpi

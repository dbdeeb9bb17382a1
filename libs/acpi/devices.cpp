// See devices.hpp. Offsets are those of the tables in the specifications named there.
#include "acpi/devices.hpp"

#include "acpi/field.hpp"
#include "kit/bits.hpp"

namespace acpi {

namespace {

constexpr unsigned address_bits = 46; ///< more than any machine of this architecture has
constexpr usize mcfg_first = 44, mcfg_entry = 16;
constexpr usize hpet_size = 56, hpet_space = 40, hpet_address = 44, hpet_number = 52;
constexpr usize dmar_first = 48;
enum DmarType : u16 { drhd = 0, rmrr = 1 };

Result<void, Fault> add_dmar_entry(std::span<u8 const> entry, Dmar& out)
{
    switch (field_of<u16>(entry, 0)) {
    case drhd: {
        if (entry.size() < 16) return Fault::bad_entry_length;
        RemappingUnit const unit{field_of<u64>(entry, 8), field_of<u16>(entry, 6),
                                 (field_of<u8>(entry, 4) & 1) != 0};
        if (!is_aligned(unit.address, 12) || unit.address >> address_bits != 0)
            return Fault::bad_entry_value;
        if (!out.units.add(unit)) return Fault::too_many_entries;
        return {};
    }
    case rmrr: {
        if (entry.size() < 24) return Fault::bad_entry_length;
        ReservedRegion const region{field_of<u64>(entry, 8), field_of<u64>(entry, 16),
                                    field_of<u16>(entry, 6)};
        if (region.first > region.last) return Fault::bad_entry_value;
        if (!out.reserved.add(region)) return Fault::too_many_entries;
        return {};
    }
    default:
        return {};
    }
}

} // namespace

Result<void, Fault> parse_mcfg(std::span<u8 const> table, Mcfg& out)
{
    if (table.size() < mcfg_first) return Fault::bad_length;
    for (usize at = mcfg_first; table.size() - at >= mcfg_entry; at += mcfg_entry) {
        Ecam const ecam{field_of<u64>(table, at), field_of<u16>(table, at + 8),
                        field_of<u8>(table, at + 10), field_of<u8>(table, at + 11)};
        if (!is_aligned(ecam.base, 20) || ecam.base == 0 || ecam.base >> address_bits != 0 ||
            ecam.first_bus > ecam.last_bus)
            return Fault::bad_entry_value;
        if (!out.add(ecam)) return Fault::too_many_entries;
    }
    return {};
}

Result<Hpet, Fault> parse_hpet(std::span<u8 const> table)
{
    if (table.size() < hpet_size) return Fault::bad_length;
    Hpet const hpet{field_of<u64>(table, hpet_address), field_of<u8>(table, hpet_number)};
    bool const in_memory = field_of<u8>(table, hpet_space) == 0;
    if (!in_memory || hpet.address == 0 || !is_aligned(hpet.address, 10) ||
        hpet.address >> address_bits != 0)
        return Fault::bad_entry_value;
    return hpet;
}

Result<void, Fault> parse_dmar(std::span<u8 const> table, Dmar& out)
{
    if (table.size() < dmar_first) return Fault::bad_length;
    out.address_bits = static_cast<u8>(field_of<u8>(table, 36) + 1);
    out.interrupt_remapping = (field_of<u8>(table, 37) & 1) != 0;
    for (usize at = dmar_first; at < table.size();) {
        auto const rest = table.subspan(at);
        u16 const length = field_of<u16>(rest, 2);
        if (rest.size() < 4 || length < 4 || length > rest.size()) return Fault::bad_entry_length;
        TRY(add_dmar_entry(rest.first(length), out));
        at += length;
    }
    return {};
}

} // namespace acpi

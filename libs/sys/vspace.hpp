// Address spaces: frames, paging structures and address space identifiers.
#pragma once

#include "abi/extensions.hpp"
#include "sys/cnode.hpp"

namespace sys {

/// Root paging structure (PML4). Needs an identifier (AsidPool::assign) before anything is mapped.
class VSpace : public Cap {
public:
    using Cap::Cap;
};

/// Memory type of a mapping, and whether code may run from it.
struct Attributes {
    abi::VmAttributes type = abi::VmAttributes::write_back;
    bool executable = true; ///< false: the execute-never extension
};
inline constexpr Attributes data_attributes{abi::VmAttributes::write_back, false};
inline constexpr Attributes device_attributes{abi::VmAttributes::uncacheable, false};

/// A page of 4 KiB, 2 MiB or 1 GiB.
class Frame : public Cap {
public:
    using Cap::Cap;
    /// Maps it, or changes rights and attributes of its mapping at the same address.
    /// @error failed_lookup       word 2: 39, 30 or 21, the missing PDPT, page directory or table
    /// @error alignment_error     address is not a multiple of the size
    /// @error invalid_argument    address above abi::user_top, or mapped elsewhere
    /// @error invalid_capability  mapped in another address space
    Result<void> map(VSpace vspace, u64 address, Rights rights, Attributes attributes = {}) const
    {
        auto const label =
            attributes.executable ? abi::Label::x86_page_map : abi::page_map_execute_never;
        return command(*this, label,
                       {address, static_cast<u64>(rights), static_cast<u64>(attributes.type)},
                       {vspace});
    }
    /// Succeeds when it is not mapped.
    Result<void> unmap() const { return command(*this, abi::Label::x86_page_unmap); }
    /// Physical address of its first byte.
    Result<u64> physical_address() const
    {
        return TRY(invoke(*this, abi::Label::x86_page_get_address)).word[0];
    }
};

/// Bits of up to 512 pages: bit i of word j is page 64 j + i of those asked for.
struct Harvest {
    u64 accessed[8], dirty[8];
};

/// One level of paging structures; Map and Unmap are its labels.
template <abi::Label Map, abi::Label Unmap> class PagingStructure : public Cap {
public:
    using Cap::Cap;
    /// Covers `address`, which is rounded down to what this level spans.
    /// @error delete_first   there is one already
    /// @error failed_lookup  word 2: the level missing above
    Result<void> map(VSpace vspace, u64 address, Attributes attributes = {}) const
    {
        return command(*this, Map, {address, static_cast<u64>(attributes.type)}, {vspace});
    }
    Result<void> unmap() const { return command(*this, Unmap); }
    /// Extension: which of the pages that entries first .. first + count - 1 map were accessed and
    /// written since; takes the bits `clear` (abi::harvest_clear_...) away.
    /// @error range_error         words 0 and 1: what first, count or clear may be
    /// @error invalid_capability  the table is not mapped
    Result<Harvest> harvest(u64 first, u64 count, u64 clear) const
    {
        auto const answer = TRY(invoke(*this, abi::table_harvest, {first, count, clear}));
        Harvest found{};
        u64 const words = (count + 63) / 64;
        for (u64 i = 0; i < 2 * words; ++i)
            (i < words ? found.accessed[i] : found.dirty[i - words]) =
                i < abi::msg_registers ? answer.word[i] : ipc_buffer().msg[i];
        return found;
    }
};
using PageTable = PagingStructure<abi::Label::x86_page_table_map, abi::Label::x86_page_table_unmap>;
using PageDirectory =
    PagingStructure<abi::Label::x86_page_directory_map, abi::Label::x86_page_directory_unmap>;
using Pdpt = PagingStructure<abi::Label::x86_pdpt_map, abi::Label::x86_pdpt_unmap>;

/// A pool of 512 address space identifiers.
class AsidPool : public Cap {
public:
    using Cap::Cap;
    /// @error invalid_capability  it has one already
    Result<void> assign(VSpace vspace) const
    {
        return command(*this, abi::Label::x86_asid_pool_assign, {}, {vspace});
    }
};

class AsidControl : public Cap {
public:
    using Cap::Cap;
    /// Turns a 4 KiB untyped into a pool. `untyped` is a capability to it.
    Result<void> make_pool(Cap untyped, Slot destination) const
    {
        return command(*this, abi::Label::x86_asid_control_make_pool,
                       {destination.index, destination.depth}, {untyped, destination.root});
    }
};

} // namespace sys
